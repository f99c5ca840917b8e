"""What agents do with a conversation: status, assignee, and the lines that tell who did it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.actions.works import NOW
from tests.clients.state import fresh_id
from widget_server.actions.conversations import do_assign, do_set_status, do_wake
from widget_server.core.conversation import Status, public_status
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.times import iso
from widget_server.protocol import frames as f

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.actions.actors import Agent
    from widget_server.store.records import State


class Case:
    """A conversation, its agent, and what was published since it began."""

    def __init__(self, works: Works, agent: Agent, channel: str, staff: str) -> None:
        self.works = works
        self.agent = agent
        self.channel = channel
        self.staff = staff

    async def set(self, status: str, until: str | None = None, channel: str | None = None) -> None:
        frame = f.SetStatus(t="status", ref=1, channel=channel or self.channel, status=status, until=until)  # type: ignore[arg-type]  # parametrised
        await do_set_status(self.works.engine, self.agent, frame)

    async def assign(self, person: str | None, channel: str | None = None) -> None:
        frame = f.Assign(t="assign", ref=1, channel=channel or self.channel, assignee=person)
        await do_assign(self.works.engine, self.agent, frame)

    async def head(self) -> State:
        """What the staff see."""
        frames = await self.works.resume(self.agent, self.staff)
        head = frames[0]["head"]
        assert isinstance(head, dict)
        return head

    async def lines(self) -> list[Any]:
        """What the staff channel tells about who did what."""
        frames = await self.works.resume(self.agent, self.staff)
        told = [each for frame in frames if frame["t"] == "messages" for each in frame["messages"]]
        return [json.loads(each["body"]) for each in told if each["kind"] == "system"]


@pytest.fixture
async def case(works: Works) -> Case:
    agent = await works.new_agent("Grace")
    channel = (await works.start(works.visitor())).channel
    staff = await works.staff_of(agent, channel)
    works.published.clear()
    return Case(works, agent, channel, staff)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SNOOZED])
async def test_a_status_is_set_told_and_written_down(case: Case, status: Status) -> None:
    await case.set(status)
    assert (await case.head())["status"] == status
    is_changed = status is not Status.OPEN
    assert await case.lines() == ([{"event": "status", "status": status}] if is_changed else [])
    public = case.works.events(case.channel)
    told = [event.head["status"] for event in public if event.head is not None]
    assert told == (["resolved"] if public_status(status) == "resolved" else [])
    staff = [(event.from_version, event.to_version) for event in case.works.events(case.staff)]
    assert staff == ([(0, 1), (1, 2)] if is_changed else [])


async def test_setting_what_already_holds_changes_and_tells_nothing(case: Case) -> None:
    await case.set("pending")
    count = len(case.works.events(case.staff))
    await case.set("pending")
    assert len(case.works.events(case.staff)) == count
    await case.assign(case.agent.author.public_id)
    count = len(case.works.events(case.staff))
    await case.assign(case.agent.author.public_id)
    assert len(case.works.events(case.staff)) == count


async def test_a_snooze_has_an_end_that_can_be_moved_and_wakes_once(case: Case) -> None:
    await case.set("snoozed", iso(NOW + 60_000))
    assert (await case.head())["snoozed_until"] == iso(NOW + 60_000)
    await case.set("snoozed", iso(NOW + 90_000))
    assert [line["until"] for line in await case.lines()] == [iso(NOW + 60_000), iso(NOW + 90_000)]
    case.works.clock.now += 60_000
    assert await do_wake(case.works.engine) == 0
    case.works.clock.now += 30_000
    assert await do_wake(case.works.engine) == 1
    head = await case.head()
    assert (head["status"], head["snoozed_until"]) == ("open", None)
    assert await do_wake(case.works.engine) == 0
    assert case.works.events(case.channel) == []


@pytest.mark.parametrize("after", ["resolved", "open", "spam"])
async def test_what_was_taken_out_of_its_sleep_does_not_wake(case: Case, after: str) -> None:
    await case.set("snoozed", iso(NOW + 60_000))
    await case.set(after)
    case.works.clock.now += 61_000
    assert await do_wake(case.works.engine) == 0
    assert (await case.head())["status"] == after


async def test_a_message_ends_the_sleep(case: Case) -> None:
    await case.set("snoozed", iso(NOW + 60_000))
    await case.works.send(case.agent, case.channel, "here again")
    head = await case.head()
    assert (head["status"], head["snoozed_until"]) == ("open", None)


@pytest.mark.parametrize("until", [None, "", "soon", iso(NOW), iso(NOW - 1), iso(NOW + 367 * 86_400_000), "2027-01-01"])
async def test_a_sleep_needs_an_end_in_the_coming_year(case: Case, until: str | None) -> None:
    with pytest.raises(Unacceptable, match="bad_value"):
        await case.set("snoozed", until)
    with pytest.raises(Unacceptable, match="bad_value"):
        await case.set("open", iso(NOW + 1))


async def test_assigning_is_told_to_the_staff_alone(case: Case) -> None:
    other = await case.works.new_agent("Linus", "shop")
    await case.assign(other.author.public_id)
    assert (await case.head())["assignee"]["name"] == "Linus"
    await case.assign(None)
    assert (await case.head())["assignee"] is None
    assert [(line["event"], (line["to"] or {}).get("name")) for line in await case.lines()] == [
        ("assigned", "Linus"),
        ("assigned", None),
    ]
    assert case.works.events(case.channel) == []


async def test_only_who_may_answer_the_site_can_be_given_its_conversations(case: Case) -> None:
    await case.works.new_site("other")
    stranger = await case.works.new_agent("Mallory", "other")
    for person in (stranger.author.public_id, fresh_id()):
        with pytest.raises(Refused, match="not_found"):
            await case.assign(person)


async def test_a_command_needs_a_conversation(case: Case) -> None:
    for channel in (case.staff, fresh_id()):
        with pytest.raises(Refused, match="not_found"):
            await case.set("resolved", channel=channel)
        with pytest.raises(Refused, match="not_found"):
            await case.assign(None, channel=channel)
