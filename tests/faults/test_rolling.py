"""Two nodes behind the nginx that is shipped, replaced one after the other while people talk (G15)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.engines.backends import PostgreSQLBackend
from tests.faults.load import Load
from tests.faults.stage import staged
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL
    from tests.engines.redis import Redis

_CHATS = 4


async def test_g15_a_rolling_restart_loses_and_doubles_nothing_and_tells_everybody_when_to_come_back(
    postgresql: PostgreSQL, redis: Redis, tmp_path: Path
) -> None:
    async with (
        staged(PostgreSQLBackend(postgresql, redis), tmp_path) as stage,
        stage.serve(front=True) as cluster,
    ):
        load = Load(stage)
        await load.begin(cluster.for_visitors, cluster.for_agents, count=_CHATS)
        await load.runs()
        stage.times.begin()
        for number in range(len(cluster.nodes)):
            assert await cluster.replace(number) == 0
            await load.runs()
        stage.times.end()
        recovered = await load.recovered(stage.times.ended)
        await load.runs()
        await load.end()
        closes = [close for client in stage.clients for close in client.closes]
        await stage.conclude("rolling restart behind nginx", recovered)
    # Everybody was on one of the nodes, so everybody was sent away at least once, each with a time of their own.
    sent_away = [json.loads(reason)["retry_after"] for code, reason in closes if code == CloseCode.RESTART]
    assert len(sent_away) >= len(stage.clients)
    assert len(set(sent_away)) > len(sent_away) // 2
