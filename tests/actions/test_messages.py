"""Sending, changing and reading messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from tests.clients.state import fresh_id
from widget_server.actions.messages import author_of, digest_of, do_send, history
from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.protocol import frames as f
from widget_server.protocol.answers import SERVER_FRAME

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.store.records import State


async def page(works: Works, actor: object, channel: str, before: int, limit: int = 50) -> State:
    frame = f.History(t="history", ref=9, channel=channel, before=before, limit=limit)
    data = await history(works.engine, actor, frame)  # type: ignore[arg-type]  # any actor
    SERVER_FRAME.validate_json(data)
    answer = orjson.loads(data)
    assert isinstance(answer, dict)
    return answer


async def test_history_is_a_page_in_order_and_says_whether_there_is_more(works: Works) -> None:
    visitor = works.visitor()
    channel = (await works.start(visitor, "1")).channel
    for n in range(2, 8):
        await works.send(visitor, channel, f"{n}")
    newest = await page(works, visitor, channel, 8, 3)
    assert ([each["body"] for each in newest["messages"]], newest["more"], newest["ref"]) == (["5", "6", "7"], True, 9)
    oldest = await page(works, visitor, channel, 5, 4)
    assert ([each["body"] for each in oldest["messages"]], oldest["more"]) == (["1", "2", "3", "4"], False)
    assert (await page(works, visitor, channel, 1))["messages"] == []
    with pytest.raises(Refused, match="not_found"):
        await page(works, works.visitor(), channel, 8)


async def test_a_note_keeps_its_place_and_a_message_has_none(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    channel = (await works.start(visitor)).channel
    staff = await works.staff_of(agent, channel)
    await works.send(agent, staff, "note", after_seq=1)
    await works.send(agent, channel, "answer", after_seq=1)
    assert (await page(works, agent, staff, 9))["messages"][0]["after_seq"] == 1
    assert "after_seq" not in (await page(works, agent, channel, 9))["messages"][1]


async def test_an_answer_names_what_it_answers(works: Works) -> None:
    visitor = works.visitor()
    channel = (await works.start(visitor)).channel
    await works.send(visitor, channel, "and", parent=1)
    assert (await page(works, visitor, channel, 9))["messages"][1]["parent"] == 1


def test_the_digest_covers_text_parent_and_place() -> None:
    frame = f.Send(t="send", ref=1, client_id=fresh_id(), channel=fresh_id(), body="x")
    others = [
        frame.model_copy(update=change) for change in ({"body": "y"}, {"parent": 1}, {"after_seq": 1}, {"parent": 11})
    ]
    assert len({digest_of(each) for each in [frame, *others]}) == 5
    assert digest_of(frame) == digest_of(frame.model_copy(update={"ref": 2, "client_id": fresh_id()}))


async def test_the_time_to_change_a_message_ends(works: Works) -> None:
    visitor = works.visitor()
    channel = (await works.start(visitor)).channel
    works.clock.now += works.engine.policy.edit_ms
    assert (await works.edit(visitor, channel, 1, 1, "in time")).revision == 1
    works.clock.now += 1
    with pytest.raises(Unacceptable, match="edit_closed"):
        await works.edit(visitor, channel, 1, 2, "too late")
    with pytest.raises(Unacceptable, match="edit_closed"):
        await works.remove(visitor, channel, 1)


async def test_a_receipt_in_a_staff_channel_is_nobodys_business(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    channel = (await works.start(visitor)).channel
    staff = await works.staff_of(agent, channel)
    await works.send(agent, staff, "note")
    before = len(works.published)
    await works.receipt(agent, staff, 1, 1)
    assert len(works.published) == before


async def test_who_has_never_written_has_no_name_to_write_under(works: Works) -> None:
    visitor = works.visitor()
    access = await works.access(visitor, (await works.start(visitor)).channel)
    with pytest.raises(Refused, match="not_found"):
        author_of(works.visitor(), access)


async def test_a_full_queue_is_told_to_the_caller(works: Works) -> None:
    visitor = works.visitor()
    channel = (await works.start(visitor)).channel
    access = await works.access(visitor, channel)
    works.engine.committer._queue_max = 0
    frame = f.Send(t="send", ref=1, client_id=fresh_id(), channel=channel, body="x")
    with pytest.raises(TryLater, match="busy"):
        do_send(works.engine, visitor, access, frame, lambda _: None)
