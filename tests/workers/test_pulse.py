"""The node's pulse: what no hint told is found within a beat."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.works import Works
from tests.serving import Served, begin, command, follow
from widget_server.actions.actors import Agent, Visitor
from widget_server.actions.agents import do_rename
from widget_server.actions.credentials import do_set_password
from widget_server.actions.resume import Resumed
from widget_server.core.permissions import Actor, Grant, Role
from widget_server.core.times import iso
from widget_server.hub.bus import MemoryBus
from widget_server.protocol.codes import CloseCode
from widget_server.routes.office import OFFICE
from widget_server.store.database import StoreUnavailable
from widget_server.store.installation import renew_epoch
from widget_server.store.records import Author
from widget_server.store.stamps import Changes, changes_since
from widget_server.workers import pulse as pulse_module
from widget_server.workers.pulse import Pulse
from widget_server.workers.scopes import look_again

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tests.clients.socket import SocketClient
    from widget_server.actions.actors import Actor as Connected
    from widget_server.actions.threads import Thread
    from widget_server.hub.switchboard import AllMarks, Published
    from widget_server.store.database import Database


class Line:
    """A connection that writes down what it is told."""

    inbox = False

    def __init__(self, actor: Connected) -> None:
        self.actor = actor
        self.told: list[bytes] = []
        self.ended: list[int] = []
        self.ticks: list[int] = []

    def threads(self) -> list[str]:
        return []

    def boards(self) -> list[str]:
        return []

    def see(self, thread: Thread) -> None:
        raise AssertionError(thread)

    def unwatch(self, board: str) -> None:
        raise AssertionError(board)

    def rooms(self) -> list[str]:
        return []

    def leave_room(self, name: str) -> None:
        raise AssertionError(name)

    def tell(self, data: bytes) -> None:
        self.told.append(data)

    def end(self, code: int) -> None:
        self.ended.append(code)

    def tick(self, now: int) -> None:
        self.ticks.append(now)


class DeafBus(MemoryBus):
    """Loses every event, as a broker does that is down."""

    def publish(self, events: Sequence[Published]) -> None:
        """Tell nobody."""

    def marks(self, channel: str, marks: AllMarks) -> None:
        """Tell nobody."""

    def ephemeral(self, channel: str, data: bytes, exclude: int | None = None) -> None:
        """Tell nobody."""

    def news(self, sites: Collection[int], people: Collection[int]) -> None:
        """Tell nobody."""


of_one_node = pytest.mark.only("sqlite", "postgresql")
"""The beat of the node that everybody is connected to."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second."""
    monkeypatch.setattr(pulse_module, "EVERY_S", 0.05)


async def test_a_token_whose_end_no_hint_told_closes_its_other_lines(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse_module, "_RECHECK_EVERY", 10**9)
    async with served.visitor() as visitor:
        await begin(visitor)
        async with served.visitor(visitor.state.token) as other:
            await other.until(lambda: other.state.person is not None)
            served.engine.bus = DeafBus(served.engine.switchboard)
            assert (await command(visitor, "sign_out"))["t"] == "done"
            await other.until(lambda: bool(other.closes))
            assert [code for code, _ in other.closes] == [CloseCode.SIGNED_OUT]


