"""Lines that mangle, swallow, stall and break."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.faults.talker import emptied, reached
from tests.proxy import FrameProxy, Mangling, TcpProxy
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from tests.clients.socket import SocketClient
    from tests.faults.stage import Stage

_MESSAGES = 60
_CUT_EVERY = 15
_BURST = 50


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_g05_g06_frames_doubled_late_and_lost_and_cuts_end_in_the_same_lists(stage: Stage, seed: int) -> None:
    mangling = Mangling(seed, drop=0.05, double=0.15, delay=0.15)
    async with stage.serve() as cluster, FrameProxy(cluster.for_visitors, mangling) as proxy:
        behind = f"http://127.0.0.1:{proxy.port}"
        mangling.active = False
        visitor, agent = await stage.visitor(behind), await stage.agent(behind)
        ack = await visitor.deliver("first")
        name = ack["channel"]
        seen, own = await agent.show(name), visitor.state.channels[name]
        await visitor.until(lambda: own.is_settled)
        mangling.active = True
        for number in range(1, _MESSAGES + 1):
            before = proxy.up
            await visitor.send(f"visitor {number}")
            await agent.send(f"agent {number}", name)
            await proxy.came_up(before + 2)
            if number % _CUT_EVERY == 0:
                proxy.cut()
                await visitor.connected()
                await agent.connected()
        mangling.active = False
        proxy.cut()
        for client, channel in ((visitor, own), (agent, seen)):
            await emptied(client)
            await reached(client, channel, 2 * _MESSAGES + 1)
        verdict = stage.verdict()
    assert mangling.touched > _MESSAGES // 4
    # A line that delays frames changes the order in which they were written; everybody sees the same one.
    assert (verdict.stored, verdict._replace(out_of_order=0).clean) == (2 * _MESSAGES + 1, True)
    assert own.lists() == seen.lists()


async def test_g22_edits_and_removals_missed_behind_a_cut_line_arrive_with_the_resume(stage: Stage) -> None:
    async with stage.serve() as cluster, TcpProxy(cluster.nodes[0].port) as proxy:
        visitor, agent = await stage.visitor(f"http://127.0.0.1:{proxy.port}"), await stage.agent(cluster.for_agents)
        name = (await visitor.deliver("hello"))["channel"]
        own = visitor.state.channels[name]
        seen = await agent.show(name)
        for number in range(4):
            await agent.deliver(f"answer {number}", name)
        await visitor.until(lambda: own.last == 5)
        proxy.swallow()
        await _change(agent, name, {"t": "edit", "seq": 2, "revision": 1, "body": "answer 0, corrected"})
        await _change(agent, name, {"t": "remove", "seq": 3})
        await agent.deliver("after the changes", name)
        proxy.flow()
        proxy.cut()
        await reached(visitor, own, 6)
        assert own.lists() == seen.lists()
        assert own.messages[2]["body"] == "answer 0, corrected"
        assert own.messages[3]["removed"] is True
        assert stage.verdict().clean


async def _change(agent: SocketClient, channel: str, frame: dict[str, str | int]) -> None:
    answer = await agent.ask({**frame, "ref": agent.state.ref(), "channel": channel})
    assert answer["t"] == "ack", answer


async def test_a_peer_that_vanished_without_a_word_is_noticed_and_comes_back(stage: Stage) -> None:
    async with (
        stage.serve(heartbeat_seconds=1) as cluster,
        TcpProxy(cluster.nodes[0].port) as proxy,
    ):
        visitor, agent = await stage.visitor(f"http://127.0.0.1:{proxy.port}"), await stage.agent(cluster.for_agents)
        name = (await visitor.deliver("hello"))["channel"]
        seen = await agent.show(name)
        assert seen.staff is not None
        await agent.show(seen.staff)
        stage.times.begin()
        proxy.swallow()
        await agent.until(lambda: bool(agent.state.presence) and not agent.state.presence[-1]["visitor_online"])
        await agent.deliver("are you there?", name)
        proxy.flow()
        proxy.cut()
        stage.times.end()
        own = visitor.state.channels[name]
        await visitor.until(lambda: own.last == 2)
        await agent.until(lambda: agent.state.presence[-1]["visitor_online"])
        await stage.conclude("half-open line to a visitor", [])


async def test_a_server_that_was_asleep_goes_on_where_it_was(stage: Stage) -> None:
    async with stage.serve() as cluster:
        visitor = await stage.visitor(cluster.for_visitors)
        await visitor.deliver("before")
        cluster.nodes[0].signal(signal.SIGSTOP)
        pending = await visitor.send("into the silence")
        cluster.nodes[0].signal(signal.SIGCONT)
        await visitor.until(lambda: pending.ack is not None)
        assert stage.verdict().clean


async def test_g10_a_slow_reader_is_closed_and_resumes_while_others_are_undisturbed(stage: Stage) -> None:
    async with stage.serve(outbound_frames_max=64, outbound_bytes_max=65536) as cluster:
        visitor = await stage.visitor(cluster.for_visitors)
        slow, quick = await stage.agent(cluster.for_agents), await stage.agent(cluster.for_agents)
        name = (await visitor.deliver("hello"))["channel"]
        behind, ahead = await slow.show(name), await quick.show(name)
        stage.times.begin()
        slow.stop_reading()
        sent = 1
        # The server logs a socket's request when it is over: until then its buffers and the kernel's are being filled.
        while not any(line["message"] == "GET /ws/console" for line in cluster.nodes[-1].log):
            for _ in range(_BURST):
                await visitor.send("x" * 4000)
            await emptied(visitor)
            sent += _BURST
        await reached(quick, ahead, sent)
        assert quick.closes == []
        slow.read_on()
        stage.times.end()
        await reached(slow, behind, sent)
        assert slow.closes[0][0] in {CloseCode.SLOW, 1006}
        assert visitor.closes == []
        await stage.conclude("a reader that stops reading", [])
