"""A PostgreSQL that restarts, stops, hangs, hangs up or cannot be reached: no false ack, and back by itself (G14)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.engines.backends import PostgreSQLBackend
from tests.faults.load import Load
from tests.faults.stage import staged
from tests.faults.talker import Talker, acked, watch
from widget_server.protocol.codes import ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL
    from tests.engines.redis import Redis
    from tests.faults.conftest import OnDatabase
    from tests.faults.stage import Stage

_ANSWER_MS = 5_000
"""Longest wait of a sender for an answer of any kind (G14)."""
_RECOVERY_MS = 5_000
"""Longest time from the database's return until all goes again (G14)."""
_STOPPED_SECONDS = 15.0
_HUNG_SECONDS = 6.0
_UNAVAILABLE = ERRORS["unavailable"].number
_NEWCOMERS = 10
_ACKS_MEANWHILE = 10


async def _conclude(stage: Stage, load: Load, case: str) -> None:
    """Let all go on, and see that senders were answered in time and that it took no longer than promised."""
    recovered = await load.recovered(stage.times.ended)
    await load.runs()
    await load.end()
    await stage.conclude(case, recovered)
    assert max(took for _, took in stage.times.answered) <= _ANSWER_MS
    assert max(recovered) <= _RECOVERY_MS


@pytest.mark.parametrize("how", ["restarted", "crashed", "connections ended"])
async def test_g14_a_database_that_goes_and_comes_costs_nobody_anything(on_database: OnDatabase, how: str) -> None:
    stage, database = on_database
    faults: dict[str, Callable[[], object]] = {
        "restarted": database.restart,
        "crashed": partial(database.restart, immediate=True),
        "connections ended": database.terminate_connections,
    }
    async with stage.serve() as cluster:
        load = Load(stage)
        await load.begin(cluster.for_visitors, cluster.for_agents)
        await load.runs()
        stage.times.begin()
        await asyncio.to_thread(faults[how])
        stage.times.end()
        await _conclude(stage, load, f"PostgreSQL {how}")
        await cluster.ready()


async def test_g14_a_stopped_database_refuses_for_now_and_all_goes_on_when_it_is_back(on_database: OnDatabase) -> None:
    stage, database = on_database
    async with stage.serve() as cluster:
        load = Load(stage)
        await load.begin(cluster.for_visitors, cluster.for_agents)
        await load.runs()
        stage.times.begin()
        await asyncio.to_thread(database.stop)
        await cluster.ready(status="not ready")
        await asyncio.sleep(_STOPPED_SECONDS)
        await asyncio.to_thread(database.start)
        stage.times.end()
        await _conclude(stage, load, f"PostgreSQL stopped for {_STOPPED_SECONDS:g} s")
        assert stage.times.refusals[_UNAVAILABLE]
        await cluster.ready()


async def test_g14_senders_are_answered_while_the_database_hangs_however_many_begin_then(
    on_database: OnDatabase,
) -> None:
    stage, database = on_database
    async with stage.serve() as cluster:
        load = Load(stage)
        await load.begin(cluster.for_visitors, cluster.for_agents)
        arrived = [await stage.visitor(cluster.for_visitors) for _ in range(_NEWCOMERS)]
        await load.runs()
        stage.times.begin()
        await asyncio.to_thread(database.pause)
        # Their first messages make a person and a conversation each: more of them than may be written at once.
        newcomers = [Talker(visitor, pause=1.0) for visitor in arrived]
        await asyncio.sleep(_HUNG_SECONDS)
        await asyncio.to_thread(database.resume)
        stage.times.end()
        for newcomer in newcomers:
            await newcomer.stop()
            await watch(load.chats[0].agent, newcomer)
        await _conclude(stage, load, f"PostgreSQL paused for {_HUNG_SECONDS:g} s")
        assert stage.times.refusals[_UNAVAILABLE]


async def test_g14_a_node_that_lost_the_database_refuses_for_now_while_the_other_one_serves(
    own_postgresql: PostgreSQL, redis: Redis, tmp_path: Path
) -> None:
    async with (
        staged(PostgreSQLBackend(own_postgresql, redis), tmp_path) as stage,
        stage.serve(lines=True) as cluster,
    ):
        load, elsewhere = Load(stage), Load(stage)
        await load.begin(cluster.nodes[0].base, cluster.nodes[1].base)
        await elsewhere.begin(cluster.nodes[1].base, cluster.nodes[1].base, count=1)
        await load.runs()
        line = cluster.database_line
        assert line is not None
        stage.times.begin()
        line.swallow()
        await cluster.ready(cluster.nodes[:1], status="not ready")
        await elsewhere.runs()
        # The lost node's transactions hold rows for as long as the database believes in them, which is not for ever.
        for chat in load.chats:
            await acked(chat.agent, _ACKS_MEANWHILE)
        line.cut()
        line.flow()
        stage.times.end()
        await elsewhere.end()
        await _conclude(stage, load, "PostgreSQL out of one node's reach")
        assert stage.times.refusals[_UNAVAILABLE]
        await cluster.ready()
