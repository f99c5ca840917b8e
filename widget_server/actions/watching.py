"""What somebody wants to be told of: a board, a thread, a tag or a member, each with a level.

``watch``: every new thread and post there. ``follow``: the threads that begin there. ``mute``: nothing, whatever else
was chosen. To follow a member is what the button on their page does as well (:func:`members.do_follow`). Answers to
oneself are told without any level, unless it is ``mute``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.boards import access_board, access_boards
from widget_server.actions.members import may_follow
from widget_server.actions.profiles import find_profile
from widget_server.actions.threads import access_thread, access_thread_channel
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.notifying import LEVELS, WATCHED, Level, Watched
from widget_server.core.text import fold
from widget_server.store.lists import listed
from widget_server.store.queries import profiles as profile_queries
from widget_server.store.queries import watching as q

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

PAGE: Final = 50


class Thing(NamedTuple):
    """Something that can be watched, by what it is called in addresses and forms."""

    kind: Watched
    name: str
    """A board's word in addresses, a thread's number, a tag, a member's public id."""


class Watching(NamedTuple):
    """A row of what somebody chose."""

    thing: Thing
    title: str
    level: Level


def check_thing(kind: str, name: str) -> Thing:
    """Return what a form or a call names.

    Raises:
        Unacceptable: ``bad_choice``.
    """
    for each in WATCHED:
        if each == kind:
            return Thing(each, name)
    raise Unacceptable("bad_choice")


def check_level(level: str) -> Level | None:
    """Return a level; empty is none.

    Raises:
        Unacceptable: ``bad_choice``.
    """
    if not level:
        return None
    for each in LEVELS:
        if each == level:
            return each
    raise Unacceptable("bad_choice")


async def do_set_level(engine: Engine, actor: Actor, thing: Thing, level: Level | None) -> None:
    """Choose a level for something; None: be told of it as before anything was chosen. Harmless to repeat.

    Raises:
        Refused: ``not_found`` for what is not there for ``actor``; ``not_allowed`` for oneself, and where their role
            does not let them follow people.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        key = await _key_of(tx, actor, thing)
        mine = {"owner": actor.person_id, "of_kind": thing.kind, "object": key}
        if thing.kind == "person":
            if not may_follow(actor, key):
                raise Refused("not_allowed")
            pair = {"follower": actor.person_id, "followed": key}
            if level == "follow":
                await tx.run(profile_queries.BEGIN_FOLLOWING, now=now, **pair)
            elif level != "watch":
                await tx.run(profile_queries.END_FOLLOWING, **pair)
        if level is None or (level == "follow" and thing.kind == "person"):
            await tx.run(q.DROP, **mine)
        else:
            await tx.run(q.SET, new_level=level, now=now, **mine)

    await engine.committer.run(work)


async def take_watchers_along(tx: Transaction, source: int, target: int, *, is_part: bool) -> None:
    """Let what was chosen for the thread ``source`` hold for ``target``, for whoever has chosen nothing there.

    Args:
        tx: writes; it holds both threads.
        source: the key of the channel that posts went from.
        target: of the one that they came to.
        is_part: whether the target is made of the source's posts alone: whoever muted those mutes it too.
    """
    await tx.run(q.TAKE_ALONG, from_channel=source, to_channel=target, also_muted=int(is_part))


async def read_level(tx: Transaction, actor: Actor, thing: Thing) -> str:
    """Return the level that ``actor`` chose for something; empty where none.

    Raises:
        Refused: ``not_found`` for what is not there for them.
    """
    if thing.kind == "person":
        profile = await find_profile(tx, thing.name, viewer_id=actor.person_id)
        return profile.level or ("follow" if profile.is_followed else "")
    return await find_level(tx, actor, thing.kind, await _key_of(tx, actor, thing))


async def find_level(tx: Transaction, actor: Actor, kind: Watched, key: int) -> str:
    """Return the level that ``actor`` chose for something, by its key; empty where none."""
    if not actor.person_id:
        return ""
    row = await tx.one(q.LEVEL, owner=actor.person_id, of_kind=kind, object=key)
    return row[0] if row else ""


async def find_tag_level(tx: Transaction, actor: Actor, name: str) -> tuple[int, str]:
    """Return the key of a tag, and the level that ``actor`` chose for it.

    Raises:
        Refused: ``not_found``.
    """
    row = await tx.one(q.TAG, name=name, owner=actor.person_id)
    if row is None:
        raise Refused("not_found")
    return row[0], row[1] or ""


async def list_watching(tx: Transaction, actor: Actor, page: int = 1) -> list[Watching]:
    """Return a page of what somebody chose, the last first, and one more than :data:`PAGE` where others follow."""
    boards = [board.id for board in await access_boards(tx, actor)]
    rows = await tx.all(
        q.MINE,
        owner=actor.person_id,
        boards=listed(tx.dialect, boards),
        limit=PAGE + 1,
        skipped=(page - 1) * PAGE,
    )
    return [Watching(Thing(row[0], row[2]), row[1] or "", row[3]) for row in rows]


async def _key_of(tx: Transaction, actor: Actor, thing: Thing) -> int:
    """Return the key of something that ``actor`` may read.

    Raises:
        Refused: ``not_found``.
    """
    if thing.kind == "board":
        return (await access_board(tx, actor, thing.name)).id
    if thing.kind == "thread":
        is_number = thing.name.isascii() and thing.name.isdigit() and len(thing.name) <= 12
        if is_number:
            return (await access_thread(tx, actor, int(thing.name))).channel_id
        return (await access_thread_channel(tx, actor, thing.name)).channel_id
    if thing.kind == "tag":
        return (await find_tag_level(tx, actor, fold(thing.name)))[0]
    row = await tx.one(profile_queries.HELD, public_id=thing.name)
    if row is None:
        raise Refused("not_found")
    return int(row[0])
