"""What moderators know of a member and tell them: notes, warnings, silences (S47).

A moderator of some boards sees and makes those of their boards; one of everything those of all. Nobody acts on somebody
who may do more than they may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.accounts import read_account
from widget_server.actions.appointments import find_account, rights_now
from widget_server.actions.audit import BoardVerb, record
from widget_server.actions.boards import access_boards
from widget_server.actions.notices import Subject, tell_people
from widget_server.actions.silences import EVERYWHERE
from widget_server.core.boards import Boards, moderated
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.powers import can_ban_account, is_above
from widget_server.core.text import check_lines
from widget_server.core.times import check_days, iso
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import conduct as q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.accounts import Account
    from widget_server.actions.boards import KnownBoard
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import Committed

TEXT_CHARS: Final = 2_000
DAYS_MAX: Final = 3660
WARNING: Final = "warning"
"""The kind of a notice that stands on every page until it was read."""
_DAY_MS: Final = 86_400_000
_LISTED: Final = 50


class Silence(NamedTuple):
    """Somebody reads and does not write, on a board or on all."""

    id: int
    board_id: int
    board_name: str | None
    reason: str
    created_at: int
    ends_at: int | None
    ended_at: int | None
    maker_name: str | None

    def holds(self, now_ms: int) -> bool:
        """Whether it still holds then."""
        return self.ended_at is None and (self.ends_at is None or now_ms < self.ends_at)


class Note(NamedTuple):
    """What a moderator wrote of somebody, or warned them of."""

    id: int
    kind: str
    board_id: int
    board_name: str | None
    body: str
    created_at: int
    author_name: str | None


class RemovedPost(NamedTuple):
    """A post that a moderator took away."""

    number: int
    seq: int
    title: str
    board_id: int
    removed_at: int


class ReportedPost(NamedTuple):
    """That somebody reported a post of theirs; by whom is nobody's business here."""

    number: int
    seq: int
    title: str
    board_id: int
    reason: str
    created_at: int
    verdict: str | None


class Conduct(NamedTuple):
    """A member as a moderator sees them: only what belongs to the moderator's boards."""

    account: Account
    silences: list[Silence]
    notes: list[Note]
    removed: list[RemovedPost]
    reported: list[ReportedPost]
    boards: list[KnownBoard]
    """On which the moderator can silence and warn."""
    may_act: bool
    may_act_everywhere: bool
    may_ban: bool


def check_note(text: str) -> str:
    """Return a note or the text of a warning.

    Raises:
        Unacceptable: what is wrong with it.
    """
    checked = check_lines(text, TEXT_CHARS)
    if not checked:
        raise Unacceptable("line_empty")
    return checked


def check_silence_days(text: str) -> int | None:
    """Return after how many days a silence ends by itself; None is never. Raises ``Unacceptable``: ``bad_choice``."""
    return check_days(text, DAYS_MAX)


async def access_conduct(db: Database, actor: Actor, public_id: str) -> Conduct:
    """Return a member as ``actor`` may see them.

    Raises:
        Refused: ``not_allowed`` for who moderates nothing, ``not_found``.
    """
    own = moderated(actor)
    if not own:
        raise Refused("not_allowed")

    async def read(tx: Transaction) -> Conduct:
        account = await find_account(tx, public_id)
        owner = account.person_id
        boards = [board for board in await access_boards(tx, actor) if board.id in own]
        silences = [Silence(*row) for row in await tx.all(q.SILENCES, owner=owner, limit=_LISTED)]
        notes = [Note(*row) for row in await tx.all(q.NOTES, owner=owner, limit=_LISTED)]
        removed = [RemovedPost(*row) for row in await tx.all(q.REMOVED_POSTS, owner=owner, limit=_LISTED)]
        reported = [ReportedPost(*row) for row in await tx.all(q.REPORTS_ABOUT, owner=owner, limit=_LISTED)]
        may_act = owner != actor.person_id and _is_answerable(actor, account, own)
        return Conduct(
            account,
            [each for each in silences if each.board_id in own or each.board_id == EVERYWHERE],
            [each for each in notes if each.board_id in own],
            [each for each in removed if each.board_id in own],
            [each for each in reported if each.board_id in own],
            boards,
            may_act,
            may_act and own.every,
            can_ban_account(actor, owner, account.grants),
        )

    return await db.read(read)


def _is_answerable(actor: Actor, account: Account, own: Boards) -> bool:
    """Whether a moderator may warn and silence somebody: not one who moderates as much as they do, or more."""
    if own.every:
        return is_above(actor, account.grants)
    return not moderated(account.actor).every


async def check_over(tx: Transaction, actor: Actor, public_id: str, board_id: int) -> Account:
    """Return the account that ``actor`` may warn and silence on this board (:data:`EVERYWHERE`: on all).

    Raises:
        Refused: ``not_found``, ``not_allowed`` for another's board, ``beyond_you`` for oneself, for who moderates the
            same board, and for somebody who may do more.
    """
    rights = await rights_now(tx, actor)
    own = moderated(rights)
    if not (own.every if board_id == EVERYWHERE else board_id in own):
        raise Refused("not_allowed")
    account = await find_account(tx, public_id)
    theirs = moderated(account.actor)
    if account.person_id == actor.person_id or not _is_answerable(rights, account, own):
        raise Refused("beyond_you")
    if board_id != EVERYWHERE and board_id in theirs and not own.every:
        raise Refused("beyond_you")
    return account


