"""What happens between the commit and the moment at which others hear of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from widget_server.app import create_app, create_control
from widget_server.ops.start import Listeners
from widget_server.routes.desk import DESK
from widget_server.settings import Settings

if TYPE_CHECKING:
    from tests.faults.stage import Stage


async def test_a_kill_between_commit_and_publish_reaches_the_other_side_after_the_restart(stage: Stage) -> None:
    async with stage.serve() as cluster:
        visitor, agent = await stage.visitor(cluster.for_visitors), await stage.agent(cluster.for_agents)
        await visitor.deliver("before")
        name = visitor.state.channel_of_start
        assert name is not None
        seen = await agent.show(name)
        node = cluster.nodes[0]
        await node.kill()
        await node.start("tests.faults.dying_server")
        await asyncio.gather(visitor.connected(), agent.connected())
        pending = await visitor.send("committed, and nobody was told")
        await node.ended()
        await node.start()
        await visitor.until(lambda: pending.ack is not None)
        await agent.until(lambda: seen.last == 2 and seen.is_settled)
        own = visitor.state.channels[name]
        await visitor.until(lambda: own.last == 2 and own.is_settled)
        verdict = stage.verdict()
    assert (verdict.stored, verdict.clean) == (2, True)


@pytest.mark.only("sqlite")
async def test_a_hint_that_is_lost_is_made_good_by_the_stamps(stage: Stage) -> None:
    installation = stage.installation
    settings = Settings(mode="testing", data_dir=installation.data_dir, port=0, internal_port=0, public_url=OWN_ORIGIN)
    app = create_app(settings)
    listeners = Listeners(app, create_control(app), settings)
    try:
        await listeners.open()
        base = f"http://127.0.0.1:{listeners.port}"
        async with (
            aiohttp.ClientSession() as session,
            aiohttp.ClientSession(headers={"Cookie": installation.cookie}) as desk,
            SocketClient(session, f"{base}/ws/{SITE_KEY}", SITE_ORIGIN, ClientState("visitor")) as visitor,
            SocketClient(desk, f"{base}/ws/console", OWN_ORIGIN, ClientState("agent")) as agent,
        ):
            ack = await visitor.deliver("heard")
            seen = await agent.show(ack["channel"])
            engine = app[DESK].engine
            engine.bus.publish = lambda events: None  # type: ignore[method-assign]  # the hub has lost its voice
            await visitor.deliver("not published")
            await agent.until(lambda: seen.last == 2, seconds=5)
            assert engine.switchboard.refilled > 0
            assert agent.state.violations == []
    finally:
        await listeners.close()
