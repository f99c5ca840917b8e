"""A stop signal under load: everybody is answered, sent away with a hint, and finds everything again."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

from tests.clients.server import ServerProcess
from tests.faults.talker import Talker, acked, closed, watch
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from tests.faults.conftest import Stage

_VISITORS = 12


async def test_g15_a_stop_signal_answers_what_is_in_flight_and_sends_everybody_away_with_a_spread_hint(
    stage: Stage,
) -> None:
    async with ServerProcess(stage.installation) as server:
        agent = await stage.agent(server.base)
        talkers = [Talker(await stage.visitor(server.base)) for _ in range(_VISITORS)]
        for talker in talkers:
            await watch(agent, talker)
        await acked(talkers[0].client, 20)
        server.signal(signal.SIGTERM)
        assert await server.ended() == 0
        closes = await asyncio.gather(*(closed(client) for client in stage.clients))
        assert {code for code, _ in closes} == {CloseCode.RESTART}
        hints = {json.loads(reason)["retry_after"] for _, reason in closes}
        assert len(hints) > len(closes) // 2
        await server.start()
        for talker in talkers:
            await talker.stop()
            await watch(agent, talker)
        verdict = stage.verdict()
    assert verdict.clean
    assert verdict.sent == verdict.acked == verdict.stored
