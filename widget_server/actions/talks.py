"""Talks of two: rooms that have no name, made when somebody wants to talk to somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.rooms import (
    CAPACITY,
    Room,
    RoomText,
    announce,
    author_of,
    enter,
    find_room,
    hold_names,
    put_room,
    room_of,
)
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, may
from widget_server.store.queries import profiles as profile_queries
from widget_server.store.queries import rooms as q
from widget_server.store.records import Author

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


def pair_of(one: int, other: int) -> str:
    """Return what stands for two people, in whichever order they are named."""
    return f"{min(one, other)}:{max(one, other)}"


async def do_open_talk(engine: Engine, account: Account, person: str) -> Room:
    """Return one's talk with somebody (by public id), made where there is none. There is one of any two.

    Raises:
        Refused: ``not_found`` for whoever is not there; ``not_allowed`` for oneself, for whoever may not write, and
            where one of the two ignores the other.
    """
    now, actor, who = engine.clock.now_ms(), account.actor, author_of(account)
    public_id, client_id = engine.clock.uuid(), engine.clock.uuid()

    async def work(tx: Transaction, committed: Committed) -> Room:
        held = await tx.one(profile_queries.HELD, public_id=person)
        row = None if held is None else await tx.one(q.PERSON, public_id=person)
        if row is None:
            raise Refused("not_found")
        other = Author(*row)
        if other.id == who.id:
            raise Refused("not_allowed")
        await hold_names(tx)
        pair = pair_of(who.id, other.id)
        known = await tx.one(q.BY_PAIR, pair=pair, asker=who.id)
        if known is not None:
            return await find_room(tx, actor, room_of(known).public_id)
        if not may(actor, Permission.WRITE) or await tx.one(q.APART, one=who.id, other=other.id) is not None:
            raise Refused("not_allowed")
        text = RoomText("", "", CAPACITY, "direct")
        key = await put_room(tx, who, text, None, pair, (public_id, client_id), now)
        await enter(tx, key, who.id, "member", now)
        await enter(tx, key, other.id, "member", now)
        await announce(tx, committed, engine.clock, key, who, "created")
        committed.rooms |= {(who.public_id, public_id), (other.public_id, public_id)}
        return await find_room(tx, actor, public_id)

    opened: Room = await engine.committer.run(work)
    return opened
