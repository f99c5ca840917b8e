"""Nodes on one broker: what one says the others hear in order, and whatever the broker does, nothing is lost."""

from __future__ import annotations

import asyncio
import random
import signal
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis as Client
from typing_extensions import override

from tests.engines.redis import Redis
from tests.hub.neighbours import Ear, Node, Store, nodes_on
from tests.patience import PATIENCE_SECONDS, eventually
from widget_server.core.delivery import NOT_TOLD
from widget_server.hub import envelope
from widget_server.hub.bus import NODES
from widget_server.hub.switchboard import Published
from widget_server.web.rate_limits import SharedCounters
from widget_server.web.sign_in_throttle import SignInThrottle

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator


@pytest.fixture
async def pair(redis: Redis) -> AsyncGenerator[list[Node]]:
    """Two nodes on the broker of the run."""
    async with nodes_on(redis) as nodes:
        yield nodes


@pytest.fixture
def broker() -> Generator[Redis]:
    """A broker that may be broken."""
    with Redis() as server:
        yield server


def at(ear: Ear) -> int:
    """Where a client stands that was told this; it never meets a hole."""
    version = 0
    for start, to in ear.events:
        assert start <= version, ear.events
        version = max(version, to)
    return version


async def test_s3_21_events_reach_the_other_node_in_order(pair: list[Node]) -> None:
    one, other = pair
    ears = [await one.listen(), await other.listen()]
    for _ in range(20):
        one.commit(count=5)
        other.commit(count=5)
    await eventually(lambda: all(at(ear) == 200 for ear in ears))
    # Each event once, or a hole read for all: nothing was told twice.
    assert all(len(ear.events) <= 200 for ear in ears)


async def test_a_node_serves_its_own_people_at_once_and_drops_its_echo(pair: list[Node]) -> None:
    one, other = pair
    ear, far = await one.listen(), await other.listen()
    one.commit()
    assert ear.events == [(0, 1)]
    one.bus.ephemeral("c1", b"typing", exclude=7)
    other.bus.news({1}, {2})
    await eventually(lambda: far.ephemeral == [b"typing"] and one.news == [({1}, {2})])
    one.commit()
    await eventually(lambda: at(far) == 2)
    assert ear.events == [(0, 1), (1, 2)]
    assert ear.ephemeral == [b"typing"]
    assert other.news == [({1}, {2})]
    assert one.store.holes_read == []


async def test_what_somebody_does_is_not_told_to_themselves_on_another_node(pair: list[Node]) -> None:
    one, other = pair
    own, others = Ear(7), await other.listen()
    other.switchboard.subscribe("c1", own)
    one.bus.ephemeral("c1", b"typing", exclude=7)
    one.bus.ephemeral("c1", b"marks")
    await eventually(lambda: others.ephemeral == [b"typing", b"marks"])
    assert own.ephemeral == [b"marks"]


async def test_p6_what_is_only_the_visitors_own_crosses_nodes_apart(pair: list[Node]) -> None:
    one, other = pair
    own, others = await one.listen(), await other.listen()
    one.bus.marks("c1", (3, NOT_TOLD, 1, 1))
    one.bus.own("c1", b"place")
    await eventually(lambda: own.own == others.own == [b"place"])
    assert [orjson.loads(data)["visitor"] for data in others.ephemeral] == [{"delivered": 3}]


async def test_marks_cross_nodes_and_only_rise(pair: list[Node]) -> None:
    one, other = pair
    ear = await other.listen()
    one.bus.marks("c1", (3, 2, 1, 1))
    one.bus.marks("c1", (2, 2, 1, 1))
    one.bus.ephemeral("c1", b"after")
    await eventually(lambda: b"after" in ear.ephemeral)
    assert len(ear.ephemeral) == 2


async def test_what_a_stranger_says_on_the_broker_is_heard_by_nobody(redis: Redis, pair: list[Node]) -> None:
    one, other = pair
    ear = await one.listen()
    await other.listen("c2")
    far, stranger = 2**62, b"stranger"
    for place in ("c1", NODES):
        for said in (
            b"",
            stranger,
            bytes(100_000),
            envelope.event(stranger, Published("c1", 0, far, b"no JSON at all")),
            envelope.event(stranger, Published("c1", far, far + 1, b"waits for ever")),
            envelope.marks(stranger, (far, far, far, far)),
            envelope.ephemeral(stranger, b"forged", None),
            envelope.news(stranger, {1}, {1}),
            envelope.picture(stranger, b"{}"),
            envelope.question(stranger, ["c1"]),
            envelope.goodbye(other.id),
        ):
            redis.ask("PUBLISH", f"{one.bus.prefix}{place}", said)
    other.commit()
    await eventually(lambda: bool(ear.events))
    assert (ear.events, ear.ephemeral) == ([(0, 1)], [])
    assert (one.news, one.pictures, one.questions, one.goodbyes) == ([], [], [], [])
    assert one.bus.measures["foreign"] == 22


