"""Giving and taking rights behind the product's back, for tests of what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, update

from widget_server.store.statement import Statement
from widget_server.store.tables import role_grant

if TYPE_CHECKING:
    from tests.serving import Served, Staff
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction

_TAKE = Statement(
    update(role_grant)
    .where(role_grant.c.person_id == bindparam("owner"))
    .values(ended_at=bindparam("now"), stamp=bindparam("new_stamp"))
)
_GIVE = Statement(
    insert(role_grant).values(
        person_id=bindparam("owner"), site_id=0, board_id=0, role="administrator", stamp=bindparam("new_stamp")
    )
)


async def take_every_grant(served: Served, staff: Staff) -> None:
    """Take whatever somebody was given."""
    await take_grants(served.engine, staff.person_id)


async def take_grants(engine: Engine, person_id: int) -> None:
    """Take whatever somebody was given, by their key."""

    async def write(tx: Transaction) -> None:
        await tx.run(_TAKE, owner=person_id, now=engine.clock.now_ms(), new_stamp=await tx.stamp())

    await engine.database.write(write)


async def grant_administrator(served: Served, staff: Staff) -> None:
    """Let somebody do everything."""

    async def write(tx: Transaction) -> None:
        await tx.run(_GIVE, owner=staff.person_id, new_stamp=await tx.stamp())

    await served.engine.database.write(write)
