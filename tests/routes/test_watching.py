"""Choosing what one is told of and how, and ending mails by one click; reading is having been told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.conftest import make_member, sign_in_as, text_of
from tests.routes.test_notices import told, unseen
from widget_server.actions.notice_choices import access_choices
from widget_server.core.notifying import DELAY_MS, TOPICS, Choices
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser
    from widget_server.actions.accounts import Account

BEA = "bea@example.com"
SETTINGS = "/account/notifications"


async def with_bea(browser: Browser, second_browser: Browser) -> tuple[str, Account]:
    """Ada with a board, in the one browser; Bea in the other."""
    board = await member_with_board(browser)
    bea = await make_member(browser, "Bea", BEA)
    await sign_in_as(second_browser, BEA)
    return board, bea


async def choose(browser: Browser, here: str, level: str, number: int = 0) -> str:
    """Press a button of the menu on a page; what the menu says then."""
    text = await text_of(browser, here)
    menu = re.findall(r'<details class="more watch">.*?</details>', text, re.DOTALL)[number]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', menu))
    response = await browser.post_form("/watching", level=level, **fields)
    assert response.status == 303, await response.text()
    text = await text_of(browser, response.headers["Location"])
    found = re.search(r'<details class="more watch"><summary[^>]*>([^<]*)<', text)
    assert found, text
    return found[1]


async def choices_of(browser: Browser, account: Account) -> Choices:
    return await access_choices(browser.app[OFFICE].engine.database, account.person_id)


@pytest.mark.everywhere
async def test_a_board_a_thread_a_tag_and_a_member_are_watched_on_their_pages(
    browser: Browser, second_browser: Browser
) -> None:
    board, _ = await with_bea(browser, second_browser)
    thread = await begin_thread(browser, board, "Leaves", tags="leaf")
    author = re.search(r'href="(/members/[^"/]+)"', await text_of(second_browser, thread))
    assert author
    for here in (board, thread, "/tags/leaf", author[1]):
        assert await choose(second_browser, here, "watch") == "Watching"
        assert await choose(second_browser, here, "mute") == "Muted"
        assert await choose(second_browser, here, "follow") == "You follow this"
    text = await text_of(second_browser, SETTINGS)
    # Whom one follows stands among those: it is one thing, by whichever button.
    assert re.findall(r'dir="auto">([^<]+)</a> <span class="hint">([^<]+)<', text) == [
        ("leaf", "Tag"), ("Leaves", "Thread"), ("Plants", "Board"),
    ]  # fmt: skip
    assert ">Unfollow</button>" in await text_of(second_browser, author[1])
    assert await choose(second_browser, SETTINGS, "", 0) == "You follow this"
    assert "leaf" not in await text_of(second_browser, SETTINGS)


async def test_what_is_not_there_cannot_be_watched(browser: Browser, second_browser: Browser) -> None:
    await with_bea(browser, second_browser)
    csrf = await second_browser.field("csrf", SETTINGS)
    for kind, name, status in (
        ("board", "nothing", 404),
        ("thread", "77", 404),
        ("tag", "nothing", 404),
        ("person", "nobody", 404),
        ("room", "plants", 404),
        ("site", "plants", 422),
        ("board", "plants", 303),
    ):
        answer = await second_browser.post_form("/watching", csrf=csrf, kind=kind, name=name, level="watch")
        assert answer.status == status, kind
    answer = await second_browser.post_form("/watching", csrf=csrf, kind="board", name="plants", level="shout")
    assert answer.status == 422


@pytest.mark.everywhere
async def test_how_one_is_told_is_chosen_on_one_page(browser: Browser, second_browser: Browser) -> None:
    _, bea = await with_bea(browser, second_browser)
    text = await text_of(second_browser, SETTINGS)
    assert len(re.findall(r'type="checkbox" name="[a-z]+-[a-z]+"[^>]* checked', text)) == 3 * len(TOPICS) - 1
    fields = {"mails": "weekly", "hour": "19", "day": "4", "reply-page": "yes", "mention-mail": "yes"}
    answer = await second_browser.post_form(SETTINGS, **fields)
    assert answer.status == 303
    chosen = await choices_of(browser, bea)
    assert (chosen.mails, chosen.hour, chosen.day, chosen.follows) == ("weekly", 19, 4, False)
    assert {topic: set(ways) for topic, ways in chosen.kinds.items() if ways} == {
        "reply": {"page"}, "mention": {"mail"},
    }  # fmt: skip
    text = await text_of(second_browser, SETTINGS)
    assert '<option value="weekly" selected>' in text
    assert '<option value="19" selected>' in text
    for wrong in ({"mails": "hourly"}, {"hour": "24"}, {"day": "-1"}):
        assert (await second_browser.post_form(SETTINGS, **fields | wrong)).status == 422
    assert await choices_of(browser, bea) == chosen


async def test_what_is_not_told_in_the_page_is_neither_counted_nor_listed(
    browser: Browser, second_browser: Browser
) -> None:
    board, _ = await with_bea(browser, second_browser)
    await second_browser.post_form(SETTINGS, mails="daily", hour="8", day="0", **{"mention-mail": "yes"})
    await begin_thread(browser, board, "Leaves", "What says @Bea?")
    assert await told(second_browser) == []
    assert unseen(await text_of(second_browser, "/members")) == ""


@pytest.mark.everywhere
async def test_reading_a_thread_marks_what_one_was_told_of_it_as_seen(
    browser: Browser, second_browser: Browser
) -> None:
    board, _ = await with_bea(browser, second_browser)
    first = await begin_thread(browser, board, "Leaves", "What says @Bea?")
    other = await begin_thread(browser, board, "Roots", "And here, @Bea?")
    assert unseen(await text_of(second_browser, "/members")) == "2"
    await second_browser.open(first, headers={"Sec-Purpose": "prefetch"})
    assert unseen(await text_of(second_browser, "/members")) == "2"
    await text_of(second_browser, first)
    assert unseen(await text_of(second_browser, "/members")) == "1"
    assert await told(second_browser) == ["New Ada Byron named you in “Roots”", "Ada Byron named you in “Leaves”"]
    await reply_to(browser, other, "@Bea, are you there?")
    await text_of(second_browser, f"/threads/{number_of(other)}/posts/2")
    assert unseen(await text_of(second_browser, "/members")) == "1"


async def test_one_notice_is_marked_and_those_not_seen_are_shown_alone(
    browser: Browser, second_browser: Browser
) -> None:
    board, _ = await with_bea(browser, second_browser)
    for title in ("Leaves", "Roots"):
        await begin_thread(browser, board, title, "What says @Bea?")
    text = await text_of(second_browser, "/notices?show=unseen")
    assert text.count("named you in") == 2
    here = re.search(r'action="(/notices/\d+)"', text)
    assert here
    answer = await second_browser.post_form(
        here[1], csrf=await second_browser.field("csrf", "/members"), here="/notices?show=unseen"
    )
    assert answer.headers["Location"] == "/notices?show=unseen"
    assert (await text_of(second_browser, "/notices?show=unseen")).count("named you in") == 1
    assert (await text_of(second_browser, "/notices")).count("named you in") == 2


@pytest.mark.everywhere
async def test_rfc_8058_one_click_ends_mails_of_a_kind_without_signing_in_and_looking_ends_nothing(
    browser: Browser, second_browser: Browser, post_office: PostOffice, clock: Any
) -> None:
    board = await member_with_board(browser)
    bea = await make_member(browser, "Bea", BEA)
    await begin_thread(browser, board, "Leaves", "What says @Bea?")
    clock.ahead_ms = DELAY_MS
    mail = await post_office.mail(BEA)
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    parts = urlsplit(str(mail.message["List-Unsubscribe"]).strip("<>"))
    address = f"{parts.path}?{parts.query}"
    # A program that looks at every link of a mail.
    looked = await second_browser.open(address)
    assert looked.status == 200
    assert "Where I am named" in await looked.text()
    assert "mail" in (await choices_of(browser, bea)).ways("mention")
    # A mail program: no cookie, no token of a form.
    body = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        answer = await second_browser.client.post(address, data=body, headers={"Origin": "https://mail.example"})
        assert answer.status == 200
    chosen = await choices_of(browser, bea)
    assert chosen.ways("mention") == {"page", "push"}
    assert chosen.ways("reply") == {"page", "mail", "push"}
    for wrong in ("/unsubscribe", "/unsubscribe?code=1.AAAA", address[:-3], address.replace("code=1.", "code=1.A")):
        assert (await second_browser.open(wrong)).status == 404
        assert (await second_browser.client.post(wrong, data=body)).status == 404
