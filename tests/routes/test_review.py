"""The review queue: reports and held posts, decided once, told to whom they concern, and nobody else's."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from tests.routes.conftest import make_agent, make_member, sign_in_as, text_of
from tests.routes.test_moderation import other_moderator
from tests.serving import OTHER, SHOP, begin
from widget_server.actions import bans, reports
from widget_server.actions.bans import do_ban_account
from widget_server.core.errors import Unacceptable
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from types import ModuleType

    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser
    from tests.serving import Served

PHRASE = "cheap pills"


async def post(browser: Browser, path: str, **fields: str) -> ClientResponse:
    """Send a form with the token that this browser's pages have."""
    return await browser.post_form(path, csrf=await browser.field("csrf", "/members"), **fields)


async def become(browser: Browser, mail: str) -> None:
    """Sign out, and in as somebody else."""
    await post(browser, "/sign-out")
    await sign_in_as(browser, mail)


async def report(browser: Browser, thread: str, seq: int, reason: str = "spam", details: str = "") -> ClientResponse:
    """Report a post."""
    return await post(browser, f"/threads/{number_of(thread)}/posts/{seq}/report", reason=reason, details=details)


async def number_in_queue(browser: Browser) -> str:
    """What the one report of the queue is decided under."""
    found = re.search(r'action="(/moderation/reports/\d+)"', await text_of(browser, "/moderation"))
    assert found
    return found[1]


async def held_in_queue(browser: Browser) -> list[str]:
    """Where the held posts of the queue are decided."""
    return re.findall(r'action="(/moderation/held/[^/"]+)/approve"', await text_of(browser, "/moderation"))


async def send(browser: Browser, board: str, title: str, body: str) -> ClientResponse:
    """Send the form of a new thread, whatever becomes of it."""
    form = f"{board}/begin"
    client_id = await browser.field("client_id", form)
    csrf = await browser.field("csrf", form)
    return await browser.post_form(form, csrf=csrf, client_id=client_id, title=title, body=body)


