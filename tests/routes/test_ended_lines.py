"""What a line that has ended leaves behind: nothing, whenever it ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import bindparam, select

from widget_server.store.statement import Statement
from widget_server.store.tables import channel

if TYPE_CHECKING:
    from tests.serving import Served
    from widget_server.store.database import Transaction

pytestmark = pytest.mark.everywhere

_beside = channel.alias("beside")
STAFF = Statement(
    select(channel.c.public_id)
    .select_from(channel.join(_beside, _beside.c.id == channel.c.beside_id))
    .where(_beside.c.public_id == bindparam("public_id"))
)


async def test_g11_a_line_that_ends_before_its_first_ack_leaves_nobody_here(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write = asyncio.Event()
    write = served.engine.database.write

    async def held(fn: Any) -> Any:
        await may_write.wait()
        return await write(fn)

    async def look(_: Transaction) -> None:
        """As long as a channel takes to be opened."""

    async with served.visitor() as visitor:
        monkeypatch.setattr(served.engine.database, "write", held)
        await visitor.send("Hello")
        await visitor.leave()
        async with served.http.get(f"{served.base}/livez"):
            assert len(served.desk.connections) == 0
        may_write.set()
    await served.engine.committer.drained()
    await served.engine.database.read(look)

    assert served.engine.switchboard.channels == 0
    async with served.visitor(visitor.state.token) as back:
        assert back.state.welcome is not None
        (own,) = back.state.welcome["conversations"]
    staff = await served.engine.database.read(lambda tx: tx.all(STAFF, public_id=own["channel"]))
    assert [list(served.engine.presence.visitors.here(name)) for (name,) in staff] == [[]]