async def test_what_a_node_says_cannot_be_repeated_elsewhere(redis: Redis, pair: list[Node]) -> None:
    one, other = pair
    ears = {name: await one.listen(name) for name in ("c1", "c2")}
    with Client(port=redis.port) as client, client.pubsub() as tap:
        tap.subscribe(f"{one.bus.prefix}c1")
        tap.get_message(timeout=PATIENCE_SECONDS)
        other.commit("c1")
        overheard = await asyncio.to_thread(tap.get_message, timeout=PATIENCE_SECONDS)
        assert overheard is not None
        client.publish(f"{one.bus.prefix}c2", overheard["data"])
    await eventually(lambda: one.bus.measures["foreign"] == 1)
    assert ears["c2"].events == []


async def test_only_channels_with_listeners_here_are_subscribed(redis: Redis, pair: list[Node]) -> None:
    one, other = pair
    ears = {name: await one.listen(name) for name in ("c1", "c2")}
    await other.listen("c2")

    def subscribed() -> dict[str, int]:
        answer = redis.ask("PUBSUB", "CHANNELS", f"{one.bus.prefix}*")
        assert isinstance(answer, list)
        found = redis.ask("PUBSUB", "NUMSUB", *answer)
        assert isinstance(found, list)
        return {name.removeprefix(one.bus.prefix): count for name, count in zip(found[::2], found[1::2], strict=True)}

    assert subscribed() == {NODES: 2, "c1": 1, "c2": 2}
    for name, ear in ears.items():
        one.switchboard.unsubscribe(name, ear)
    await eventually(lambda: subscribed() == {NODES: 2, "c2": 1})
    received = one.bus.measures["received"]
    other.commit("c2", 50)
    other.bus.news({1}, set())
    await eventually(lambda: one.news == [({1}, set())])
    assert one.bus.measures["received"] == received + 1


async def test_who_comes_and_goes_in_one_turn_leaves_the_subscription_right(pair: list[Node]) -> None:
    one, other = pair
    ear = await one.listen()
    for _ in range(5):
        one.switchboard.unsubscribe("c1", ear)
        one.switchboard.subscribe("c1", ear)
    one.switchboard.at("c1", 0)
    other.commit()
    await eventually(lambda: at(ear) == 1)


async def test_what_was_said_before_the_subscription_was_live_is_read_at_once(pair: list[Node]) -> None:
    one, other = pair
    other.store.versions["c1"] = 4
    other.store.marks["c1"] = (4, 4, 2, 1)
    ear = await one.listen(version=1)
    await eventually(lambda: ear.events == [(1, 4)])
    assert one.store.compared == [["c1"]]
    assert one.bus.measures["gaps"] == 1
    assert len(ear.ephemeral) == 1


async def test_many_subscriptions_are_compared_with_the_store_in_few_readings(pair: list[Node]) -> None:
    one, _ = pair
    names = [f"c{number}" for number in range(300)]
    await asyncio.gather(*(one.listen(name) for name in names))
    await eventually(lambda: sum(map(len, one.store.compared)) == 300)
    assert len(one.store.compared) <= 10
    assert one.bus.measures["gaps"] == 0


async def test_installations_on_one_broker_do_not_hear_each_other(redis: Redis, pair: list[Node]) -> None:
    async with nodes_on(redis) as strangers:
        stranger, ear = strangers[0], await pair[0].listen()
        await stranger.listen()
        stranger.commit()
        stranger.bus.news({9}, set())
        pair[1].commit()
        await eventually(lambda: at(ear) == 1 and stranger.news == [({9}, set())])
        assert pair[0].news == pair[1].news == []


async def test_questions_go_out_for_what_is_heard_and_pictures_come_back(pair: list[Node]) -> None:
    one, other = pair
    await one.listen()
    one.bus.ask(["c1", "never opened"])
    one.bus.ask(["never opened"])
    await eventually(lambda: other.questions == [["c1"]])
    other.bus.picture("c1", b"who")
    other.bus.picture(NODES, b"agents")
    await eventually(lambda: one.pictures == [("c1", other.id, b"who"), (NODES, other.id, b"agents")])


async def test_a_node_that_stops_says_goodbye(redis: Redis, pair: list[Node]) -> None:
    one, other = pair
    await one.bus.stop()
    await eventually(lambda: other.goodbyes == [one.id])


async def test_what_a_later_release_says_is_passed_over(redis: Redis, pair: list[Node]) -> None:
    one, other = pair
    ear = await one.listen()
    redis.ask("PUBLISH", f"{one.bus.prefix}c1", "somebody\x63 new")
    redis.ask("PUBLISH", f"{one.bus.prefix}c1", "cut")
    other.commit()
    await eventually(lambda: at(ear) == 1)
    assert one.bus.measures["reconnects"] == 0


