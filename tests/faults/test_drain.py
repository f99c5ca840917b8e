"""A stop signal under load: everybody is answered, sent away with a hint, and finds everything again."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

from tests.faults.talker import Talker, acked, closed, watch
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from tests.faults.stage import Stage

_VISITORS = 12


async def test_g15_a_stop_signal_answers_what_is_in_flight_and_sends_everybody_away_with_a_spread_hint(
    stage: Stage,
) -> None:
    async with stage.serve() as cluster:
        agent = await stage.agent(cluster.for_agents)
        talkers = [Talker(await stage.visitor(cluster.for_visitors)) for _ in range(_VISITORS)]
        for talker in talkers:
            await watch(agent, talker)
        await acked(talkers[0].client, 20)
        stage.times.begin()
        for node in cluster.nodes:
            node.signal(signal.SIGTERM)
        assert [await node.ended() for node in cluster.nodes] == [0] * len(cluster.nodes)
        closes = await asyncio.gather(*(closed(client) for client in stage.clients))
        assert {code for code, _ in closes} == {CloseCode.RESTART}
        hints = {json.loads(reason)["retry_after"] for _, reason in closes}
        assert len(hints) > len(closes) // 2
        await cluster.start()
        stage.times.end()
        for talker in talkers:
            await talker.stop()
            await watch(agent, talker)
        await stage.conclude("stop signal", stage.times.acked_again_ms())
