"""A visitor becomes a member: a code of a minute, a yes, and the chats are read and answered on our pages."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.socket import SocketClient
from tests.clients.state import ClientState, fresh_id
from tests.routes.conftest import PASSWORD, SHOP, make_agent, make_site
from widget_server.actions.registration import Wish, do_register
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser
    from tests.serving import MovedClock
    from widget_server.actions.sites import Site
    from widget_server.settings import Settings

pytestmark = pytest.mark.everywhere


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As many forms as a test sends."""
    return settings.model_copy(update={"limit_forms": "1000/minute"})


class Widget:
    """A visitor's open chat."""

    def __init__(self, browser: Browser, site: Site, line: SocketClient) -> None:
        self.browser = browser
        self.site = site
        self.line = line
        self.channel = ""

    async def say(self, text: str) -> None:
        self.channel = (await self.line.deliver(text))["channel"]

    async def ask_for_code(self, **headers: str) -> ClientResponse:
        own = {"Authorization": f"Bearer {self.line.state.token}", "Origin": SHOP}
        url = f"/claims/{self.site.key}"
        return await self.browser.client.post(url, headers=own | headers)

    async def code(self) -> str:
        response = await self.ask_for_code()
        assert response.status == 200, await response.text()
        answer = await response.json()
        assert (answer["page"], answer["seconds"]) == ("http://localhost:8080/claim", 60)
        return str(answer["code"])


async def open_widget(browser: Browser, site: Site, lines: AsyncExitStack, *said: str) -> Widget:
    url = str(browser.client.make_url(f"/ws/{site.key}"))
    line = await lines.enter_async_context(SocketClient(browser.client.session, url, SHOP, ClientState("visitor")))
    widget = Widget(browser, site, line)
    for text in said:
        await widget.say(text)
    return widget


async def register(browser: Browser, name: str) -> None:
    """Make a member, and sign in with this browser."""
    office = browser.app[OFFICE]
    mail = f"{name.lower()}@example.com"
    await do_register(
        office.engine.database, office.passwords, Wish(name, mail, mail, PASSWORD), language="en",
        has_mail=False, binding="", now_ms=office.now_ms(), random=office.engine.clock.random,
    )  # fmt: skip
    assert (await browser.post_form(email=mail, password=PASSWORD)).status == 303


async def claim(browser: Browser, code: str) -> ClientResponse:
    """Bring the code, and say yes."""
    held = await browser.post_form("/claim", code=code)
    assert held.status == 303, await held.text()
    csrf = await browser.field("csrf", "/claim")
    return await browser.post_form("/claim/accept", csrf=csrf)


async def text_of(response: ClientResponse, status: int = 200) -> str:
    text = await response.text()
    assert response.status == status, text
    return text


