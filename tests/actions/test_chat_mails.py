"""Mails about conversations: agents are told once of what nobody answers, visitors of what they have not seen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from sqlalchemy import select

from tests.actions.works import NOW, beside
from widget_server.actions.actors import Visitor
from widget_server.actions.chat_mails import do_switch_missed, is_told_of_missed
from widget_server.actions.contact_mail import do_leave_mail
from widget_server.actions.conversations import do_assign, do_set_status
from widget_server.actions.mailing import Mail
from widget_server.actions.sites import do_update_site
from widget_server.actions.visitors import do_contact
from widget_server.core.chat_mails import UNCONFIRMED_MAX
from widget_server.core.permissions import Role
from widget_server.protocol import frames as f
from widget_server.store.statement import Statement
from widget_server.store.tables import outbox
from widget_server.workers.chat_mails import ChatMails

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.actions.actors import Agent

MINUTE = 60_000
ROWS = Statement(select(outbox.c.payload).where(outbox.c.topic == "mail").order_by(outbox.c.id))


async def mails(works: Works, mail: Mail = Mail.MISSED_CHAT) -> list[dict[str, Any]]:
    """The mails of a kind that were written."""
    rows = await works.engine.database.read(lambda tx: tx.all(ROWS))
    return [payload for (text,) in rows if (payload := orjson.loads(text))["mail"] == mail]


async def told(works: Works) -> list[str]:
    return sorted(payload["to"] for payload in await mails(works))


async def pass_minutes(works: Works, minutes: float, worker: ChatMails | None = None) -> None:
    """Let a worker look, time pass, and it look again."""
    looks = worker or ChatMails(works.engine)
    await looks.beat()
    works.clock.now += int(minutes * MINUTE)
    await looks.beat()


async def set_up(works: Works, agent: Agent, **changes: object) -> None:
    """Change the site's settings as its administrator does."""
    await do_update_site(works.engine.database, agent.rights, "shop", changes, now_ms=NOW)


async def test_agents_are_mailed_once_when_nobody_answers_within_the_sites_limit(works: Works) -> None:
    await works.new_agent("Grace")
    await works.new_agent("Edsger")
    sent = await works.start(works.visitor())
    await pass_minutes(works, 4.9)
    assert await told(works) == []
    await pass_minutes(works, 0.2)
    assert await told(works) == ["Edsger@example.com", "Grace@example.com"]
    facts = (await mails(works))[0]["facts"]
    assert facts["path"] == f"/console#/c/{sent.channel}"
    assert "Hello" not in str(facts)
    await pass_minutes(works, 60)
    assert len(await told(works)) == 2


async def test_a_stretch_that_was_told_is_told_again_only_after_an_answer(works: Works) -> None:
    grace = await works.new_agent("Grace")
    visitor = works.visitor()
    sent = await works.start(visitor)
    await pass_minutes(works, 6)
    await works.send(visitor, sent.channel, "Is anybody there?")
    await pass_minutes(works, 60)
    assert len(await told(works)) == 1
    await works.send(grace, sent.channel, "Here I am.")
    await pass_minutes(works, 60)
    assert len(await told(works)) == 1
    await works.send(visitor, sent.channel, "Thank you. And now?")
    await pass_minutes(works, 6)
    assert len(await told(works)) == 2


async def test_an_answered_a_resolved_and_a_snoozed_chat_are_not_missed(works: Works) -> None:
    grace = await works.new_agent("Grace")
    channels = [(await works.start(works.visitor())).channel for _ in range(4)]
    await works.send(grace, channels[0], "Hello!")
    await do_set_status(works.engine, grace, f.SetStatus(t="status", ref=1, channel=channels[1], status="resolved"))
    until = "2026-12-31T00:00:00.000Z"
    snooze = f.SetStatus(t="status", ref=1, channel=channels[2], status="snoozed", until=until)
    await do_set_status(works.engine, grace, snooze)
    await pass_minutes(works, 6)
    assert [payload["facts"]["path"] for payload in await mails(works)] == [f"/console#/c/{channels[3]}"]


async def test_who_has_the_chat_is_told_alone(works: Works) -> None:
    grace = await works.new_agent("Grace")
    await works.new_agent("Edsger")
    sent = await works.start(works.visitor())
    assign = f.Assign(t="assign", ref=1, channel=sent.channel, assignee=grace.author.public_id)
    await do_assign(works.engine, grace, assign)
    await pass_minutes(works, 6)
    assert await told(works) == ["Grace@example.com"]


