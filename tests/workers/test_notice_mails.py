"""Mails of notices through a real mail server: at once, as a digest, once, and of nothing that may not be read."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.workers.club import BASE, Club, another_node, club_of
from widget_server.actions.notice_choices import do_choose
from widget_server.actions.notices import do_see_until
from widget_server.actions.push_lines import TOPIC as PUSH
from widget_server.actions.removals import do_remove_post
from widget_server.core.notifying import DELAY_MS, Choices
from widget_server.store.tables import notice, push_line

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.engines.post_office import PostOffice, ReceivedMail
    from widget_server.store.database import Database

BEA = "bea@example.com"
HOUR_MS = 3_600_000


@pytest.fixture
async def club(database: Database, post_office: PostOffice) -> AsyncGenerator[Club]:
    async with club_of(database, post_office.url) as club:
        yield club


def to_bea(post_office: PostOffice) -> list[ReceivedMail]:
    return [mail for mail in post_office.mails if mail.to == BEA]


def set_clock(club: Club, text: str) -> None:
    club.works.clock.now = int(datetime.fromisoformat(text).timestamp() * 1000)


async def test_what_was_not_seen_for_a_while_is_mailed_and_what_came_meanwhile_is_in_the_same_mail(
    club: Club, post_office: PostOffice
) -> None:
    bea = await club.member("Bea")
    number = await club.begin(bea)
    await club.reply(club.ada, number, "Half a *cup*, see https://evil.example/cup.")
    await club.node.carry_out()
    assert to_bea(post_office) == []
    club.works.clock.now += DELAY_MS // 2
    await club.reply(club.ada, number, "And @Bea again.")
    club.works.clock.now += DELAY_MS // 2
    await club.node.carry_out()
    (mail,) = to_bea(post_office)
    assert mail.subject == "[Plum] 2 notices about “Ferns”"
    assert mail.text.count("Ada replied to you in “Ferns”") == 2
    assert "Half a cup" in mail.text
    assert "You are told because it is about what you wrote." in mail.text
    assert f"{BASE}/account/notifications" in mail.text
    assert f"{BASE}/account/notifications" in mail.html
    assert "evil.example" not in mail.text + mail.html
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = str(mail.message["List-Unsubscribe"])
    assert address.startswith(f"<{BASE}/unsubscribe?code=")
    assert address[1:-1] in mail.text
    await club.after_the_delay()
    assert len(to_bea(post_office)) == 1


async def test_what_was_seen_in_the_page_meanwhile_is_not_mailed(club: Club, post_office: PostOffice) -> None:
    bea = await club.member("Bea")
    number = await club.begin(bea)
    await club.reply(club.ada, number)
    await club.see_all(bea)
    await club.after_the_delay()
    assert to_bea(post_office) == []


async def test_one_that_says_why_and_in_the_language_of_who_gets_it(club: Club, post_office: PostOffice) -> None:
    bea = await club.member("Bea")
    await club.set_level(bea, "board", "plants", "watch")
    await club.begin(club.ada, "Look.")
    await club.node.carry_out()
    await club.after_the_delay()
    (mail,) = to_bea(post_office)
    assert mail.subject == "[Plum] Ada began the thread “Ferns”"
    assert "You are told because you watch the board “Plants”." in mail.text
    assert "Look." in mail.text


@pytest.mark.parametrize("when", ["before it is taken", "before it is sent"])
@pytest.mark.parametrize("what", ["the board", "the post", "seen"])
async def test_s06_what_may_not_be_read_when_the_mail_leaves_is_in_no_mail(
    club: Club, post_office: PostOffice, when: str, what: str
) -> None:
    bea = await club.member("Bea")
    number = await club.begin(bea)
    seq = await club.reply(club.ada, number, "Secret.")

    async def lose() -> None:
        if what == "the board":
            # It is Bea's thread, but no more her board.
            await club.close_board()
        elif what == "the post":
            await do_remove_post(club.engine, club.ada.actor, number, seq)
        else:
            await do_see_until(club.engine, bea.actor)

    club.works.clock.now += DELAY_MS
    if when == "before it is sent":
        # Taken, and the letter waits.
        await club.node.outbox.beat()
        await club.node.outbox.settle()
        assert await club.waiting("notice.letter") == 1
    await lose()
    await club.node.carry_out()
    assert to_bea(post_office) == []


async def test_two_nodes_send_one_mail_of_one_thing(club: Club, post_office: PostOffice) -> None:
    bea = await club.member("Bea")
    number = await club.begin(bea)
    for _ in range(4):
        await club.reply(club.ada, number)
    club.works.clock.now += DELAY_MS
    async with another_node(club, post_office.url) as node:
        await asyncio.gather(club.node.carry_out(), node.carry_out())
    (mail,) = to_bea(post_office)
    assert mail.subject == "[Plum] 4 notices about “Ferns”"


async def test_what_was_pushed_is_not_mailed_at_once_and_who_has_no_browser_for_it_is_not_pushed(
    club: Club, post_office: PostOffice
) -> None:
    bea = await club.member("Bea")
    number = await club.begin(bea)
    await club.reply(club.ada, number)
    assert await club.waiting(PUSH) == 0
    await club.put(
        push_line,
        person_id=bea.person_id,
        endpoint="https://push.example/1",
        sealed_keys="k",
        session_id=1,
        created_at=1,
    )
    await club.reply(club.ada, number)
    assert await club.waiting(PUSH) == 1
    await club.change(update(notice).values(pushed_at=1))
    await club.after_the_delay()
    assert to_bea(post_office) == []


async def test_a_kind_that_is_not_wanted_by_mail_is_not_mailed(club: Club, post_office: PostOffice) -> None:
    bea = await club.member("Bea")
    number = await club.begin(bea)
    await do_choose(club.engine, bea, Choices(kinds={"reply": frozenset({"page"}), "mention": frozenset({"mail"})}))
    await club.reply(club.ada, number)
    await club.after_the_delay()
    assert to_bea(post_office) == []
    await club.begin(club.ada, "And @Bea.", title="Moss")
    await club.after_the_delay()
    assert [mail.subject for mail in to_bea(post_office)] == ["[Plum] Ada named you in “Moss”"]
    await do_choose(club.engine, bea, Choices("never"))
    await club.reply(club.ada, number)
    await club.after_the_delay()
    assert len(to_bea(post_office)) == 1


async def test_a_digest_comes_at_its_hour_in_the_members_zone_with_what_was_not_seen(
    club: Club, post_office: PostOffice
) -> None:
    set_clock(club, "2026-11-26T12:00:00+01:00")
    bea = (await club.member("Bea"))._replace(zone="Europe/Berlin")
    await club.set_zone(bea, "Europe/Berlin")
    await do_choose(club.engine, bea, Choices("daily", hour=7))
    number = await club.begin(bea)
    await club.reply(club.ada, number, "One.")
    await club.see_all(bea)
    await club.reply(club.ada, number, "Two.")
    await club.begin(club.ada, "@Bea, three.", title="Moss")
    await club.after_the_delay()
    assert to_bea(post_office) == []
    set_clock(club, "2026-11-27T06:59:59+01:00")
    await club.node.mails.beat()
    await club.node.carry_out()
    assert to_bea(post_office) == []
    set_clock(club, "2026-11-27T07:00:00+01:00")
    await club.node.mails.beat()
    await club.node.carry_out()
    (mail,) = to_bea(post_office)
    assert mail.subject == "[Plum] Your digest: 2 notices"
    assert "One." not in mail.text
    assert "Two." in mail.text
    assert "Ada named you in “Moss”" in mail.text
    # There is nothing new: the next one is not sent.
    set_clock(club, "2026-11-28T07:00:00+01:00")
    await club.node.mails.beat()
    await club.node.carry_out()
    assert len(to_bea(post_office)) == 1


async def test_after_a_week_without_the_program_there_is_one_digest_of_two_nodes(
    club: Club, post_office: PostOffice
) -> None:
    bea = await club.member("Bea")
    await do_choose(club.engine, bea, Choices("daily"))
    number = await club.begin(bea)
    await club.reply(club.ada, number)
    club.works.clock.now += 7 * 24 * HOUR_MS
    async with another_node(club, post_office.url) as node:
        for _ in range(2):
            await asyncio.gather(club.node.mails.beat(), node.mails.beat())
            await asyncio.gather(club.node.carry_out(), node.carry_out())
    assert len(to_bea(post_office)) == 1
    assert await club.node.mails.beat() == 0, "the next one is in the future"


async def test_a_digest_says_nothing_of_what_may_not_be_read_any_more(club: Club, post_office: PostOffice) -> None:
    bea = await club.member("Bea")
    await do_choose(club.engine, bea, Choices("weekly", day=datetime.now(UTC).weekday()))
    number = await club.begin(bea)
    await club.reply(club.ada, number)
    await club.close_board()
    club.works.clock.now += 8 * 24 * HOUR_MS
    await club.node.mails.beat()
    await club.node.carry_out()
    assert to_bea(post_office) == []
