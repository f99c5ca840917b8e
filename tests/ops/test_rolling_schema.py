"""The schema moves on while a node of the release before serves: a revision that only adds disturbs nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.clients.installation import make_installation
from tests.clients.server import ServerProcess
from tests.faults.talker import Talker, acked, watch
from tests.ops.people import People
from tests.store.made_up import REVISION, add_made_up_revision
from widget_server.store import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL


async def test_a_node_of_the_release_before_goes_on_while_the_schema_is_changed(
    postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.create_database()
    installation = await make_installation(tmp_path / "data", url)
    async with ServerProcess(installation) as server, People(installation) as people:
        visitor, agent = await people.visitor(server.base), await people.agent(server.base)
        talker = Talker(visitor)
        await watch(agent, talker)
        await acked(visitor, 50)
        add_made_up_revision(tmp_path / "versions", monkeypatch)
        before = len(visitor.state.acks)
        await asyncio.to_thread(migrate.upgrade, url)
        meanwhile = len(visitor.state.acks) - before
        assert migrate.current(url) == REVISION
        await acked(visitor, 50)
        await talker.stop()
        seen = await watch(agent, talker)
        assert seen.lists() == visitor.state.channels[seen.name].lists()
        assert visitor.state.errors == []
        assert visitor.closes == agent.closes == []
        assert [line for line in server.log if line.get("level") == "error"] == []
    assert meanwhile > 0
    stored = migrate.connected(
        url, lambda db: db.exec_driver_sql("SELECT count(DISTINCT client_id) FROM message").scalar()
    )
    assert stored == len(visitor.state.acks)
