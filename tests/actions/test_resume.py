"""Between a client's position and the present: exactly what docs/protocol.md draws (G05)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.clients.state import fresh_id
from widget_server.actions.messages import history
from widget_server.actions.resume import FRESH, refill
from widget_server.protocol.answers import SERVER_FRAME
from widget_server.protocol.encode import RESUME_MAX
from widget_server.protocol.frames import History, Position

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.actions.actors import Visitor
    from widget_server.store.records import State


async def talk(works: Works, messages: int = 1) -> tuple[Visitor, str]:
    """A visitor whose conversation has so many messages."""
    visitor = works.visitor()
    channel = (await works.start(visitor, "1")).channel
    for n in range(2, messages + 1):
        await works.send(visitor, channel, f"{n}")
    return visitor, channel


def position(
    channel: str, version: int, first: int, last: int, *, epoch: str = "epoch-1", tail: bool = True
) -> Position:
    return Position(channel=channel, epoch=epoch, version=version, first=first, last=last, tail=tail)


def kinds(frames: list[State]) -> list[str]:
    for frame in frames:
        SERVER_FRAME.validate_python(frame)
    return [frame["t"] for frame in frames]


def bodies(frames: list[State]) -> list[tuple[int, str]]:
    return [(each["seq"], each["body"]) for frame in frames if frame["t"] == "messages" for each in frame["messages"]]


async def test_without_a_position_one_gets_the_head_and_the_newest_messages(works: Works) -> None:
    visitor, channel = await talk(works, FRESH + 5)
    frames = await works.resume(visitor, channel)
    assert kinds(frames) == ["head", "messages", "synced"]
    assert [seq for seq, _ in bodies(frames)] == list(range(6, FRESH + 6))
    head, synced = frames[0], frames[-1]
    assert (head["version"], head["last_seq"], head["first_seq"], head["epoch"]) == (55, 55, 1, "epoch-1")
    assert head["marks"] == {"visitor": {"delivered": 55, "seen": 55}, "agents": {"delivered": 0, "seen": 0}}
    assert synced["version"] == head["version"]
    assert head.get("staff") is None


async def test_the_empty_position_is_a_fresh_load_and_no_reset(works: Works) -> None:
    visitor, channel = await talk(works, 3)
    nothing = position(channel, 0, 0, 0, epoch="")
    assert await works.resume(visitor, channel, nothing) == await works.resume(visitor, channel)


async def test_who_missed_nothing_is_sent_no_message(works: Works) -> None:
    visitor, channel = await talk(works, 3)
    assert kinds(await works.resume(visitor, channel, position(channel, 3, 1, 3))) == ["head", "synced"]


async def test_new_messages_come_in_order_and_then_the_changed_ones_of_the_window(works: Works) -> None:
    visitor, channel = await talk(works, 6)
    await works.edit(visitor, channel, 2, 1, "two")
    await works.send(visitor, channel, "7")
    await works.edit(visitor, channel, 7, 1, "seven")
    await works.edit(visitor, channel, 5, 1, "five")
    await works.remove(visitor, channel, 4)
    frames = await works.resume(visitor, channel, position(channel, 6, 4, 6))
    assert bodies(frames) == [(7, "seven"), (5, "five"), (4, "")]
    assert frames[0]["version"] == frames[-1]["version"] == 11


async def test_who_does_not_hold_the_tail_gets_no_new_messages(works: Works) -> None:
    visitor, channel = await talk(works, 6)
    await works.edit(visitor, channel, 2, 1, "two")
    frames = await works.resume(visitor, channel, position(channel, 4, 1, 3, tail=False))
    assert bodies(frames) == [(2, "two")]


async def test_a_change_outside_the_window_is_not_sent(works: Works) -> None:
    visitor, channel = await talk(works, 6)
    await works.edit(visitor, channel, 1, 1, "one")
    assert bodies(await works.resume(visitor, channel, position(channel, 6, 3, 6))) == []


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"version": 3, "first": 1, "last": 3, "epoch": "another"}, "epoch"),
        ({"version": 4, "first": 1, "last": 3}, "ahead"),
        ({"version": 3, "first": 1, "last": 4}, "ahead"),
        ({"version": 2**53 - 1, "first": 2**53 - 1, "last": 2**53 - 1}, "ahead"),
    ],
)
async def test_a_position_that_cannot_be_continued_is_reset_and_loaded_afresh(
    works: Works, held: dict[str, Any], reason: str
) -> None:
    visitor, channel = await talk(works, 3)
    reset, *rest = await works.resume(visitor, channel, position(channel, **held))
    assert (reset["t"], reset["reason"]) == ("reset", reason)
    assert rest == await works.resume(visitor, channel)


@pytest.mark.parametrize(("changes", "is_reset"), [(RESUME_MAX, False), (RESUME_MAX + 1, True)])
async def test_as_many_changes_as_are_worth_it_are_sent_one_by_one(works: Works, changes: int, is_reset: bool) -> None:
    visitor, channel = await talk(works, 1 + changes)
    frames = await works.resume(visitor, channel, position(channel, 1, 1, 1))
    assert (frames[0]["t"] == "reset") == is_reset
    if is_reset:
        assert frames[0]["reason"] == "too_many"
        assert len(bodies(frames)) == FRESH
    else:
        assert bodies(frames) == [(n, f"{n}") for n in range(2, changes + 2)]
        assert all(len(frame.get("messages", ())) <= 100 for frame in frames)


async def test_what_is_not_there_or_not_ones_own_is_gone(works: Works) -> None:
    visitor, channel = await talk(works)
    agent = await works.new_agent()
    staff = await works.staff_of(agent, channel)
    for actor, name in ((visitor, fresh_id()), (works.visitor(), channel), (visitor, staff)):
        assert await works.resume(actor, name) == [{"t": "gone", "channel": name}]


async def test_agents_see_the_staff_channel_with_all_that_the_visitor_may_not_know(works: Works) -> None:
    _, channel = await talk(works)
    agent = await works.new_agent()
    head = (await works.resume(agent, channel))[0]
    staff = (await works.resume(agent, head["staff"]))[0]
    assert staff["head"]["beside"] == channel
    assert staff["head"]["status"] == "open"
    assert staff["head"]["contact"]["browser"] == "Firefox"
    assert staff.get("marks") is None


# --- a hole of the node


async def test_a_hole_is_one_event_with_everything_since(works: Works) -> None:
    visitor, channel = await talk(works, 4)
    await works.edit(visitor, channel, 1, 1, "one")
    await works.send(visitor, channel, "5")
    missed = await refill(works.engine.database, channel, 3)
    assert missed.event is not None
    assert (missed.event.from_version, missed.event.to_version) == (3, 6)
    event = orjson.loads(missed.event.data)
    SERVER_FRAME.validate_python(event)
    assert [(each["seq"], each["body"]) for each in event["messages"]] == [(1, "one"), (4, "4"), (5, "5")]
    assert event["head"] == {"kind": "conversation", "status": "open"}


async def test_a_hole_of_a_staff_channel_brings_its_head(works: Works) -> None:
    _, channel = await talk(works)
    agent = await works.new_agent()
    staff = await works.staff_of(agent, channel)
    await works.send(agent, staff, "note", after_seq=1)
    missed = await refill(works.engine.database, staff, 0)
    assert missed.event is not None
    event = orjson.loads(missed.event.data)
    assert (event["head"]["kind"], event["messages"][0]["after_seq"]) == ("staff", 1)


async def test_a_hole_that_is_too_deep_or_of_nothing_sends_everybody_to_resume(works: Works) -> None:
    _, channel = await talk(works, RESUME_MAX + 2)
    database = works.engine.database
    assert (await refill(database, channel, 1)).event is None
    assert (await refill(database, channel, 2)).event is not None
    assert (await refill(database, channel, RESUME_MAX + 3)).event is None
    assert (await refill(database, fresh_id(), 0)).event is None


async def test_g10_what_is_sent_at_once_fits_a_slow_reader_however_long_the_messages_are(works: Works) -> None:
    # Each of these signs takes six bytes on the wire. All that was missed came as one burst that no reader behind a
    # slow network could take: their line was closed, they came back, and it began again.
    visitor, channel = await talk(works)
    for _ in range(60):
        await works.send(visitor, channel, "\x01" * 4000)
    fresh = await works.resume(visitor, channel)
    assert kinds(fresh) == ["head", "messages", "synced"]
    shown = [seq for seq, _ in bodies(fresh)]
    assert shown == list(range(shown[0], 62))
    assert 5 < len(shown) < FRESH

    missed = await works.resume(visitor, channel, position(channel, 1, 1, 1))
    assert (kinds(missed)[0], missed[0]["reason"]) == ("reset", "too_many")
    assert missed[1:] == fresh
    few = await works.resume(visitor, channel, position(channel, 59, 1, 59))
    assert (kinds(few), len(bodies(few))) == (["head", "messages", "synced"], 2)
    assert (await refill(works.engine.database, channel, 1)).event is None

    frame = History(t="history", ref=1, channel=channel, before=shown[0], limit=50)
    page = orjson.loads(await history(works.engine, visitor, frame))
    assert [message["seq"] for message in page["messages"]] == list(range(shown[0] - len(shown), shown[0]))
    assert page["more"]
    assert max(len(orjson.dumps(frame)) for frame in [*fresh, *missed, page]) < 300_000
