"""A visitor on one node, an agent on another: nobody notices, whether or not the broker is there (G13, G21)."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.engines.backends import NODES, SQLITE, PostgreSQLBackend
from tests.engines.redis import Redis
from tests.patience import eventually
from tests.serving import Served, begin, command, follow, serving
from widget_server.actions.conversations import do_wake
from widget_server.actions.sessions import do_end_session
from widget_server.app import NODE
from widget_server.core.times import iso
from widget_server.protocol.codes import CloseCode
from widget_server.settings import OperatorError
from widget_server.workers import lists as lists_module
from widget_server.workers import pulse as pulse_module

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.engines.postgresql import PostgreSQL
    from widget_server.hub.redis_bus import RedisBus

pytestmark = pytest.mark.only(NODES)


@pytest.fixture
def broker() -> Generator[Redis]:
    """A broker that may be broken."""
    with Redis() as server:
        yield server


@pytest.fixture
async def fragile(postgresql: PostgreSQL, broker: Redis, tmp_path: Path) -> AsyncGenerator[Served]:
    """Two nodes on that broker."""
    backend = PostgreSQLBackend(postgresql, broker)
    try:
        async with serving(tmp_path / "fragile", backend) as served:
            yield served
    finally:
        backend.close()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pulse helps: what arrives has come by the broker."""
    monkeypatch.setattr(pulse_module, "EVERY_S", 3_600.0)


def buses(served: Served) -> list[RedisBus]:
    """The nodes' ways to each other."""
    found = [app[NODE].broker for app in (served.app, served.agents_app)]
    return [bus for bus in found if bus is not None]


async def connected(served: Served) -> None:
    """Return when the nodes hear each other."""
    await eventually(lambda: all(bus.problem is None for bus in buses(served)))


async def readiness(served: Served) -> tuple[int, dict[str, Any]]:
    async with served.http.get(f"{served.base}/readyz") as response:
        return response.status, await response.json()


async def test_s3_21_g21_live_events_cross_nodes(slow: None, served: Served) -> None:
    await connected(served)
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        await console.show(name)
        await eventually(lambda: buses(served)[1].is_live(name))
        for number in range(20):
            await visitor.deliver(f"question {number}", name)
            await console.deliver(f"answer {number}", name)
        for client in (visitor, console):
            channel = client.state.channels[name]
            await client.until(lambda channel=channel: channel.last == 41)  # type: ignore[misc]  # a lambda with a default
            assert client.state.violations == []
        await console.say(console.state.receipt(name, seen=True))
        marks = visitor.state.channels[name].marks
        await visitor.until(lambda: marks["agents"] == {"delivered": 41, "seen": 41})
        await command(visitor, "edit", channel=name, seq=1, revision=1, body="Hello!")
        await console.until(lambda: console.state.channels[name].messages[1]["body"] == "Hello!")


async def test_g21_typing_and_presence_cross_nodes(slow: None, served: Served) -> None:
    await connected(served)
    async with served.console(await served.staff("Grace")) as console:
        async with served.visitor() as visitor:
            name = await begin(visitor)
            await follow(console, name)
            await console.until(lambda: bool(console.state.presence) and console.state.presence[-1]["visitor_online"])
            await eventually(lambda: all(bus.is_live(name) for bus in buses(served)))
            await visitor.say({"t": "typing", "channel": name, "on": True})
            await console.until(lambda: [frame["on"] for frame in console.state.typing] == [True])
            await console.say({"t": "typing", "channel": name, "on": True})
            await visitor.until(lambda: [frame["person"]["name"] for frame in visitor.state.typing] == ["Grace"])
            assert len(console.state.typing) == 1
        await console.until(lambda: not console.state.presence[-1]["visitor_online"])
        await console.until(lambda: not console.state.typing[-1]["on"])


async def test_a_list_on_another_node_moves_at_once(
    slow: None, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists_module, "PAUSE_S", 0.0)
    await connected(served)
    async with served.console(await served.staff("Grace")) as console, served.visitor() as visitor:
        await command(console, "inbox", view={"status": "open", "who": "all"})
        name = await begin(visitor)
        await console.until(lambda: name in console.state.rows)


