"""Splitting and merging threads: posts get a new place at the end of another thread, and leave a tombstone.

A post keeps its author, its time, its history and everything that hangs on it. Whoever watches the one thread watches
the other from then on, and nobody is told again of what stood there. Whoever follows an address to its old
place is led to the new one; marks of readers stay right because no place is ever taken away or given twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.appointments import rights_now
from widget_server.actions.moderation import access_moderated, hold_moderated, record_deed
from widget_server.actions.thread_heads import tell_read_again
from widget_server.actions.threads import NUMBERS, Thread, access_thread, check_title, take_off
from widget_server.actions.watching import take_watchers_along
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ranking import hot
from widget_server.core.text import preview
from widget_server.core.tree import ROOT, Place, place_under
from widget_server.store.installation import hold_value
from widget_server.store.lists import listed
from widget_server.store.locks import lock_channels
from widget_server.store.queries import boards as board_queries
from widget_server.store.queries import forwards as forward_queries
from widget_server.store.queries import moderation as deeds
from widget_server.store.queries import posts as post_queries
from widget_server.store.queries import relocations as q
from widget_server.store.queries import threads as thread_queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import Committed

SPLIT_MAX: Final = 500
"""Posts that are split off at once: as many as one page of a form may name."""
MERGE_MAX: Final = 2_000
"""Posts that are merged at once: all of them move in one transaction, for which others wait."""
LISTED: Final = 100
"""Posts on a page to choose from."""
_RANGE: Final = re.compile(r"([0-9]{1,11})(?:\s*[-\u2013]\s*([0-9]{1,11}))?")


class _Post(NamedTuple):
    """A post that goes."""

    no: int
    seq: int
    parent: int | None
    branch: int | None
    path: str | None
    kind: str
    author_id: int
    created_at: int
    score: int | None


class _Landing(NamedTuple):
    """Where posts come to."""

    channel_id: int
    last_seq: int
    version: int


class Forwarded(NamedTuple):
    """Where a post stands now that stood elsewhere."""

    thread: Thread
    seq: int


async def find_forward(tx: Transaction, actor: Actor, number: int, seq: int = 1) -> Forwarded | None:
    """Return where a post went that stood in this place of the thread ``number``, for whoever may read it there.

    With 1 for ``seq`` it is where a thread went as a whole.
    """
    row = await tx.one(forward_queries.FROM_NUMBER, number=number, seq=seq)
    if row is None:
        return None
    try:
        return Forwarded(await access_thread(tx, actor, row[0]), row[1])
    except Refused:
        return None


def check_chosen(boxes: Iterable[str], typed: str = "") -> list[int]:
    """Return the places of chosen posts.

    Args:
        boxes: numbers of posts, one by one.
        typed: more of them, and ranges, as in ``5, 7-12``.

    Raises:
        Unacceptable: ``choose_posts`` for none, too many, or what is no number; ``first_post_stays``.
    """
    wanted: set[int] = set()
    for text in (*boxes, *filter(None, (part.strip() for part in typed.split(",")))):
        found = _RANGE.fullmatch(text)
        if found is None:
            raise Unacceptable("choose_posts", limit=SPLIT_MAX)
        first, last = int(found[1]), int(found[2] or found[1])
        if last - first > SPLIT_MAX:
            raise Unacceptable("choose_posts", limit=SPLIT_MAX)
        wanted.update(range(first, last + 1))
    chosen = sorted(wanted)
    if not 0 < len(chosen) <= SPLIT_MAX:
        raise Unacceptable("choose_posts", limit=SPLIT_MAX)
    if chosen[0] <= 1:
        raise Unacceptable("first_post_stays")
    return chosen


class Candidate(NamedTuple):
    """A post that can be split off."""

    seq: int
    author_name: str | None
    created_at: int
    preview: str


class Splittable(NamedTuple):
    """A page of a thread to choose from."""

    thread: Thread
    posts: list[Candidate]
    after: int | None
    """Behind which post the next page begins; None: this is the last."""


async def list_splittable(db: Database, actor: Actor, number: int, after: int) -> Splittable:
    """Return the replies behind the place ``after`` that can be split off, for a moderator of the board.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """

    async def read(tx: Transaction) -> Splittable:
        thread = await access_moderated(tx, actor, number)
        rows = await tx.all(q.LISTED, channel_id=thread.channel_id, after=max(1, after), limit=LISTED + 1)
        posts = [Candidate(row[0], row[1], row[2], preview(row[3])) for row in rows[:LISTED]]
        return Splittable(thread, posts, posts[-1].seq if len(rows) > LISTED else None)

    return await db.read(read)


async def do_split(engine: Engine, actor: Actor, number: int, seqs: list[int], title: str) -> Thread:
    """Make a new thread of chosen posts (:func:`check_chosen`) on the same board; its author is who wrote the first.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: what is wrong with the title; ``choose_posts`` where none of them stands in the thread any more.
    """
    now = engine.clock.now_ms()
    name, public_id = check_title(title), engine.clock.uuid()

    async def work(tx: Transaction, committed: Committed) -> Thread:
        rights, source = await hold_moderated(tx, actor, number)
        rows = await tx.all(q.CHOSEN, channel_id=source.channel_id, seqs=listed(tx.dialect, seqs))
        posts = [_Post(*row) for row in rows if row[1] > 1]
        if not posts:
            raise Unacceptable("choose_posts", limit=SPLIT_MAX)
        await hold_value(tx, NUMBERS)
        row = await tx.one(thread_queries.NEXT_NUMBER)
        fresh = int(row[0]) if row else 1
        stamp = await tx.stamp()
        first = posts[0]
        made = await tx.one(
            thread_queries.INSERT_CHANNEL,
            public_id=public_id,
            creator_id=first.author_id,
            client_id=public_id,
            title=name,
            created_at=first.created_at,
            stamp=stamp,
        )
        channel_id = int(made[0]) if made else 0
        await tx.run(
            thread_queries.INSERT,
            channel_id=channel_id,
            number=fresh,
            board_id=source.board.id,
            author_id=first.author_id,
            kind="discussion",
            hot=hot(first.score or 0, first.created_at),
            created_at=first.created_at,
        )
        await tx.run(board_queries.COUNT_THREADS, key=source.board.id, change=1)
        places = await _relocate(tx, engine, source, posts, _Landing(channel_id, 0, 0), actor.person_id, now)
        await tx.run(
            thread_queries.SET_SCORE,
            key=channel_id,
            new_score=first.score or 0,
            new_hot=hot(first.score or 0, first.created_at),
        )
        await take_watchers_along(tx, source.channel_id, channel_id, is_part=True)
        await _settle(tx, source, places, committed)
        await tell_read_again(tx, channel_id, committed, last_seq=len(posts))
        await tx.run(q.RECOUNT, key=channel_id)
        thread = await access_thread(tx, rights, fresh)
        await record_deed(tx, actor, "thread.split", source, {"posts": len(posts), "to": fresh}, now)
        await record_deed(tx, actor, "thread.split_off", thread, {"posts": len(posts), "from": number}, now)
        return thread

    split: Thread = await engine.committer.run(work)
    return split


async def do_merge(engine: Engine, actor: Actor, number: int, into: int) -> Thread:
    """Put all posts of a thread at the end of another one; both boards are the moderator's. Return that one.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: ``same_thread``; ``thread_merged`` where it is gone into another already; ``merge_limited`` where
            it has more than :data:`MERGE_MAX` posts.
    """
    now = engine.clock.now_ms()
    if number == into:
        raise Unacceptable("same_thread")

    async def work(tx: Transaction, committed: Committed) -> Thread:
        # Both are taken at once and in one order, so that two who merge crosswise do not wait for one another.
        rights = await rights_now(tx, actor)
        await lock_channels(tx, [(await access_thread(tx, rights, each)).channel_id for each in (number, into)])
        source = (await hold_moderated(tx, actor, number))[1]
        target = await access_thread(tx, rights, into)
        if not can_moderate(rights, target.board.id):
            raise Refused("not_allowed")
        if target.removed_at is not None:
            raise Refused("not_found")
        rows = await tx.all(q.ALL, channel_id=source.channel_id, limit=MERGE_MAX + 1)
        posts = [_Post(*row) for row in rows]
        if not posts or posts[0].seq != 1:
            raise Unacceptable("thread_merged")
        if len(posts) > MERGE_MAX:
            raise Unacceptable("merge_limited", limit=MERGE_MAX)
        landing = _Landing(target.channel_id, target.last_seq, target.version)
        places = await _relocate(tx, engine, source, posts, landing, actor.person_id, now)
        await tx.run(deeds.SET_STATE, key=source.channel_id, new_state="locked")
        await take_off(tx, source, now, actor.person_id)
        await tx.run(deeds.PIN, key=source.channel_id, new_pinned=0, new_until=None)
        await take_watchers_along(tx, source.channel_id, target.channel_id, is_part=False)
        await _settle(tx, source, places, committed)
        await tell_read_again(tx, target.channel_id, committed, last_seq=target.last_seq + len(posts))
        await tx.run(q.RECOUNT, key=target.channel_id)
        if source.board.id != target.board.id:
            await tx.run(q.FOLLOW_REPORTS, channel_id=target.channel_id, new_board=target.board.id)
            await tx.run(q.FOLLOW_HELD, channel_id=source.channel_id, new_board=target.board.id)
        told = {"posts": len(posts)}
        await record_deed(tx, actor, "thread.merged", source, told | {"to": into}, now)
        await record_deed(tx, actor, "thread.grown", target, told | {"from": number}, now)
        return await access_thread(tx, rights, into)

    merged: Thread = await engine.committer.run(work)
    return merged


async def _relocate(
    tx: Transaction, engine: Engine, source: Thread, posts: list[_Post], landing: _Landing, by: int, now: int
) -> dict[int, int]:
    """Give posts their new places, in the order in which they stood; return old place → new one.

    Answers among them stay answers to one another, the others answer the thread they come to.
    """
    places: dict[int, int] = {}
    spots: dict[int, Place] = {}
    rows: list[tuple[int | str | None, ...]] = []
    # Beyond every version that was told of the target: all of them are read again.
    version = landing.version + 1
    for post in posts:
        seq = places[post.seq] = landing.last_seq + len(places) + 1
        parent = places.get(post.parent or 0, 1)
        if seq == 1:
            spots[seq] = ROOT
        else:
            spots[seq] = place_under(spots.get(parent, ROOT) if parent > 1 else ROOT, parent, seq)
        rows.append(
            (landing.channel_id, seq, parent if seq > 1 else None, *spots[seq], version, version, post.no)
        )  # fmt: skip
    await tx.rows(q.PUT, q.PUT_ORDER, rows)
    left = [
        (
            source.channel_id, post.seq, by, "member", "system", "", engine.clock.uuid(), "", post.parent, post.branch,
            post.path, source.version, source.version + 1, post.created_at, now, by,
        )
        for post in posts
    ]  # fmt: skip
    await tx.rows(q.TOMBSTONE, q.TOMBSTONE_ORDER, left)
    led = [(source.channel_id, old, landing.channel_id, new) for old, new in places.items()]
    await tx.rows(q.FORWARD, q.FORWARD_ORDER, led)
    way = {"from_channel": source.channel_id, "to_channel": landing.channel_id, "after": landing.last_seq}
    for statement in (q.FOLLOW_FORWARDS, q.FOLLOW_BOOKMARKS, q.FOLLOW_NOTICES):
        await tx.run(statement, **way)
    return places


async def _settle(tx: Transaction, source: Thread, places: dict[int, int], committed: Committed) -> None:
    """Bring the thread that posts went from up to date, and tell its readers."""
    if source.accepted_seq in places:
        await tx.run(post_queries.SET_ACCEPTED, key=source.channel_id, new_accepted=None)
    await tell_read_again(tx, source.channel_id, committed)
    await tx.run(q.RECOUNT, key=source.channel_id)