@pytest.mark.everywhere
async def test_s47_a_report_is_grouped_decided_once_and_told(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    seq = await reply_to(second_browser, thread, "Rubbish <b>here</b>")
    assert (await report(second_browser, thread, seq)).status == 403
    assert (await report(browser, thread, 77)).status == 404
    assert (await report(browser, thread, seq, "because")).status == 422
    assert (await report(browser, thread, seq, "rude", "Look <i>here</i>")).status == 303
    assert (await report(browser, thread, seq, "spam")).status == 303
    await make_member(browser, "Cora", "cora@example.com")
    await become(second_browser, "cora@example.com")
    assert (await report(second_browser, thread, seq, "other")).status == 303
    assert (await second_browser.open("/moderation")).status == 403
    queue = await text_of(browser, "/moderation")
    assert "2 reports" in queue
    assert queue.count("Rubbish &lt;b&gt;here&lt;/b&gt;") == 1
    assert "Look &lt;i&gt;here&lt;/i&gt;" in queue
    address = await number_in_queue(browser)
    assert (await post(second_browser, address, verdict="dismissed")).status == 403
    both = await asyncio.gather(*(post(browser, address, verdict="removed", text="Spam") for _ in range(2)))
    assert [each.status for each in both] == [303, 303]
    assert "Nothing is reported" in await text_of(browser, "/moderation")
    assert "Rubbish" not in await text_of(second_browser, thread)
    assert "A moderator has acted" in await text_of(second_browser, "/notices")
    log = await text_of(browser, f"{board}/log")
    assert log.count("removed a post that was reported") == 1
    assert "Cora" not in log


@pytest.mark.everywhere
@pytest.mark.parametrize(("verdict", "last"), [("removed", reports), ("banned", bans)])
async def test_a_decision_and_what_it_does_are_written_together_or_not_at_all(
    browser: Browser, second_browser: Browser, monkeypatch: pytest.MonkeyPatch, verdict: str, last: ModuleType
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    bea = await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    seq = await reply_to(second_browser, thread, "Rubbish")
    await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    await become(browser, "eve@example.com")
    assert (await report(browser, thread, seq)).status == 303
    address = await number_in_queue(browser)

    async def fail(*_: object, **__: object) -> None:
        raise Unacceptable("edit_conflict")

    with monkeypatch.context() as broken:
        broken.setattr(last, "record", fail)
        assert (await post(browser, address, verdict=verdict)).status == 409
    assert await number_in_queue(browser) == address, "nobody has decided"
    assert "Rubbish" in await text_of(browser, thread)
    banned = await bans.bans_of(browser.app[OFFICE].engine.database, bea.person_id, 0)
    assert not banned
    assert (await post(browser, address, verdict=verdict)).status == 303
    assert ("Rubbish" in await text_of(browser, thread)) == (verdict == "banned")
    assert len(await bans.bans_of(browser.app[OFFICE].engine.database, bea.person_id, 0)) == (verdict == "banned")


@pytest.mark.everywhere
async def test_s47_reports_of_other_boards_and_chats_are_not_shown_or_decided(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await other_moderator(second_browser)
    seq = await reply_to(second_browser, thread, "Rubbish")
    await report(browser, thread, seq)
    address = await number_in_queue(browser)
    assert "Rubbish" not in await text_of(second_browser, "/moderation")
    for verdict in ("dismissed", "removed", "warned", "banned"):
        assert (await post(second_browser, address, verdict=verdict, text="x")).status == 403
    assert (await post(browser, "/moderation/reports/999999", verdict="dismissed")).status == 404
    # Her author moderates a board of her own, which is no reason not to be silenced on this one; a ban is beyond him.
    assert (await post(browser, address, verdict="banned", text="x")).status == 403
    form = f"/threads/{number_of(thread)}/reply"
    csrf, client_id = [await second_browser.field(name, form) for name in ("csrf", "client_id")]
    assert (await post(browser, address, verdict="silenced", text="Calm down", days="2")).status == 303
    refused = await second_browser.post_form(form, csrf=csrf, client_id=client_id, parent="1", body="Again")
    assert refused.status == 403
    assert "Calm down" in await refused.text()
    assert "Again" not in await text_of(browser, thread)
    assert "You may read and not write until" in await text_of(second_browser, "/notices")
    await begin_thread(second_browser, "/boards/stones", "My own board is open to me")


@pytest.mark.everywhere
async def test_s46_a_held_post_is_nowhere_until_it_is_sent_once_under_its_key(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    saved = await post(browser, f"{board}/posting", holds="2", hold=PHRASE, refuse="casino\n", links="hold")
    assert saved.status == 303
    await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    assert (await send(second_browser, board, "Casino time", "Come in")).status == 422
    assert (await send(second_browser, board, "My first words", "Hello *there*")).status == 303
    for page in (board, "/boards", "/"):
        assert "My first words" not in await text_of(browser, page), page
    assert "My first words" in await text_of(second_browser, "/account/waiting")
    (address,) = await held_in_queue(browser)
    assert (await post(second_browser, f"{address}/approve")).status == 403
    both = await asyncio.gather(*(post(browser, f"{address}/approve") for _ in range(2)))
    assert [each.status for each in both] == [303, 303]
    page = await text_of(browser, board)
    assert page.count("My first words") == 1
    assert "<em>there</em>" in await text_of(second_browser, f"/boards/plants/{1}/my-first-words")
    assert await held_in_queue(browser) == []
    assert "was approved" in await text_of(second_browser, "/notices")
    assert (await send(second_browser, board, "My second words", "Hello")).status == 303
    (address,) = await held_in_queue(browser)
    assert (await post(browser, f"{address}/refuse", text="Not here")).status == 303
    assert (await post(browser, f"{address}/approve")).status == 303
    assert "My second words" not in await text_of(browser, board)
    assert "Not here" in await text_of(second_browser, "/notices")
    # By now one post stands; the moderator's own posts never wait.
    mine = await begin_thread(browser, board, "Mine", f"{PHRASE} https://example.com")
    assert PHRASE in await text_of(second_browser, mine)


@pytest.mark.everywhere
async def test_s10_where_an_answer_waits_is_not_told_once_it_is_out_of_sight(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    await open_board(browser, "Cellar", readers="moderators")
    thread = await begin_thread(browser, board, "In sight")
    await post(browser, f"{board}/posting", holds="1", links="allow")
    await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    form = f"/threads/{number_of(thread)}/reply"
    client_id = await second_browser.field("client_id", form)
    assert (await post(second_browser, form, client_id=client_id, parent="1", body="My answer")).status == 303
    assert "In sight" in await text_of(second_browser, "/account/waiting")
    assert (await post(browser, f"/threads/{number_of(thread)}/move", board="cellar")).status == 303
    waiting = await text_of(second_browser, "/account/waiting")
    assert "My answer" in waiting
    assert "In sight" not in waiting
    assert "Cellar" not in waiting
    assert "Cellar" in await text_of(browser, "/moderation")


@pytest.mark.everywhere
async def test_s47_what_would_wait_is_refused_as_an_edit_and_a_banned_author_is_not_sent(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    bea = await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    seq = await reply_to(second_browser, thread, "Harmless")
    assert (await post(browser, f"{board}/posting", holds="0", hold=PHRASE, links="allow")).status == 303
    form = f"/threads/{number_of(thread)}/posts/{seq}/edit"
    csrf, revision = [await second_browser.field(name, form) for name in ("csrf", "revision")]
    changed = await second_browser.post_form(form, csrf=csrf, revision=revision, body=f"Now {PHRASE}")
    assert changed.status == 422
    assert "Harmless" in await text_of(browser, thread)
    assert (await send(second_browser, board, "Cheap", f"Buy {PHRASE}")).status == 303
    (address,) = await held_in_queue(browser)
    office = browser.app[OFFICE]
    eve = await make_agent(browser, "gus@example.com", "Gus", role=Role.ADMINISTRATOR)
    await do_ban_account(office.engine, eve.actor, bea.public_id)
    refused = await post(browser, f"{address}/approve")
    assert refused.status == 409
    assert "may not write there any more" in await refused.text()
    assert (await post(browser, f"{address}/refuse")).status == 303


@pytest.mark.everywhere
async def test_s47_new_members_write_little_and_are_told_when_to_come_back(
    browser: Browser, second_browser: Browser
) -> None:
    await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    await sign_in_as(browser, "eve@example.com")
    board = await open_board(browser)
    thread = await begin_thread(browser, board)
    rules = {"links": "allow", "posts": "5", "days": "1", "hourly": "2", "daily": "9", "most_links": "1"}
    assert (await post(browser, "/admin/posting", **rules | {"hourly": "many"})).status == 422
    assert (await post(browser, "/admin/posting", **rules)).status == 303
    await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    assert (await second_browser.open("/admin/posting")).status == 403
    many = await send(second_browser, board, "Links", "https://a.example https://b.example")
    assert many.status == 422
    await reply_to(second_browser, thread, "One")
    form = f"/threads/{number_of(thread)}/reply"
    client_id, csrf = await second_browser.field("client_id", form), await second_browser.field("csrf", form)
    await reply_to(second_browser, thread, "Two")
    late = await second_browser.post_form(form, csrf=csrf, client_id=client_id, parent="1", body="Three")
    assert late.status == 429
    assert 3000 < int(late.headers["Retry-After"]) <= 3600
    for n in range(3):
        await reply_to(browser, thread, f"Whoever moderates is not counted {n}")


@pytest.mark.everywhere
async def test_s47_a_message_of_a_chat_is_reported_to_whoever_answers_for_its_site(served: Served) -> None:
    grace, henry = await served.staff("Grace", SHOP), await served.staff("Henry", OTHER)
    async with served.visitor() as visitor:
        name = await begin(visitor, "Buy my things")
        statuses = []
        for who in (henry, grace, grace):
            csrf = served.agents_app[OFFICE].csrf.token(who.cookie.removeprefix("session="))
            headers = {"X-CSRF": csrf, "Sec-Fetch-Site": "same-origin"}
            body = {"channel": name, "seq": 1, "reason": "spam", "details": "A robot"}
            url = f"{served.agents_base}/console/api/reports"
            async with who.http.post(url, json=body, headers=headers) as response:
                statuses.append(response.status)
        assert statuses == [404, 201, 200]
        for who, shown in ((grace, True), (henry, False)):
            async with who.http.get(f"{served.agents_base}/moderation") as response:
                assert response.status == 200
                assert ("Buy my things" in await response.text()) is shown