async def test_the_widget_says_that_an_agent_on_another_node_is_there(served: Served) -> None:
    await connected(served)
    async with served.console(await served.staff("Grace")):
        await eventually(lambda: len(served.engine.presence.in_console()) == 1)
        served.clock.ahead_ms += 2_000
        async with served.visitor() as visitor:
            welcome = visitor.state.welcome
            assert welcome is not None
            assert [agent["name"] for agent in welcome["site"]["agents"]] == ["Grace"]


async def test_signing_out_closes_the_consoles_on_every_node(slow: None, served: Served) -> None:
    await connected(served)
    grace = await served.staff("Grace")
    async with served.console(grace) as console:
        await do_end_session(served.engine.database, grace.cookie.removeprefix("session="), served.clock.now_ms())
        # As the page does it that signs out, on the node which has no console of theirs.
        served.engine.bus.news((), {grace.person_id})
        await console.until(lambda: bool(console.closes))
        assert console.closes == [(CloseCode.SIGNED_OUT, "")]


async def test_a_snooze_ends_once_whatever_the_number_of_nodes(slow: None, served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        _, staff = await follow(console, name)
        until = iso(served.clock.now_ms() + 60_000)
        await command(console, "status", channel=name, status="snoozed", until=until)
        head = console.state.channels[staff]
        await console.until(lambda: (head.head or {})["head"]["status"] == "snoozed")
        version = head.version
        served.clock.ahead_ms += 61_000
        engines = [app[NODE].desk.engine for app in (served.app, served.agents_app)]
        for engine in engines * 2:
            await do_wake(engine)
        await console.until(lambda: (head.head or {})["head"]["status"] == "open")
        await visitor.deliver("after", name)
        await console.until(lambda: console.state.channels[name].last == 2)
        assert head.version == version + 1


async def test_g13_without_the_broker_own_people_are_served_and_others_catch_up(fragile: Served, broker: Redis) -> None:
    await connected(fragile)
    assert await readiness(fragile) == (200, {"status": "ready", "checks": (await readiness(fragile))[1]["checks"]})
    async with fragile.visitor() as visitor, fragile.console(await fragile.staff("Grace")) as console:
        name = await begin(visitor)
        await follow(console, name)
        broker.stop(signal.SIGKILL)
        await eventually(lambda: all(bus.problem is not None for bus in buses(fragile)))
        status, body = await readiness(fragile)
        assert (status, body["status"], body["checks"]["broker"]) == (200, "degraded", "lost")
        async with fragile.visitor(visitor.state.token) as second:
            await second.show(name)
            await visitor.deliver("own", name)
            await second.until(lambda: second.state.channels[name].last == 2)
        await console.until(lambda: console.state.channels[name].last == 2)
        await console.deliver("answer", name)
        await visitor.until(lambda: visitor.state.channels[name].last == 3)
        await visitor.say(visitor.state.receipt(name, seen=True))
        await console.until(lambda: console.state.channels[name].marks["visitor"]["seen"] == 3)
        await command(console, "status", channel=name, status="resolved")
        await visitor.until(lambda: (visitor.state.channels[name].head or {})["head"]["status"] == "resolved")
        broker.start()
        await connected(fragile)
        await visitor.deliver("back", name)
        await console.until(lambda: console.state.channels[name].last == 4)
        assert console.state.violations == visitor.state.violations == []
        assert (await readiness(fragile))[1]["status"] == "ready"


async def test_a_broker_that_is_down_at_the_start_stops_nobody(
    postgresql: PostgreSQL, broker: Redis, tmp_path: Path
) -> None:
    broker.stop(signal.SIGKILL)
    backend = PostgreSQLBackend(postgresql, broker)
    try:
        async with serving(tmp_path / "early", backend) as served:
            async with served.visitor() as visitor:
                assert await begin(visitor)
            assert (await readiness(served))[1]["status"] == "degraded"
            broker.start()
            await connected(served)
    finally:
        backend.close()


@pytest.mark.only(SQLITE)
async def test_a_missing_client_is_named_with_the_line_that_installs_it(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "widget_server.hub.redis_bus", None)
    with pytest.raises(OperatorError, match=r'pip install "widget-server\[redis\]"'):
        async with serving(tmp_path / "bare", backend, broker_url="redis://127.0.0.1:1"):
            pass