async def test_the_chats_of_a_widget_are_shown_and_saved_and_answered_on_both_sides(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Are the plums ripe", "I mean the blue ones")
    await register(second_browser, "Ada")
    code = await widget.code()
    assert (await second_browser.post_form("/claim", code=code)).headers["Location"] == "/claim"
    asked = await text_of(await second_browser.open("/claim"))
    assert "I mean the blue ones" in asked
    assert "Plum &amp; Sons" in asked
    done = await second_browser.post_form("/claim/accept", csrf=await second_browser.field("csrf", "/claim"))
    assert done.headers["Location"] == "/account/conversations"
    assert "I mean the blue ones" in await text_of(await second_browser.open("/account/conversations"))

    address = f"/account/conversations/{widget.channel}"
    page = await text_of(await second_browser.open(address))
    assert page.index("Are the plums ripe") < page.index("I mean the blue ones")
    assert ">Sent<" in page
    # What is written there arrives in the widget, as the same visitor's; sent twice, it is written once.
    fields = {name: await second_browser.field(name, address) for name in ("csrf", "client_id")}
    for _ in range(2):
        sent = await second_browser.post_form(address, body="From my account", **fields)
        assert sent.headers["Location"] == f"{address}#newest"
    await widget.line.until(lambda: len(widget.line.state.channels[widget.channel].messages) == 3)
    last = widget.line.state.channels[widget.channel].messages[3]
    assert (last["body"], last["author"]["role"]) == ("From my account", "visitor")
    assert last["author"]["id"] == widget.line.state.channels[widget.channel].messages[1]["author"]["id"]
    # And the widget goes on as before.
    await widget.say("And the green ones")
    assert "And the green ones" in await text_of(await second_browser.open(address))


async def test_an_agents_answer_is_unread_until_the_member_has_seen_it(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    await register(second_browser, "Ada")
    await claim(second_browser, await widget.code())
    await make_agent(browser, "grace@example.com", "Grace")
    await browser.sign_in("grace@example.com")
    url = str(browser.client.make_url("/ws/console"))
    own = browser.app[OFFICE].settings.public_url
    agent = await lines.enter_async_context(SocketClient(browser.client.session, url, own, ClientState("agent")))
    await agent.show(widget.channel)
    await agent.deliver("They are", widget.channel)
    listed = await text_of(await second_browser.open("/account/conversations"))
    assert "1 unread message" in listed
    address = f"/account/conversations/{widget.channel}"
    page = await text_of(await second_browser.open(address))
    assert "Grace" in page
    assert "They are" in page
    # Looking a page up changes nothing: only a post that carries the page's token does.
    assert "1 unread message" in await text_of(await second_browser.open("/account/conversations"))
    fields = {name: await second_browser.field(name, address) for name in ("csrf", "upto")}
    assert (await second_browser.post_form(f"{address}/seen", **fields | {"csrf": "x"})).status == 403
    assert (await second_browser.post_form(f"{address}/seen", **fields)).status == 303
    await widget.line.until(lambda: widget.line.state.channels[widget.channel].marks["visitor"]["seen"] == 2)
    assert "unread message" not in await text_of(await second_browser.open("/account/conversations"))
    # The agent has seen what the member wrote there.
    await agent.leave()
    head = await _staff_head(browser, lines, widget.channel)
    assert head["head"]["contact"]["member"] == "Ada"


async def _staff_head(browser: Browser, lines: AsyncExitStack, channel: str) -> Any:
    url = str(browser.client.make_url("/ws/console"))
    own = browser.app[OFFICE].settings.public_url
    agent = await lines.enter_async_context(SocketClient(browser.client.session, url, own, ClientState("agent")))
    staff = (await agent.show(channel)).staff
    assert staff is not None
    return (await agent.show(staff)).head


async def test_fifty_uses_of_one_claim_at_once_succeed_once(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    await register(second_browser, "Ada")
    code = await widget.code()
    tokens = {one: await one.field("csrf", "/claim") for one in (browser, second_browser)}
    answers = await asyncio.gather(
        *(one.post_form("/claim", code=code, csrf=csrf) for one, csrf in tokens.items() for _ in range(25)),
    )
    assert sorted(answer.status for answer in answers) == [303] + [403] * 49


async def test_fifty_yeses_at_once_merge_once(browser: Browser, second_browser: Browser, lines: AsyncExitStack) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    await register(second_browser, "Ada")
    await second_browser.post_form("/claim", code=await widget.code())
    csrf = await second_browser.field("csrf", "/claim")
    answers = await asyncio.gather(
        *(second_browser.post_form("/claim/accept", csrf=csrf) for _ in range(50)),
    )
    assert sorted(answer.status for answer in answers) == [303] + [403] * 49


async def test_a_claim_holds_a_minute(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack, clock: MovedClock
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    code = await widget.code()
    clock.ahead_ms = 60_001
    assert (await second_browser.post_form("/claim", code=code)).status == 403


async def test_a_newer_code_ends_the_one_before(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    first, second = await widget.code(), await widget.code()
    assert (await second_browser.post_form("/claim", code=first)).status == 403
    assert (await second_browser.post_form("/claim", code=second)).status == 303


async def test_a_chat_belongs_to_one_account(browser: Browser, second_browser: Browser, lines: AsyncExitStack) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    await register(browser, "Ada")
    await register(second_browser, "Eve")
    assert (await claim(browser, await widget.code())).status == 303
    await second_browser.post_form("/claim", code=await widget.code())
    assert "another account" in await text_of(await second_browser.open("/claim"), 403)
    # Again by the same one is no harm.
    assert (await browser.post_form("/claim", code=await widget.code())).status == 303
    assert (await browser.open("/claim")).headers["Location"] == "/account/conversations"


async def test_nobody_reads_or_answers_what_is_not_in_their_account(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    await register(browser, "Ada")
    await register(second_browser, "Eve")
    await claim(browser, await widget.code())
    address = f"/account/conversations/{widget.channel}"
    csrf = await second_browser.field("csrf", "/account/conversations")
    for answer in (
        await second_browser.open(address),
        await second_browser.post_form(address, csrf=csrf, client_id=fresh_id(), body="Mine"),
        await second_browser.post_form(f"{address}/seen", csrf=csrf, upto="1"),
        await second_browser.open("/account/conversations/x"),
    ):
        assert answer.status == 404
    assert "Hello" not in await text_of(await second_browser.open("/account/conversations"))


async def test_a_claim_is_asked_for_by_the_visitor_alone(browser: Browser, lines: AsyncExitStack) -> None:
    site, other = await make_site(browser), await make_site(browser, "Pears", key="pears")
    widget = await open_widget(browser, site, lines, "Hello")
    silent = await open_widget(browser, site, lines)
    assert (await widget.ask_for_code(Authorization="")).status == 401
    assert (await widget.ask_for_code(Authorization="Bearer x")).status == 401
    assert (await widget.ask_for_code(Origin="https://evil.example")).status == 403
    assert (await silent.ask_for_code()).status == 404
    # At another site the token belongs to nobody.
    elsewhere = Widget(browser, other, widget.line)
    assert (await elsewhere.ask_for_code()).status == 404


async def test_p5_what_a_member_reads_of_two_sites_neither_site_learns_of_the_other(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    plums, pears = await make_site(browser), await make_site(browser, "Pears", key="pears")
    one = await open_widget(browser, plums, lines, "About plums")
    two = await open_widget(browser, pears, lines, "About pears")
    await register(second_browser, "Ada")
    for widget in (one, two):
        await claim(second_browser, await widget.code())
    listed = await text_of(await second_browser.open("/account/conversations"))
    assert "About plums" in listed
    assert "About pears" in listed
    answer = await two.line.ask({"t": "open", "ref": two.line.state.ref(), "channel": one.channel})
    assert answer["t"] == "gone"
    address = f"/account/conversations/{one.channel}"
    fields = {name: await second_browser.field(name, address) for name in ("csrf", "client_id")}
    await second_browser.post_form(address, body="More about plums", **fields)
    await one.line.until(lambda: 2 in one.line.state.channels[one.channel].messages)
    written = one.line.state.channels[one.channel].messages
    assert written[2]["author"]["id"] == written[1]["author"]["id"]


async def test_who_signs_in_first_comes_back_to_the_chats(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    await second_browser.post_form("/claim", code=await widget.code())
    page = await text_of(await second_browser.open("/claim"))
    assert re.search(r'href="/sign-in\?next=/claim"', page)
    assert "Hello" not in page
    office = second_browser.app[OFFICE]
    await do_register(
        office.engine.database, office.passwords, Wish("Ada", "ada@example.com", "ada@example.com", PASSWORD),
        language="en", has_mail=False, binding="", now_ms=office.now_ms(), random=office.engine.clock.random,
    )  # fmt: skip
    signed = await second_browser.post_form(email="ada@example.com", password=PASSWORD)
    assert signed.headers["Location"] == "/claim"
    assert "Hello" in await text_of(await second_browser.open("/claim"))
    left = await second_browser.post_form("/claim/refuse", csrf=await second_browser.field("csrf", "/claim"))
    assert left.headers["Location"] == "/"
    assert "Hello" not in await text_of(await second_browser.open("/claim"))


async def test_what_cannot_be_taken_is_said_beside_the_field_and_kept(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "Hello")
    await register(second_browser, "Ada")
    await claim(second_browser, await widget.code())
    address = f"/account/conversations/{widget.channel}"
    fields = {name: await second_browser.field(name, address) for name in ("csrf", "client_id")}
    refused = await text_of(await second_browser.post_form(address, body="  ", **fields), 422)
    assert "Write something first." in refused
    long = await text_of(await second_browser.post_form(address, body="x" * 4001, **fields), 422)
    assert "x" * 4001 in long
    assert fields["client_id"] in long
    other = await second_browser.post_form(address, body="x", csrf=fields["csrf"], client_id="no")
    assert other.status == 422


async def test_the_newest_page_comes_first_and_older_ones_on_demand(
    browser: Browser, second_browser: Browser, lines: AsyncExitStack
) -> None:
    site = await make_site(browser)
    widget = await open_widget(browser, site, lines, "message 1;")
    await register(second_browser, "Ada")
    await claim(second_browser, await widget.code())
    for number in range(2, 36):
        await widget.say(f"message {number};")
    address = f"/account/conversations/{widget.channel}"
    newest = await text_of(await second_browser.open(address))
    assert "message 35;" in newest
    assert "message 5;" not in newest
    link = re.search(r'rel="prev" href="([^"]+)"', newest)
    assert link is not None
    older = await text_of(await second_browser.open(link[1]))
    assert "message 5;" in older
    assert "message 6;" not in older
    assert 'rel="prev"' not in older