async def test_only_who_may_answer_the_site_and_wants_it_is_told(works: Works) -> None:
    grace = await works.new_agent("Grace")
    await works.new_site("other")
    await works.new_agent("Edsger", site="other")
    await works.new_agent("Ada", site="shop")
    await works.new_agent("Moderator", role=Role.MODERATOR)
    db = works.engine.database
    await do_switch_missed(db, grace.author.id, on=False, now_ms=NOW)
    assert not await is_told_of_missed(db, grace.author.id)
    await works.start(works.visitor())
    await pass_minutes(works, 6)
    assert await told(works) == ["Ada@example.com"]
    await do_switch_missed(db, grace.author.id, on=True, now_ms=NOW)
    assert await is_told_of_missed(db, grace.author.id)


async def test_an_agent_who_looks_at_the_chat_is_not_mailed(works: Works) -> None:
    grace, edsger = await works.new_agent("Grace"), await works.new_agent("Edsger")
    sent = await works.start(works.visitor())
    for agent in (grace, edsger):
        await works.receipt(agent, sent.channel, sent.seq, sent.seq)
    works.engine.presence.enter_console(grace.author.id)
    await pass_minutes(works, 6)
    assert await told(works) == ["Edsger@example.com"]


async def test_only_minutes_in_which_the_site_is_open_count(works: Works) -> None:
    grace = await works.new_agent("Grace", role=Role.ADMINISTRATOR)
    # It is 11:06:40: of the five minutes 80 seconds are left of today, and the others begin tomorrow at nine.
    days = {day: [["09:00", "11:08"]] for day in "1234567"}
    await set_up(works, grace, hours={"zone": "UTC", "days": days})
    await works.start(works.visitor())
    worker = ChatMails(works.engine)
    await pass_minutes(works, 60, worker)
    assert await told(works) == []
    await pass_minutes(works, 1256.5, worker)
    assert await told(works) == []
    await pass_minutes(works, 1, worker)
    assert await told(works) == ["Grace@example.com"]


async def test_a_site_may_switch_both_mails_off(works: Works) -> None:
    grace = await works.new_agent("Grace", role=Role.ADMINISTRATOR)
    await set_up(works, grace, missed_minutes=0, answer_minutes=0)
    visitor, channel = await left_address(works)
    await pass_minutes(works, 60)
    await works.send(grace, channel, "Hello!")
    await works.send(visitor, channel, "And?")
    await pass_minutes(works, 60)
    assert await mails(works) == await mails(works, Mail.CHAT_ANSWER) == []


async def test_a_node_that_starts_finds_what_came_while_none_ran_and_nothing_that_is_days_old(works: Works) -> None:
    await works.new_agent("Grace")
    await works.start(works.visitor())
    works.clock.now += 10 * MINUTE
    await ChatMails(works.engine).beat()
    assert len(await told(works)) == 1
    await works.start(works.visitor())
    works.clock.now += 4 * 1440 * MINUTE
    await ChatMails(works.engine).beat()
    assert len(await told(works)) == 1


async def test_two_nodes_tell_each_thing_once(works: Works) -> None:
    grace = await works.new_agent("Grace")
    _, channel = await left_address(works)
    await works.send(grace, channel, "Look here.")
    channels = [channel, *[(await works.start(works.visitor())).channel for _ in range(5)]]
    async with beside(works.engine.database) as other:
        nodes = [ChatMails(works.engine), ChatMails(other.engine)]
        await asyncio.gather(*(node.beat() for node in nodes))
        works.clock.now += 6 * MINUTE
        other.clock.now = works.clock.now
        await asyncio.gather(*(node.beat() for node in nodes))
        await asyncio.gather(*(node.beat() for node in nodes))
    assert len(await mails(works)) == len(channels) - 1
    assert len(await mails(works, Mail.CHAT_ANSWER)) == 1


async def left_address(works: Works, mail: str = "ada@example.com") -> tuple[Visitor, str]:
    """A visitor who has begun a conversation and left an address in it."""
    visitor = works.visitor()
    sent = await works.start(visitor)
    await do_leave_mail(works.engine, visitor, mail)
    return visitor, sent.channel


async def answers(works: Works) -> list[tuple[str, int, int]]:
    """To whom, and the numbers of the messages that each mail is about."""
    found = await mails(works, Mail.CHAT_ANSWER)
    return [(each["to"], each["facts"]["after"] + 1, each["facts"]["upto"]) for each in found]