async def test_a_change_whose_hint_was_lost_reaches_the_other_side(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        _, staff = await follow(console, name)
        served.engine.bus = DeafBus(served.engine.switchboard)
        await visitor.deliver("lost", name)
        await visitor.deliver("lost too", name)
        await command(visitor, "edit", channel=name, seq=1, revision=1, body="Hello!")
        await command(console, "status", channel=name, status="resolved")
        for client in (visitor, console):
            await heard(client, name)
        assert console.state.channels[name].messages[1]["body"] == "Hello!"
        status = console.state.channels[staff]
        await console.until(lambda: (status.head or {})["head"]["status"] == "resolved")
        assert visitor.state.violations == console.state.violations == []


async def test_a_receipt_whose_hint_was_lost_reaches_the_other_side(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        await console.show(name)
        served.engine.bus = DeafBus(served.engine.switchboard)
        await console.say(console.state.receipt(name, seen=True))
        await visitor.until(lambda: visitor.state.channels[name].marks["agents"] == {"delivered": 1, "seen": 1})
        assert visitor.state.violations == []


async def heard(client: SocketClient, name: str) -> None:
    channel = client.state.channels[name]
    await client.until(lambda: channel.last == 3 and (channel.head or {})["head"]["status"] == "resolved")


async def test_a_snooze_that_has_ended_wakes_and_is_told(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        _, staff = await follow(console, name)
        until = iso(served.clock.now_ms() + 60_000)
        await command(console, "status", channel=name, status="snoozed", until=until)
        head = console.state.channels[staff]
        await console.until(lambda: (head.head or {})["head"]["status"] == "snoozed")
        served.clock.ahead_ms += 61_000
        await console.until(lambda: (head.head or {})["head"]["status"] == "open")
        assert (head.head or {})["head"]["snoozed_until"] is None


@of_one_node
async def test_a_change_of_rights_sends_the_agent_to_connect_again(served: Served) -> None:
    staff = await served.staff("Grace")
    rights = Actor(staff.person_id, staff.id, frozenset({Grant(Role.ADMINISTRATOR, 0)}))
    unknown = Visitor(1, "shop", "no such token")
    unknown.author = Author(999_999, "x", None)
    async with served.console(staff):
        (real,) = [each.actor for each in served.desk.connections if isinstance(each.actor, Agent)]
    lines = [
        Line(real),
        Line(real._replace(rights=rights)),
        Line(real._replace(session_id=999_999)),
        Line(unknown),
    ]
    pulse = Pulse(served.engine, lambda: lines, lambda: None)
    pulse.on_people({staff.person_id, 999_999})
    await pulse.beat()
    assert [line.ended for line in lines] == [[], [CloseCode.RIGHTS_CHANGED], [CloseCode.SIGNED_OUT], []]
    assert all(len(line.ticks) == 1 for line in lines)


@of_one_node
async def test_s45_a_right_that_was_taken_while_the_store_failed_is_found_at_the_next_beat(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = await served.staff("Grace")
    async with served.console(staff):
        (real,) = [each.actor for each in served.desk.connections if isinstance(each.actor, Agent)]
    line = Line(real._replace(session_id=999_999))
    pulse = Pulse(served.engine, lambda: [line], lambda: None)
    await pulse.beat()
    await do_set_password(
        served.engine.database,
        served.app[OFFICE].passwords,
        mail="grace@chat.test",
        now_ms=served.clock.now_ms(),
        random=served.clock.random,
    )

    async def fails(*_: object) -> None:
        raise StoreUnavailable("locked")

    with monkeypatch.context() as broken:
        broken.setattr(pulse_module, "agent_rights", fails)
        with pytest.raises(StoreUnavailable):
            await pulse.beat()
    assert line.ended == []
    await pulse.beat()
    assert line.ended == [CloseCode.SIGNED_OUT]


@of_one_node
async def test_every_right_is_looked_at_again_once_a_minute(served: Served) -> None:
    staff = await served.staff("Grace")
    async with served.console(staff):
        (real,) = [each.actor for each in served.desk.connections if isinstance(each.actor, Agent)]
    line = Line(real)
    pulse = Pulse(served.engine, lambda: [line], lambda: None)
    for _ in range(59):
        await pulse.beat()
    served.clock.ahead_ms += 15 * 86_400_000
    assert line.ended == []
    await pulse.beat()
    assert line.ended == [CloseCode.SIGNED_OUT]


@of_one_node
async def test_a_beat_that_fails_is_not_the_last_one(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[BaseException] = [StoreUnavailable("locked"), ZeroDivisionError()]

    async def fails(*args: Any, **more: Any) -> Changes:
        if failures:
            raise failures.pop()
        return await changes_since(*args, **more)

    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        await console.show(name)
        # Of the pulse alone: other workers read beside it.
        monkeypatch.setattr(pulse_module, "changes_since", fails)
        served.engine.bus = DeafBus(served.engine.switchboard)
        await visitor.deliver("lost", name)
        await console.until(lambda: console.state.channels[name].last == 2)
    assert failures == []
    assert "could not be followed" in caplog.text
    assert "a beat failed" in caplog.text


async def test_a_renamed_agent_stays_connected(served: Served) -> None:
    staff = await served.staff("Grace")
    async with served.console(staff) as console:
        await do_rename(served.engine.database, staff.person_id, "Grace Hopper")
        served.engine.on_people({staff.person_id})
        await command(console, "inbox", view={"status": "open", "who": "all"})
        assert console.closes == []


async def test_a_node_whose_installation_was_restored_under_it_leaves_once(database: Database) -> None:
    # Without an application: its own pulse would end this process.
    engine = Works(database).engine
    left: list[str] = []
    pulse = Pulse(engine, list, lambda: left.append("left"))
    await renew_epoch(database, "this server", engine.epoch)
    for _ in range(2):
        await pulse.beat()
    assert left == []
    await renew_epoch(database, "another server", "another epoch")
    for _ in range(2):
        await pulse.beat()
    assert left == ["left"]


@pytest.mark.everywhere
async def test_what_is_opened_again_while_it_changes_is_not_taken_for_a_room_that_was_left(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = served.engine.database
    is_read, may_go_on = asyncio.Event(), asyncio.Event()
    read = database.read

    async def held(fn: Any) -> Any:
        found = await read(fn)
        if isinstance(found, Resumed) and not is_read.is_set():
            is_read.set()
            await may_go_on.wait()
        return found

    async with served.visitor() as visitor:
        name = await begin(visitor)
        channel = visitor.state.channels[name]
        await visitor.until(lambda: channel.is_settled)
        monkeypatch.setattr(database, "read", held)
        await visitor.say(visitor.state.open(name))
        await is_read.wait()
        await look_again(database, served.desk.connections, set(), {name})
        may_go_on.set()
        ack = await visitor.deliver("Still here", name)
        await visitor.until(lambda: ack["seq"] in channel.messages)
        assert visitor.state.violations == []
