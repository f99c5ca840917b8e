"""Who is where, on all nodes together: told, repeated, believed for a while, and gone with their node (G08)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.hub.neighbours import Ear, Node, nodes_on
from tests.patience import eventually
from widget_server.actions.presence import BELIEVED_MS, REPEAT_MS, Attendance
from widget_server.hub.bus import NODES
from widget_server.store.records import Author

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.engines.redis import Redis

STAFF = "staff channel"
GRACE, ADA = Author(1, "g", "Grace"), Author(2, "a", "Ada")
VISITOR = 7


class FakeClock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


class Place:
    """A node, what it knows of who is where, and a console there that has the staff channel open."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.clock = FakeClock()
        self.presence = Attendance(node.bus, node.switchboard, self.clock)
        self.ear = Ear()
        node.bus.neighbour = self.presence

    async def open(self, agent: Author) -> None:
        """An agent opens the staff channel here."""
        self.node.switchboard.subscribe(STAFF, self.ear)
        self.node.switchboard.at(STAFF, 0)
        self.presence.view(STAFF, agent)
        await eventually(lambda: self.node.bus.is_live(STAFF))

    @property
    def frames(self) -> list[dict[str, Any]]:
        """What the console was told."""
        return [orjson.loads(data) for data in self.ear.ephemeral]

    def shows(self, *viewers: Author, online: bool = False) -> bool:
        """Whether the console shows exactly this."""
        if not self.frames:
            return False
        last = self.frames[-1]
        return {viewer["id"] for viewer in last["viewers"]} == {viewer.public_id for viewer in viewers} and (
            last["visitor_online"] is online
        )


@asynccontextmanager
async def places(redis: Redis, count: int = 2) -> AsyncGenerator[list[Place]]:
    async with nodes_on(redis, count) as nodes:
        for node in nodes:
            node.store.versions[STAFF] = 0
        yield [Place(node) for node in nodes]


@pytest.fixture
async def pair(redis: Redis) -> AsyncGenerator[list[Place]]:
    async with places(redis) as two:
        yield two


async def test_who_looks_at_a_conversation_is_seen_on_the_other_node(pair: list[Place]) -> None:
    one, other = pair
    await one.open(GRACE)
    await other.open(ADA)
    await eventually(lambda: one.shows(GRACE, ADA) and other.shows(GRACE, ADA))
    other.presence.look_away(STAFF, ADA)
    await eventually(lambda: one.shows(GRACE))


async def test_a_visitor_on_another_node_is_online_until_their_second_tab_is_closed(pair: list[Place]) -> None:
    one, other = pair
    await one.open(GRACE)
    other.presence.visit(STAFF, VISITOR)
    other.presence.visit(STAFF, VISITOR)
    await eventually(lambda: one.shows(GRACE, online=True))
    told = len(one.frames)
    other.presence.part(STAFF, VISITOR)
    other.presence.enter_console(3)
    await eventually(lambda: one.presence.in_console() == [3])
    assert len(one.frames) == told
    other.presence.part(STAFF, VISITOR)
    await eventually(lambda: one.shows(GRACE))


async def test_who_comes_later_asks_who_is_there(pair: list[Place]) -> None:
    one, other = pair
    other.presence.visit(STAFF, VISITOR)
    other.presence.visit("another channel", VISITOR)
    await one.open(GRACE)
    await eventually(lambda: one.shows(GRACE, online=True))


async def test_a_node_that_died_takes_its_people_along(pair: list[Place]) -> None:
    one, other = pair
    other.presence.visit(STAFF, VISITOR)
    other.presence.enter_console(3)
    await one.open(GRACE)
    await eventually(lambda: one.shows(GRACE, online=True) and one.presence.in_console() == [3])
    one.clock.now_ms += BELIEVED_MS - 1
    one.presence.tick()
    assert one.shows(GRACE, online=True)
    one.clock.now_ms += 1
    one.presence.tick()
    assert one.shows(GRACE)
    assert one.presence.in_console() == []


async def test_a_living_node_repeats_its_picture_before_it_is_forgotten(pair: list[Place]) -> None:
    one, other = pair
    other.presence.visit(STAFF, VISITOR)
    await one.open(GRACE)
    await eventually(lambda: one.shows(GRACE, online=True))
    for _ in range(5):
        one.clock.now_ms += REPEAT_MS
        other.clock.now_ms += REPEAT_MS
        other.presence.tick()
        other.presence.enter_console(3)
        await eventually(lambda: one.presence.in_console() == [3])
        other.presence.leave_console(3)
        await eventually(lambda: one.presence.in_console() == [])
        one.presence.tick()
    assert one.shows(GRACE, online=True)


async def test_a_node_that_stops_takes_its_people_along_at_once(redis: Redis) -> None:
    async with places(redis) as (one, other):
        other.presence.visit(STAFF, VISITOR)
        other.presence.enter_console(3)
        await one.open(GRACE)
        await eventually(lambda: one.shows(GRACE, online=True))
        await other.node.bus.stop()
        await eventually(lambda: one.shows(GRACE) and one.presence.in_console() == [])


async def test_the_same_agent_on_two_nodes_is_one(pair: list[Place]) -> None:
    one, other = pair
    await one.open(GRACE)
    await other.open(GRACE)
    one.presence.enter_console(1)
    other.presence.enter_console(1)
    one.presence.visit(STAFF, VISITOR)
    await eventually(lambda: other.shows(GRACE, online=True))
    other.presence.look_away(STAFF, GRACE)
    other.presence.leave_console(1)
    await eventually(lambda: other.shows(GRACE, online=True) and other.presence.in_console() == [1])
    assert one.shows(GRACE, online=True)


async def test_a_node_that_hears_again_says_everything_again(pair: list[Place]) -> None:
    one, other = pair
    other.presence.visit(STAFF, VISITOR)
    other.presence.enter_console(3)
    one.node.switchboard.subscribe(STAFF, one.ear)
    await eventually(lambda: one.node.bus.is_live(STAFF) and one.presence.in_console() == [3])
    assert one.presence.visitors.here(STAFF) == []
    other.presence.on_live([NODES])
    await eventually(lambda: one.presence.visitors.here(STAFF) == [VISITOR])


async def test_people_come_back_into_sight_with_the_broker(redis: Redis) -> None:
    async with places(redis) as (one, other):
        await one.open(GRACE)
        redis.kill_listeners()
        other.presence.visit(STAFF, VISITOR)
        await eventually(lambda: one.shows(GRACE, online=True))


async def test_what_the_broker_forgets_is_still_known(redis: Redis, pair: list[Place]) -> None:
    one, other = pair
    other.presence.visit(STAFF, VISITOR)
    await one.open(GRACE)
    await eventually(lambda: one.shows(GRACE, online=True))
    redis.flush()
    one.presence.tick()
    assert one.shows(GRACE, online=True)