async def test_a_broker_that_is_killed_leaves_each_node_its_own_people_and_is_found_again(
    broker: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async with nodes_on(broker) as nodes:
        one, other = nodes
        near, far = await one.listen(), await other.listen()
        broker.stop(signal.SIGKILL)
        for node in nodes:
            await node.down()
        one.commit(count=3)
        assert at(near) == 3
        await eventually(lambda: one.bus.measures["dropped"] >= 3)
        broker.start()
        for node in nodes:
            await node.up()
        # Nobody said anything since: the subscription itself is the gap.
        await eventually(lambda: at(far) == 3)
        one.commit()
        await eventually(lambda: at(far) == 4)
        assert [record.levelname for record in caplog.records if "no broker" in record.message] == ["WARNING"] * 2


async def test_a_broker_that_hangs_is_noticed_and_found_again(broker: Redis) -> None:
    async with nodes_on(broker) as nodes:
        one, other = nodes
        near, far = await one.listen(), await other.listen()
        broker.pause()
        one.commit()
        assert at(near) == 1
        for node in nodes:
            await node.down()
        broker.resume()
        for node in nodes:
            await node.up()
        one.commit()
        await eventually(lambda: at(far) == 2)


async def test_a_subscription_that_was_cut_is_made_again_and_compared(broker: Redis) -> None:
    async with nodes_on(broker) as nodes:
        one, other = nodes
        ear = await one.listen()
        other.live.clear()
        one.live.clear()
        broker.kill_listeners()
        # Whether it is heard or found afterwards is all the same.
        other.commit(count=2)
        await eventually(lambda: "c1" in one.live and NODES in other.live)
        other.commit()
        await eventually(lambda: at(ear) == 3)
        assert one.bus.measures["reconnects"] == other.bus.measures["reconnects"] == 1


async def test_flushing_the_broker_loses_nothing(broker: Redis) -> None:
    async with nodes_on(broker) as nodes:
        one, other = nodes
        ear = await one.listen()
        broker.flush()
        other.commit()
        await eventually(lambda: at(ear) == 1)
        assert all(node.bus.problem is None for node in nodes)


async def test_a_node_starts_without_a_broker_and_finds_it_later(broker: Redis) -> None:
    broker.stop(signal.SIGKILL)
    node = Node(broker, Store(), "later")
    node.bus.start()
    try:
        await node.down()
        ear = Ear()
        node.switchboard.subscribe("c1", ear)
        node.switchboard.at("c1", 0)
        node.commit()
        assert at(ear) == 1
        broker.start()
        await node.up()
        await eventually(lambda: "c1" in node.live)
    finally:
        await node.bus.stop()


async def test_a_broker_that_takes_no_commands_of_ours_is_not_fatal(broker: Redis) -> None:
    async with nodes_on(broker) as nodes:
        one, other = nodes
        near, far = await one.listen(), await other.listen()
        broker.ask("ACL", "SETUSER", "default", "-publish")
        one.commit()
        await eventually(lambda: one.bus.measures["dropped"] == 1)
        assert at(near) == 1
        broker.ask("ACL", "SETUSER", "default", "+publish")
        one.commit()
        await eventually(lambda: at(far) == 2)
        assert one.store.holes_read == [("c1", 0)]


class Guarded(Redis):
    """A broker that lets us in with a password, and to no more than we need."""

    rights = (
        "~widget:* &widget:* +client|setname +ping +publish +subscribe +unsubscribe"
        " +eval +incrby +incr +decr +get +set +del +pttl +pexpire"
    )

    @override
    def start(self) -> None:
        super().start()
        self.ask("ACL", "SETUSER", "widget", "on", ">a password", *self.rights.split())

    @property
    @override
    def url(self) -> str:
        return f"redis://widget:a%20password@127.0.0.1:{self.port}/0"


async def test_a_password_and_few_rights_are_enough() -> None:
    with Guarded() as broker:
        async with nodes_on(broker) as nodes:
            one, other = nodes
            far = await other.listen()
            one.commit()
            throttle = SignInThrottle("10/10minutes", b"a key", lambda: 1_000_000, one.bus.ledger)
            await throttle.attempt("ada@example.com", "198.51.100.7", None)
            await throttle.succeeded("ada@example.com", "198.51.100.7", None)
            counters = SharedCounters(lambda: 1_000_000, one.bus.ledger, "visitor")
            assert counters.incr("ada", 60) == 1
            await eventually(lambda: at(far) == 1 and not counters._untold)
            assert one.bus.measures["dropped"] == one.bus.measures["alone"] == 0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.lists(st.integers(1, 6), min_size=1, max_size=12))
async def test_whoever_writes_whatever_crosses_every_listener_ends_at_the_present(
    redis: Redis, seed: int, bursts: list[int]
) -> None:
    chance = random.Random(seed)
    async with nodes_on(redis, 3) as nodes:
        ears = [await node.listen() for node in nodes]
        for burst in bursts:
            writer = chance.choice(nodes)
            if chance.random() < 0.2:
                # Committed, and its hint lost: the next one shows the hole.
                writer.store.versions["c1"] += burst
            else:
                writer.commit(count=burst)
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        nodes[0].commit()
        present = nodes[0].store.versions["c1"]
        await eventually(lambda: all(at(ear) == present for ear in ears))