async def do_note(engine: Engine, actor: Actor, public_id: str, board_id: int, body: str) -> None:
    """Write down for other moderators of the board what there is to know of somebody.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        own = moderated(await rights_now(tx, actor))
        if not (own.every if board_id == EVERYWHERE else board_id in own):
            raise Refused("not_allowed")
        account = await find_account(tx, public_id)
        await _write(tx, account, actor, board_id, "note", body, now)
        await _record(tx, actor, "person.noted", account, board_id, {}, now)

    await engine.committer.run(work)


async def do_warn(engine: Engine, actor: Actor, public_id: str, board_id: int, body: str) -> None:
    """Warn somebody: they see it on their next page, and moderators see that they were warned.

    Raises:
        Refused: as :func:`check_over`.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> None:
        account = await check_over(tx, actor, public_id, board_id)
        await put_warning(tx, committed, actor, account, board_id, body, now)

    await engine.committer.run(work)


async def put_warning(
    tx: Transaction, committed: Committed, actor: Actor, account: Account, board_id: int, body: str, now_ms: int
) -> None:
    """Write a warning down and tell it; who may is checked by the caller (:func:`check_over`)."""
    await _write(tx, account, actor, board_id, "warning", body, now_ms)
    await tell(tx, committed, account, WARNING, {"text": body, "board": board_id}, now_ms)
    await _record(tx, actor, "person.warned", account, board_id, {}, now_ms)


async def do_silence(engine: Engine, actor: Actor, public_id: str, board_id: int, reason: str, days: int | None) -> int:
    """Let somebody read and not write, on a board or on all, for so many days (None: for good); return its key.

    A chat with the support stays open to them.

    Raises:
        Refused: as :func:`check_over`.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> int:
        account = await check_over(tx, actor, public_id, board_id)
        return await put_silence(tx, committed, actor, account, board_id, reason, days, now)

    return int(await engine.committer.run(work))


async def put_silence(
    tx: Transaction,
    committed: Committed,
    actor: Actor,
    account: Account,
    board_id: int,
    reason: str,
    days: int | None,
    now_ms: int,
) -> int:
    """Write a silence down and tell it; who may is checked by the caller (:func:`check_over`)."""
    ends_at = None if days is None else now_ms + days * _DAY_MS
    row = await tx.one(
        q.INSERT_SILENCE,
        person_id=account.person_id,
        board_id=board_id,
        reason=reason,
        made_by=actor.person_id,
        created_at=now_ms,
        ends_at=ends_at,
    )
    details = {"text": reason, "board": board_id, "until": None if ends_at is None else iso(ends_at)}
    await tell(tx, committed, account, "silence", details, now_ms)
    await _record(tx, actor, "person.silenced", account, board_id, {"reason": reason, "days": days}, now_ms)
    return int(row[0]) if row else 0


async def do_end_silence(engine: Engine, actor: Actor, key: int) -> str:
    """Let somebody write again, and return their public id. Harmless to repeat.

    Raises:
        Refused: ``not_found``, also for one on a board that is not the actor's; ``beyond_you`` for one's own.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> str:
        row = await tx.one(q.SILENCE, key=key)
        own = moderated(await rights_now(tx, actor))
        if row is None or not (own.every if row[1] == EVERYWHERE else row[1] in own):
            raise Refused("not_found")
        if row[0] == actor.person_id:
            raise Refused("beyond_you")
        if await tx.run(q.END_SILENCE, key=key, now=now, by=actor.person_id):
            await record(
                tx, actor.person_id, "person.unsilenced", "person", row[3], board_id=row[1] or None, now_ms=now
            )
        return str(row[3])

    return str(await engine.committer.run(work))


async def tell(
    tx: Transaction,
    committed: Committed,
    account: Account,
    kind: str,
    details: Mapping[str, Any],
    now_ms: int,
    *,
    channel_id: int | None = None,
    seq: int | None = None,
) -> None:
    """Put something into a member's notices. Who did it is not told: it was done by the moderators."""
    subject = Subject(None, channel_id, seq, details)
    await tell_people(tx, committed, {account.person_id: kind}, subject, now_ms=now_ms)


class Warned(NamedTuple):
    """A warning as whoever got it reads it."""

    id: int
    text: str
    created_at: int
    seen_at: int | None


async def list_warnings(db: Database, person_id: int) -> list[Warned]:
    """Return the warnings that somebody was given, the newest first."""
    rows = await db.read(lambda tx: tx.all(q.WARNINGS, owner=person_id, limit=_LISTED))
    return [Warned(row[0], str(orjson.loads(row[1]).get("text", "")), row[2], row[3]) for row in rows]


async def do_see_warnings(engine: Engine, account: Account, newest: int) -> None:
    """Mark warnings as read, up to the one with the key ``newest``. Harmless to repeat."""
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> None:
        stamp = await tx.stamp()
        await tx.run(q.SEE_WARNINGS, owner=account.person_id, newest=newest, now=now, new_stamp=stamp)
        committed.notices.add(account.public_id)

    await engine.committer.run(work)


async def account_of(tx: Transaction, person_id: int) -> Account | None:
    """Return an account by its key; None for one that is gone."""
    row = await tx.one(account_queries.BY_PERSON, person_id=person_id)
    return None if row is None else await read_account(tx, row)


async def _write(
    tx: Transaction, account: Account, actor: Actor, board_id: int, kind: str, body: str, now_ms: int
) -> None:
    await tx.run(
        q.INSERT_NOTE,
        person_id=account.person_id,
        author_id=actor.person_id,
        board_id=board_id,
        kind=kind,
        body=body,
        created_at=now_ms,
    )


async def _record(
    tx: Transaction,
    actor: Actor,
    verb: BoardVerb,
    account: Account,
    board_id: int,
    details: dict[str, Any],
    now_ms: int,
) -> None:
    await record(
        tx,
        actor.person_id,
        verb,
        "person",
        account.public_id,
        details={"name": account.name} | details,
        board_id=board_id or None,
        now_ms=now_ms,
    )
