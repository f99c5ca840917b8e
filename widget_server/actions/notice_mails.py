"""Notices that leave, by mail or to a browser: which are due, to whom, and what may stand in them then.

There are two steps. First notices are *taken*: marked as mailed, by one transaction that puts the entry of their letter
into the outbox, so that they are in one letter alone, whatever nodes there are. Then the letter is made of what its
person has not seen meanwhile and may still read (CVE-2023-22488 was a mail that showed what they no longer could).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.accounts import read_account
from widget_server.actions.boards import access_boards
from widget_server.actions.notice_choices import ALL, read_choices
from widget_server.actions.notices import Notice, notice_of
from widget_server.actions.outbox import put
from widget_server.core.notifying import (
    STAFF,
    Choices,
    Left,
    Told,
    choices_of,
    next_digest,
    topic_of,
    ways_left,
    zone_of,
)
from widget_server.core.plain import plain_of
from widget_server.core.text import preview
from widget_server.store.lists import listed
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import notice_choices as choice_queries
from widget_server.store.queries import notices as q

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.actions.outbox import Entry
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.records import Committed

LETTER: Final = "notice.letter"
"""The topic of a letter whose notices were taken."""
MOST: Final = 200
"""Notices that one letter takes."""
SHOWN: Final = 30
"""Of them those that it shows; of the others it says how many they are."""
DIGESTS: Final = 50
"""Digests that are begun in one look."""
TEXT_CHARS: Final = 400


async def do_take(engine: Engine, entry: Entry) -> bool:
    """Take what is due to be mailed at once: all that its person has not seen of one place. Harmless to repeat.

    Returns:
        Whether there was anything.
    """
    now, person_id = engine.clock.now_ms(), entry.person_id or 0

    async def work(tx: Transaction, committed: Committed) -> bool:
        choices = (await read_choices(tx, [person_id]))[person_id]
        channel_id = entry.payload["channel"]
        if channel_id is None:
            rows = await tx.all(q.WAITING_ONE, person_id=person_id, key=entry.payload["notice"])
        else:
            rows = await tx.all(q.WAITING_IN, person_id=person_id, channel_id=channel_id, limit=MOST)
        return await _take(tx, committed, person_id, _left(rows, choices, "mail"), now, digest=False)

    return bool(await engine.committer.run(work))


async def do_begin_digests(engine: Engine) -> int:
    """Take what is due for digests; return how many people were looked at.

    A digest that nobody could send while the program was not there is sent once, and the next one is in the future.
    """
    now = engine.clock.now_ms()
    rows = await engine.database.read(lambda tx: tx.all(choice_queries.DUE, now=now, limit=DIGESTS))
    for row in rows:
        await _begin_digest(engine, row, now)
    return len(rows)


async def _begin_digest(engine: Engine, row: Row, now: int) -> None:
    person_id, mails, written, due_at, last, zone = row
    choices = choices_of(mails, orjson.loads(written))

    async def work(tx: Transaction, committed: Committed) -> None:
        upcoming = next_digest(choices, now, zone_of(zone))
        if not await tx.run(choice_queries.TAKE, owner=person_id, was_due=due_at, new_due=upcoming):
            return
        newest = await tx.one(q.NEWEST, person_id=person_id)
        waiting = await tx.all(q.WAITING_SINCE, person_id=person_id, after=last, limit=MOST)
        await _take(tx, committed, person_id, _left(waiting, choices, "digest"), now, digest=True)
        await tx.run(choice_queries.TOLD_UNTIL, owner=person_id, newest=newest[0] if newest else last)

    await engine.committer.run(work)


def _left(rows: Sequence[Row], choices: Choices, way: Left) -> list[int]:
    return [row[0] for row in rows if way in ways_left(Told(row[1], is_pushed=row[2] is not None), choices)]


async def _take(
    tx: Transaction, committed: Committed, person_id: int, keys: list[int], now_ms: int, *, digest: bool
) -> bool:
    if not keys:
        return False
    rows = await tx.all(q.MAIL, notices=listed(tx.dialect, keys), now=now_ms)
    if not rows:
        return False
    payload = {"notices": sorted(row[0] for row in rows), "digest": digest}
    await put(tx, LETTER, payload, now_ms=now_ms, person_id=person_id)
    committed.leaves = True
    return True


class Item(NamedTuple):
    """One notice in a letter."""

    notice: Notice
    text: str
    """What was written, as one line; empty where there is nothing to show."""

    @property
    def facts(self) -> dict[str, Any]:
        """What the template names of it."""
        told = self.notice
        return {
            "id": told.id,
            "kind": told.kind,
            "name": told.actor_name or "",
            "title": told.title or str(told.details.get("title", "")),
            "board": told.board or "",
            "text": self.text,
            "why": told.details.get("why", ""),
            "until": str(told.details.get("until") or "")[:10],
            "verdict": told.details.get("verdict", ""),
        }


class NoticeLetter(NamedTuple):
    """A letter as it may be sent now."""

    account: Account
    items: list[Item]
    is_digest: bool

    @property
    def topic(self) -> str:
        """From what its recipient can unsubscribe with one click: what it is about, if that is one thing."""
        topics = {topic_of(item.notice.kind) for item in self.items}
        return ALL if self.is_digest or len(topics) > 1 else topics.pop()


async def access_letter(db: Database, entry: Entry) -> NoticeLetter | None:
    """Return the letter of an entry; None where nothing is left to say, or nobody to say it to."""

    async def read(tx: Transaction) -> NoticeLetter | None:
        return await _letter(tx, entry.person_id or 0, entry.payload["notices"], digest=bool(entry.payload["digest"]))

    return await db.read(read)


async def access_push(db: Database, person_id: int, notice_id: int) -> NoticeLetter | None:
    """Return the one notice that a browser is to tell; None where it was seen, or told in another way meanwhile."""

    async def read(tx: Transaction) -> NoticeLetter | None:
        if await tx.one(q.IS_UNTOLD, key=notice_id, person_id=person_id) is None:
            return None
        return await _letter(tx, person_id, [notice_id], digest=False)

    return await db.read(read)


async def do_note_pushed(db: Database, notice_id: int, now_ms: int) -> None:
    """A browser was told of a notice: no mail at once is sent of it."""
    await db.write(lambda tx: tx.run(q.PUSHED, key=notice_id, now=now_ms))


async def _letter(tx: Transaction, person_id: int, notices: Sequence[int], *, digest: bool) -> NoticeLetter | None:
    row = await tx.one(account_queries.BY_PERSON, person_id=person_id)
    if row is None:
        return None
    account = await read_account(tx, row)
    if not account.is_confirmed or account.waits_since is not None:
        return None
    boards = [board.id for board in await access_boards(tx, account.actor)]
    rows = await tx.all(
        q.TO_MAIL,
        person_id=account.person_id,
        notices=listed(tx.dialect, notices),
        boards=listed(tx.dialect, boards),
    )
    items = [_item(row) for row in rows]
    return NoticeLetter(account, items, digest) if items else None


def _item(row: Row) -> Item:
    told = notice_of(row)
    # What moderators did with a post is told without its text: it may be what they took away.
    body = told.details.get("text") if topic_of(told.kind) == STAFF else row[13]
    return Item(told, preview(plain_of(body), TEXT_CHARS) if isinstance(body, str) else "")
