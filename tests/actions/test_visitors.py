"""Visitors: nothing is stored before they write, and what they tell is shown to the staff of their site alone."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from tests.clients.state import fresh_id
from widget_server.actions.access import access_visitor
from widget_server.actions.visitors import do_contact, do_context, do_sign_out, do_start, own_conversations
from widget_server.core.errors import Refused, Unacceptable
from widget_server.protocol import frames as f
from widget_server.store.statement import Statement
from widget_server.store.tables import metadata, outbox

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.actions.actors import Agent, Visitor
    from widget_server.store.records import State

COUNTS = {name: Statement(select(func.count()).select_from(table)) for name, table in metadata.tables.items()}
OUTBOX = Statement(select(outbox.c.topic, outbox.c.payload))


async def counts(works: Works) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, statement in COUNTS.items():
        row = await works.engine.database.read(lambda tx, s=statement: tx.one(s))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        found[name] = row[0]
    return found


async def contact(works: Works, visitor: Visitor, **said: Any) -> None:
    await do_contact(works.engine, visitor, f.SetContact(t="contact", ref=1, **said))


async def staff_head(works: Works, agent: Agent, channel: str) -> State:
    frames = await works.resume(agent, await works.staff_of(agent, channel))
    head = frames[0]["head"]
    assert isinstance(head, dict)
    return head


async def test_nothing_is_stored_of_a_visitor_who_has_not_written(works: Works) -> None:
    visitor = works.visitor()
    before = await counts(works)
    await do_context(works.engine, visitor, f.Context(page="https://shop.test/"))
    await contact(works, visitor, name="Ada", attributes={"plan": "pro"})
    await do_sign_out(works.engine, visitor)
    assert await counts(works) == before
    assert await works.engine.database.read(lambda tx: access_visitor(tx, visitor)) is None


async def test_the_first_message_makes_everything_at_once_with_what_was_said_before(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    await do_context(works.engine, visitor, f.Context(page="https://shop.test/", language="en"))
    await contact(works, visitor, name="Ada", mail="ada@example.com", attributes={"plan": "pro"})
    before = await counts(works)
    sent = await works.start(visitor, context=f.Context(title="Plums"))
    after = await counts(works)
    made = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert made == {
        "person": 1, "identity": 1, "channel": 2, "conversation": 1, "membership": 1, "message": 1, "contact": 1,
        "outbox": 1,
    }  # fmt: skip
    assert (sent.seq, sent.version) == (1, 1)
    assert visitor.author is not None
    assert visitor.author.name == "Ada"
    told = (await staff_head(works, agent, sent.channel))["contact"]
    assert {key: value for key, value in told.items() if value} == {
        "name": "Ada", "mail": "ada@example.com", "attributes": {"plan": "pro"}, "page": "https://shop.test/",
        "language": "en", "title": "Plums", "browser": "Firefox",
    }  # fmt: skip
    row = await works.engine.database.read(lambda tx: tx.one(OUTBOX))
    assert row is not None
    assert (row[0], json.loads(row[1])) == ("conversation.created", {"channel": sent.channel})


async def test_a_repeated_start_is_the_same_conversation_also_at_the_same_time(works: Works) -> None:
    visitor = works.visitor()
    frame = f.Send(t="send", ref=1, client_id=fresh_id(), start=fresh_id(), body="Hello")
    outcomes = await asyncio.gather(
        *(works.sent(lambda answer: do_start(works.engine, visitor, frame, answer)) for _ in range(4))
    )
    assert len(set(outcomes)) == 1
    made = await counts(works)
    assert (made["person"], made["channel"], made["message"], made["outbox"]) == (1, 2, 1, 1)
    second = await works.start(visitor, "more", frame.start)
    assert (second.channel, second.seq) == (outcomes[0].channel, 2)


async def test_the_same_message_under_another_start_is_a_conflict_and_makes_nothing(works: Works) -> None:
    visitor = works.visitor()
    frame = f.Send(t="send", ref=1, client_id=fresh_id(), start=fresh_id(), body="Hello")
    await works.sent(lambda answer: do_start(works.engine, visitor, frame, answer))
    before = await counts(works)
    other = frame.model_copy(update={"start": fresh_id()})
    with pytest.raises(Unacceptable, match="conflict"):
        await works.sent(lambda answer: do_start(works.engine, visitor, other, answer))
    assert await counts(works) == before


async def test_two_sites_never_share_a_visitor(works: Works) -> None:
    visitor = works.visitor()
    await works.start(visitor)
    elsewhere = works.visitor(await works.new_site("other"))
    elsewhere.token_hash = visitor.token_hash
    assert await works.engine.database.read(lambda tx: access_visitor(tx, elsewhere)) is None
    await works.start(elsewhere)
    assert elsewhere.author is not None
    assert visitor.author is not None
    assert elsewhere.author.public_id != visitor.author.public_id


async def test_what_is_said_later_is_joined_and_what_is_left_out_stays(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    channel = (await works.start(visitor)).channel
    await contact(works, visitor, name=" Ada\u200b ", attributes={"plan": "pro", "seats": 3})
    await contact(works, visitor, mail="ada@example.com", attributes={"seats": 4, "vip": True})
    told = await staff_head(works, agent, channel)
    assert told["visitor"]["name"] == "Ada"
    assert told["contact"]["mail"] == "ada@example.com"
    assert told["contact"]["attributes"] == {"plan": "pro", "seats": 4, "vip": True}
    events = len(works.published)
    await contact(works, visitor, name="Ada", attributes={"vip": True})
    assert works.published[events:] == [] or works.published[-1].events == []


async def test_what_changes_of_a_visitor_is_told_in_every_conversation_of_theirs(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    channels = [(await works.start(visitor)).channel for _ in range(2)]
    staff = [await works.staff_of(agent, channel) for channel in channels]
    works.published.clear()
    await contact(works, visitor, name="Ada")
    for name in staff:
        (event,) = works.events(name)
        assert event.head is not None
        assert event.head["visitor"]["name"] == "Ada"
    works.published.clear()
    await do_context(works.engine, visitor, f.Context(page="https://shop.test/next"))
    assert [len(works.events(name)) for name in staff] == [1, 1]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"name": "x" * 81}, "line_too_long"),
        ({"attributes": {" ": 1}}, "line_empty"),
        ({"attributes": {"k": "x" * 201}}, "line_too_long"),
        ({"mail": "a\x00b"}, "bad_text"),
    ],
)
async def test_what_cannot_be_kept_of_a_visitor_is_refused(works: Works, said: dict[str, Any], name: str) -> None:
    visitor = works.visitor()
    await works.start(visitor)
    with pytest.raises(Unacceptable, match=name):
        await contact(works, visitor, **said)


async def test_an_ended_token_opens_nothing_and_starts_nothing(works: Works) -> None:
    visitor = works.visitor()
    await works.start(visitor)
    await do_sign_out(works.engine, visitor)
    with pytest.raises(Refused, match="token_ended"):
        await works.engine.database.read(lambda tx: access_visitor(tx, visitor))
    with pytest.raises(Refused, match="token_ended"):
        await works.start(visitor)
    with pytest.raises(Refused, match="token_ended"):
        await do_sign_out(works.engine, visitor)


async def test_ones_own_conversations_come_with_what_is_unread(works: Works) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    start = fresh_id()
    first = (await works.start(visitor, start=start)).channel
    works.clock.now += 1
    second = (await works.start(visitor)).channel
    for n in range(101):
        await works.send(agent, first, f"{n}")
    works.clock.now += 1
    await works.send(agent, first, "last")
    author = visitor.author
    assert author is not None
    own = await works.engine.database.read(lambda tx: own_conversations(tx, author))
    assert [(each["channel"], each["unread"], each["last_seq"]) for each in own] == [(first, 100, 103), (second, 0, 1)]
    assert own[0]["start"] == start
    assert [each["mail"] for each in own] == [False, False]
    await do_contact(works.engine, visitor, f.SetContact(t="contact", ref=1, mail="ada@example.com"))
    await works.receipt(visitor, first, 103, 100)
    own = await works.engine.database.read(lambda tx: own_conversations(tx, author))
    assert own[0]["unread"] == 3
    assert [each["mail"] for each in own] == [True, True]
