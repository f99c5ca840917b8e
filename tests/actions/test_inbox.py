"""An agent's lists: pages, counts, what changed, and search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from widget_server.actions.conversations import do_assign, do_set_status
from widget_server.actions.inbox import CHANGED_MAX, page, search, since
from widget_server.core.permissions import Role
from widget_server.protocol import frames as f
from widget_server.protocol.answers import SERVER_FRAME

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.actions.actors import Agent


async def rows(works: Works, agent: Agent, status: str = "open", who: str = "all", **more: Any) -> dict[str, Any]:
    view = f.ListView(status=status, who=who)  # type: ignore[arg-type]  # parametrised
    data = await page(works.engine, agent, f.ListInbox(t="inbox", ref=3, view=view, **more))
    SERVER_FRAME.validate_json(data)
    answer = orjson.loads(data)
    assert isinstance(answer, dict)
    return answer


async def changed(works: Works, agent: Agent, cursor: int, epoch: str | None = "epoch-1") -> dict[str, Any]:
    data = await since(works.engine, agent, cursor, epoch)
    SERVER_FRAME.validate_json(data)
    answer = orjson.loads(data)
    assert isinstance(answer, dict)
    return answer


async def found(works: Works, agent: Agent, text: str) -> list[tuple[int, str]]:
    data = await search(works.engine, agent, f.Search(t="search", ref=4, text=text))
    SERVER_FRAME.validate_json(data)
    return [(hit["seq"], hit["text"]) for hit in orjson.loads(data)["hits"]]


async def test_pages_lead_through_all_conversations_once_newest_activity_first(works: Works) -> None:
    agent = await works.new_agent()
    channels = []
    for n in range(7):
        works.clock.now += n % 2
        channels.append((await works.start(works.visitor())).channel)
    listed: list[str] = []
    before: str | None = None
    pages = 0
    while pages == 0 or before is not None:
        answer = await rows(works, agent, limit=3, before=before)
        listed += [row["channel"] for row in answer["rows"]]
        before = answer["next"]
        pages += 1
    assert pages == 3
    assert listed == channels[::-1]


async def test_views_show_ones_own_nobodys_and_all_with_counts_beside(works: Works) -> None:
    grace, linus = await works.new_agent("Grace"), await works.new_agent("Linus")
    channels = [(await works.start(works.visitor())).channel for _ in range(3)]
    for channel, agent in zip(channels, (grace, linus), strict=False):
        frame = f.Assign(t="assign", ref=1, channel=channel, assignee=agent.author.public_id)
        await do_assign(works.engine, grace, frame)
    await do_set_status(works.engine, grace, f.SetStatus(t="status", ref=1, channel=channels[1], status="pending"))
    expected = {("open", "mine"): [0], ("open", "unassigned"): [2], ("open", "all"): [0, 2], ("pending", "mine"): []}
    for (status, who), numbers in expected.items():
        answer = await rows(works, grace, status, who)
        assert {row["channel"] for row in answer["rows"]} == {channels[n] for n in numbers}, (status, who)
    counts = {(status, assignee): count for status, assignee, count in (await rows(works, grace))["counts"]}
    assert counts == {
        ("open", grace.author.public_id): 1,
        ("open", None): 1,
        ("pending", linus.author.public_id): 1,
    }


async def test_a_row_tells_what_a_list_shows(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    channel = (await works.start(visitor, "  first\nline  " + "x" * 200)).channel
    (row,) = (await rows(works, agent))["rows"]
    assert (row["site"], row["unread"], row["last_seq"], row["version"], row["status"]) == ("shop", 1, 1, 1, "open")
    assert row["preview"].startswith("first line xxx")
    assert len(row["preview"]) <= 140
    await works.send(agent, channel, "answer")
    (row,) = (await rows(works, agent))["rows"]
    assert (row["preview"], row["preview_role"], row["unread"]) == ("answer", "agent", 1)
    await works.receipt(agent, channel, 2, 2)
    assert (await rows(works, agent))["rows"][0]["unread"] == 0
    for n in range(101):
        await works.send(visitor, channel, f"{n}")
    assert (await rows(works, agent))["rows"][0]["unread"] == 100


async def test_what_changed_since_a_cursor_is_told_and_too_much_is_not(works: Works) -> None:
    agent = await works.new_agent()
    visitor = works.visitor()
    await works.start(visitor)
    cursor = (await changed(works, agent, 0))["cursor"]
    assert (await changed(works, agent, cursor))["rows"] == []
    channel = (await works.start(visitor)).channel
    answer = await changed(works, agent, cursor)
    assert [row["channel"] for row in answer["rows"]] == [channel]
    assert answer["cursor"] > cursor
    for stale in (await changed(works, agent, cursor, "another"), await changed(works, agent, cursor + 10_000)):
        assert (stale["rows"], stale["reset"]) == ([], True)


@pytest.mark.parametrize(("count", "is_reset"), [(CHANGED_MAX, False), (CHANGED_MAX + 1, True)])
async def test_as_many_rows_as_are_worth_it_are_sent_one_by_one(works: Works, count: int, is_reset: bool) -> None:
    agent, visitor = await works.new_agent(), works.visitor()
    cursor = (await changed(works, agent, 0))["cursor"]
    for _ in range(count):
        await works.start(visitor)
    answer = await changed(works, agent, cursor)
    assert answer.get("reset", False) is is_reset
    assert len(answer["rows"]) == (0 if is_reset else count)


async def test_search_finds_the_newest_fitting_message_of_each_conversation(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    channel = (await works.start(visitor, "a Plum")).channel
    await works.send(visitor, channel, "another plum")
    await works.send(visitor, channel, "something else")
    await works.start(works.visitor(), "50% off, under_score, back\\slash")
    assert await found(works, agent, "plum") == [(2, "another plum")]
    for text in ("50%", "under_s", "back\\s"):
        assert len(await found(works, agent, text)) == 1
    for text in ("5_%", "%", "plum%", "'; DROP TABLE message --"):
        assert len(await found(works, agent, text)) == (1 if text == "%" else 0)
    await works.remove(visitor, channel, 2)
    assert await found(works, agent, "plum") == [(1, "a Plum")]


async def test_search_and_lists_know_only_ones_own_sites(works: Works) -> None:
    other = await works.new_site("other")
    stranger = await works.new_agent("Mallory", "other", Role.ADMINISTRATOR)
    await works.start(works.visitor(), "plum")
    assert await found(works, stranger, "plum") == []
    assert (await rows(works, stranger))["rows"] == []
    assert (await changed(works, stranger, 1))["rows"] == []
    await works.start(works.visitor(other), "plum")
    assert len(await found(works, stranger, "plum")) == 1