async def test_a_visitor_who_left_an_address_is_mailed_what_they_have_not_seen(works: Works) -> None:
    grace = await works.new_agent("Grace")
    _, channel = await left_address(works, "Ada@Example.com")
    await works.send(grace, channel, "It is on its way.")
    await works.send(grace, channel, "Tomorrow, I think.")
    await pass_minutes(works, 1.9)
    assert await answers(works) == []
    await pass_minutes(works, 0.2)
    assert await answers(works) == [("Ada@Example.com", 2, 3)]
    assert "way" not in str(await mails(works, Mail.CHAT_ANSWER))
    await works.send(grace, channel, "Or the day after.")
    await pass_minutes(works, 3)
    assert await answers(works) == [("Ada@Example.com", 2, 3), ("Ada@Example.com", 4, 4)]
    await pass_minutes(works, 600)
    assert len(await answers(works)) == 2


@pytest.mark.parametrize("told", [True, False])
async def test_p6_what_was_seen_is_not_mailed_whether_or_not_anybody_is_told(works: Works, told: bool) -> None:
    grace = await works.new_agent("Grace", role=Role.ADMINISTRATOR)
    await set_up(works, grace, read_receipts=told)
    visitor, channel = await left_address(works)
    first = await works.send(grace, channel, "Hello!")
    second = await works.send(grace, channel, "Still there?")
    await works.receipt(visitor, channel, second.seq, first.seq)
    await pass_minutes(works, 3)
    assert await answers(works) == [("ada@example.com", second.seq, second.seq)]
    third = await works.send(grace, channel, "Good.")
    await ChatMails(works.engine).beat()
    await works.receipt(visitor, channel, third.seq, third.seq)
    await pass_minutes(works, 3)
    assert len(await answers(works)) == 1


async def test_a_mail_waits_while_the_agent_writes_on_but_not_for_ever(works: Works) -> None:
    grace = await works.new_agent("Grace")
    _, channel = await left_address(works)
    worker = ChatMails(works.engine)
    for _ in range(6):
        await works.send(grace, channel, "And another thing.")
        await pass_minutes(works, 1.5, worker)
        assert await answers(works) == []
    await works.send(grace, channel, "That is all.")
    await pass_minutes(works, 1.1, worker)
    assert await answers(works) == [("ada@example.com", 2, 8)]


async def test_nobody_without_an_address_is_mailed_and_one_left_later_gets_the_answer(works: Works) -> None:
    grace = await works.new_agent("Grace")
    visitor = works.visitor()
    sent = await works.start(visitor)
    await works.send(grace, sent.channel, "Hello!")
    await pass_minutes(works, 30)
    assert await answers(works) == []
    await do_leave_mail(works.engine, visitor, "ada@example.com")
    await pass_minutes(works, 1)
    assert await answers(works) == [("ada@example.com", 2, 2)]


async def test_an_address_that_nobody_confirmed_gets_few_mails_until_it_answers(works: Works) -> None:
    grace = await works.new_agent("Grace")
    visitor, channel = await left_address(works)
    for _ in range(UNCONFIRMED_MAX + 3):
        await works.send(grace, channel, "Hello?")
        await pass_minutes(works, 3)
    assert len(await answers(works)) == UNCONFIRMED_MAX
    await works.send(visitor, channel, "I am here.")
    await works.send(grace, channel, "Good.")
    await pass_minutes(works, 3)
    assert len(await answers(works)) == UNCONFIRMED_MAX + 1


@pytest.mark.parametrize("said", ["nobody", "a@b, c@d", "Eve <eve@evil.example>", "a@b\r\nBcc: c@d"])
async def test_s35_what_a_page_said_that_is_no_single_address_is_never_written_to(works: Works, said: str) -> None:
    grace = await works.new_agent("Grace")
    visitor = works.visitor()
    sent = await works.start(visitor)
    await do_contact(works.engine, visitor, f.SetContact(t="contact", ref=1, mail=said))
    await works.send(grace, sent.channel, "Hello!")
    await pass_minutes(works, 30)
    assert await answers(works) == []


async def test_an_agents_switch_is_theirs_alone(works: Works) -> None:
    grace, ada = await works.new_agent("Grace"), await works.new_agent("Ada")
    await do_switch_missed(works.engine.database, grace.author.id, on=False, now_ms=NOW)
    assert await is_told_of_missed(works.engine.database, ada.author.id)
