"""Notices: telling people that they were answered, quoted or named, in the transaction that writes the post.

Who watches is told by a worker (:mod:`widget_server.actions.watchers`): they may be many. How each is told is their
choice; a mail or a push leaves by the outbox, and is looked at again when it is due.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.appointments import rights_of
from widget_server.actions.boards import access_boards
from widget_server.actions.notice_choices import read_choices, with_lines
from widget_server.actions.outbox import put
from widget_server.actions.push_lines import TOPIC as PUSH
from widget_server.core.addressing import named, quoted
from widget_server.core.boards import can_read
from widget_server.core.errors import Refused
from widget_server.core.notifying import DELAY_MS, Told, ways_left
from widget_server.store.lists import listed
from widget_server.store.queries import notices as q
from widget_server.store.queries import watching as watching_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from widget_server.actions.engine import Engine
    from widget_server.actions.threads import Thread
    from widget_server.core.boards import Board
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.records import Committed

PAGE: Final = 50
_END: Final = 2**62
"""No notice has such a key."""
ACCEPTED: Final = "accepted"
MAIL: Final = "notice.mail"
"""The topic of what is mailed unless it is seen within a while (:mod:`widget_server.actions.notice_mails`)."""
WATCHERS: Final = "notice.watchers"
"""The topic of a post of which whoever watches is to be told (:mod:`widget_server.actions.watchers`)."""


async def members_named(tx: Transaction, body: str) -> dict[str, str]:
    """Return the members whom a post names: the look of the name with the public id of who has it now."""
    names = named(body)
    if not names:
        return {}
    return {row[1]: row[2] for row in await tx.all(q.NAMED, names=listed(tx.dialect, names))}


class Place(NamedTuple):
    """The post that people are told of."""

    channel_id: int
    number: int
    seq: int
    board: Board
    writer_id: int

    @property
    def subject(self) -> Subject:
        """What a notice of it is about."""
        return Subject(self.writer_id, self.channel_id, self.seq)


class Subject(NamedTuple):
    """What a notice is about."""

    actor_id: int | None
    """Who did it; None: the moderators, or the program."""
    channel_id: int | None = None
    seq: int | None = None
    details: Mapping[str, Any] = MappingProxyType({})


def place_of(thread: Thread, seq: int, writer_id: int) -> Place:
    """Return a post of a thread as what people are told of."""
    return Place(thread.channel_id, thread.number, seq, thread.board.rule, writer_id)


async def tell_of_post(
    tx: Transaction, committed: Committed, place: Place, body: str, now_ms: int, *, answered: int | None = None
) -> None:
    """Tell whom a post answers, quotes and names, each once. Who was told of it before is not again.

    Nobody is told of their own post, of one on a board that they may not read, or by somebody whom they ignore or who
    ignores them.

    Args:
        tx: writes the post.
        committed: gets whom a line of theirs tells at once.
        place: where it stands.
        body: its source.
        now_ms: UTC time in ms.
        answered: the place of the post that it answers; None where nobody is to be told of that.
    """
    people: dict[int, str] = {}
    if names := named(body):
        rows = await tx.all(q.NAMED, names=listed(tx.dialect, names))
        people |= {row[0]: "mention" for row in rows}
    if seqs := {*quoted(body, place.number), *([] if answered is None else [answered])}:
        authors = await _authors(tx, place.channel_id, seqs)
        people |= dict.fromkeys(authors.values(), "quote")
        if answered in authors:
            people[authors[answered]] = "reply"
    people.pop(place.writer_id, None)
    if not people:
        return
    wanted = await who_may_be_told(tx, place, people)
    await tell_people(
        tx, committed, {person_id: people[person_id] for person_id in wanted}, place.subject, now_ms=now_ms
    )


async def tell_watchers(tx: Transaction, committed: Committed, place: Place, now_ms: int) -> None:
    """Have everybody told of a new post who watches its thread, its board, a tag of it or its writer.

    However many they are, this transaction writes one row.
    """
    statement = watching_queries.IS_HEARD if place.seq == 1 else watching_queries.IS_WATCHED
    row = await tx.one(statement, channel_id=place.channel_id, board_id=place.board.id, writer_id=place.writer_id)
    if row is not None and row[0]:
        payload = {"seq": place.seq, "after": 0}
        await put(tx, WATCHERS, payload, now_ms=now_ms, channel_id=place.channel_id)
        committed.leaves = True


async def tell_accepted(tx: Transaction, committed: Committed, place: Place, now_ms: int) -> None:
    """Tell the author of a reply that it was accepted as the answer, under the rules of :func:`tell_of_post`."""
    authors = await _authors(tx, place.channel_id, {place.seq})
    wanted = await _of_these(tx, place, set(authors.values()) - {place.writer_id})
    await tell_people(tx, committed, dict.fromkeys(wanted, ACCEPTED), place.subject, now_ms=now_ms)


async def _authors(tx: Transaction, channel_id: int, seqs: set[int]) -> dict[int, int]:
    """Who wrote the posts in these places, where they have an account; a post that was removed has none."""
    rows = await tx.all(q.AUTHORS, channel_id=channel_id, seqs=listed(tx.dialect, sorted(seqs)))
    return {row[1]: row[0] for row in rows}


async def tell_people(
    tx: Transaction,
    committed: Committed,
    people: Mapping[int, str],
    subject: Subject,
    *,
    whys: Mapping[int, str] = MappingProxyType({}),
    now_ms: int,
) -> None:
    """Write a notice for each of some people by the ways that they chose, whom the caller found to be told.

    Args:
        tx: the transaction of what happened.
        committed: gets whom a line of theirs tells at once.
        people: their keys, each with the kind of the notice.
        subject: what it is about.
        whys: of those who are told because they watch something: which kind of thing.
        now_ms: UTC time in ms.
    """
    if not people:
        return
    keys = list(people)
    choices, lines = await read_choices(tx, keys), await with_lines(tx, keys)
    stamp, shown = await tx.stamp(), []
    for person_id, kind in people.items():
        chosen = choices[person_id]
        left = ways_left(Told(kind), chosen) - (set() if person_id in lines else {"push"})
        is_quiet = "page" not in chosen.ways(kind)
        if is_quiet and not left:
            continue
        details = {**({"quiet": True} if is_quiet else {}), **subject.details}
        if person_id in whys:
            details["why"] = whys[person_id]
        made = await tx.one(
            q.INSERT,
            person_id=person_id,
            kind=kind,
            actor_id=subject.actor_id,
            channel_id=subject.channel_id,
            seq=subject.seq,
            details=orjson.dumps(details).decode(),
            created_at=now_ms,
            stamp=stamp,
        )
        key = made[0] if made else 0
        if not is_quiet:
            shown.append(person_id)
        if "push" in left:
            await put(tx, PUSH, {"person": person_id, "notice": key}, now_ms=now_ms, person_id=person_id)
            committed.leaves = True
        if "mail" in left:
            payload = {"notice": key, "channel": subject.channel_id}
            await put(tx, MAIL, payload, now_ms=now_ms, due_ms=now_ms + DELAY_MS, person_id=person_id)
    committed.notices |= {row[0] for row in await tx.all(q.PUBLIC_IDS, people=listed(tx.dialect, shown))}


async def who_may_be_told(tx: Transaction, place: Place, people: Collection[int]) -> list[int]:
    """Return who of some people may be told of a post, and was not told of it yet, in one order for everybody."""
    if not people:
        return []
    told = await tx.all(
        q.TOLD,
        channel_id=place.channel_id,
        seq=place.seq,
        other_kind=ACCEPTED,
        people=listed(tx.dialect, sorted(people)),
    )
    return await _of_these(tx, place, set(people) - {row[0] for row in told} - {place.writer_id})


async def apart_from(
    tx: Transaction, people: Collection[int], *, writer_id: int, channel_id: int, board_id: int = 0
) -> set[int]:
    """Return who of some people ignores the writer of something, is ignored by them, or muted it or its place."""
    keys = listed(tx.dialect, sorted(people))
    rows = await tx.all(q.APART, writer_id=writer_id, people=keys)
    place = {"channel_id": channel_id, "board_id": board_id, "writer_id": writer_id}
    return {row[0] for row in (*rows, *await tx.all(watching_queries.MUTED, people=keys, **place))}


async def _of_these(tx: Transaction, place: Place, people: Iterable[int]) -> list[int]:
    """Of some people those who may be told, in one order for everybody."""
    wanted = sorted(people)
    if not wanted:
        return []
    apart = await apart_from(
        tx, wanted, writer_id=place.writer_id, channel_id=place.channel_id, board_id=place.board.id
    )
    return [each for each in wanted if each not in apart and await _may_read(tx, each, place.board)]


async def _may_read(tx: Transaction, person_id: int, board: Board) -> bool:
    # Whoever has an account reads what is open to members: only for the others their rights are looked up.
    if board.readers != "moderators":
        return True
    reader = await rights_of(tx, person_id)
    return reader is not None and can_read(reader, board)


class Notice(NamedTuple):
    """What somebody was told, as their page shows it."""

    id: int
    kind: str
    seq: int | None
    details: Mapping[str, Any]
    created_at: int
    seen_at: int | None
    actor_public_id: str | None
    actor_name: str | None
    actor_picture: str | None
    title: str | None
    """Of the thread, where it is about one."""
    number: int | None
    board: str | None
    room: str | None
    """The public name of the room that it is about."""

    @property
    def path(self) -> str | None:
        """The address of what it is about, if any."""
        return _path_of(self.number, self.seq, self.room)


def _path_of(number: int | None, seq: int | None, room: str | None) -> str | None:
    if number is None:
        return None if room is None else f"/rooms/{room}"
    return f"/threads/{number}" if seq is None else f"/threads/{number}/{seq}"


def notice_of(row: Row) -> Notice:
    """Return the notice of a row of ``queries.notices``."""
    return Notice._make([*row[:3], orjson.loads(row[3]), *row[4:13]])


async def list_notices(
    tx: Transaction, person_id: int, boards: Sequence[int], page: int, *, unseen: bool = False
) -> list[Notice]:
    """Return a page (from 1) of what somebody was told, what they have not seen first.

    There is one more than :data:`PAGE` where others follow. Of threads only those on ``boards``: the keys of those that
    they may read now. ``unseen``: only what they have not seen.
    """
    rows = await tx.all(
        q.LIST_UNSEEN if unseen else q.LIST,
        person_id=person_id,
        boards=listed(tx.dialect, boards),
        limit=PAGE + 1,
        skipped=(page - 1) * PAGE,
    )
    return [notice_of(row) for row in rows]


async def list_newest(
    db: Database, actor: Actor, *, before: int | None, limit: int, unseen: bool = False
) -> list[Notice]:
    """Return what somebody was told, the newest first, and one more than ``limit`` where others follow.

    Args:
        db: the store.
        actor: who was told; of threads only what they may read now.
        before: the key of the last one that they have; None: begin with the newest.
        limit: how many.
        unseen: only what they have not seen.
    """

    async def read(tx: Transaction) -> list[Notice]:
        boards = [board.id for board in await access_boards(tx, actor)]
        rows = await tx.all(
            q.BEFORE_UNSEEN if unseen else q.BEFORE,
            person_id=actor.person_id,
            boards=listed(tx.dialect, boards),
            before=_END if before is None else before,
            limit=limit + 1,
        )
        return [notice_of(row) for row in rows]

    return await db.read(read)


async def do_see(engine: Engine, reader: Actor, key: int) -> str | None:
    """Mark a notice of one's own as seen, and return the address of what it is about, if any.

    Raises:
        Refused: ``not_found``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> str | None:
        row = await tx.one(q.PLACE, key=key, person_id=reader.person_id)
        if row is None:
            raise Refused("not_found")
        await tx.run(q.SEE, key=key, owner_id=reader.person_id, now=now, new_stamp=await tx.stamp())
        committed.notices.add(reader.public_id)
        return _path_of(*row)

    place: str | None = await engine.committer.run(work)
    return place


async def do_see_read(engine: Engine, reader: Actor, channel_id: int, until: int, seqs: Collection[int] = ()) -> None:
    """Mark as seen what somebody was told of posts that they have now read: up to ``until``, and ``seqs``."""
    mine = {"owner_id": reader.person_id, "of_channel": channel_id}
    row = await engine.database.read(lambda tx: tx.one(q.HAS_UNSEEN, **mine))
    if row is None or not row[0]:
        return
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> None:
        read = {"until": until, "seqs": listed(tx.dialect, sorted(seqs))}
        if await tx.run(q.SEE_READ, now=now, new_stamp=await tx.stamp(), **mine, **read):
            committed.notices.add(reader.public_id)

    await engine.committer.run(work)


async def do_see_until(engine: Engine, reader: Actor, until: int = _END) -> None:
    """Mark what somebody was told as seen, up to a notice, or all of it. Harmless to repeat."""
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> None:
        await tx.run(q.SEE_UNTIL, owner_id=reader.person_id, until=until, now=now, new_stamp=await tx.stamp())
        committed.notices.add(reader.public_id)

    await engine.committer.run(work)
