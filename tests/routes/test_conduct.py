"""Warnings, notes, silences and the log of a board: what moderators do with people, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from tests.routes.conftest import make_agent, make_member, sign_in_as, text_of
from tests.routes.test_moderation import done, other_moderator
from tests.routes.test_review import become, post, send
from widget_server.core.permissions import Role

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

DAY_MS = 86_400_000


def board_key(page: str) -> str:
    """The key of the first board that a form offers."""
    return page.partition('<select id="note-board"')[2].partition('<option value="')[2].partition('"')[0]


@pytest.mark.everywhere
async def test_s47_a_moderator_acts_on_people_inside_their_boards_alone(
    browser: Browser, second_browser: Browser
) -> None:
    await member_with_board(browser)
    cora = await make_member(browser, "Cora", "cora@example.com")
    await other_moderator(second_browser)
    person = f"/moderation/people/{cora.public_id}"
    own = board_key(await text_of(browser, person))
    theirs = board_key(await text_of(second_browser, person))
    assert own != theirs
    deeds = {"note": {"note": "Kind"}, "warn": {"warning": "Stop"}, "silence": {"reason": "Loud", "days": "1"}}
    for deed, fields in deeds.items():
        for board in (own, "0", "999"):
            assert (await post(second_browser, f"{person}/{deed}", board=board, **fields)).status == 403, deed
        assert (await post(second_browser, f"{person}/{deed}", board="x", **fields)).status == 404
        assert (await post(browser, f"{person}/{deed}", board=own, **fields)).status == 303
    assert (await post(browser, f"{person}/ban", ban_reason="x")).status == 403
    page = await text_of(second_browser, person)
    assert "Kind" not in page
    assert "Loud" not in page
    page = await text_of(browser, person)
    assert "Kind" in page
    silence = page.partition('action="/moderation/silences/')[2].partition("/")[0]
    assert (await post(second_browser, f"/moderation/silences/{silence}/end")).status == 404
    assert (await post(browser, f"/moderation/silences/{silence}/end")).status == 303
    await become(second_browser, "cora@example.com")
    assert (await second_browser.open(person)).status == 403


@pytest.mark.everywhere
async def test_a_warning_stands_on_every_page_until_it_was_read(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    cora = await make_member(browser, "Cora", "cora@example.com")
    person = f"/moderation/people/{cora.public_id}"
    await sign_in_as(second_browser, "cora@example.com")
    for page in (board, thread):
        assert "has warned you" not in await text_of(second_browser, page)
    key = board_key(await text_of(browser, person))
    assert (await post(browser, f"{person}/warn", board=key, warning="Be <b>kind</b>")).status == 303
    for page in (board, thread):
        assert "has warned you" in await text_of(second_browser, page)
    page = await text_of(second_browser, "/warnings")
    assert "Be &lt;b&gt;kind&lt;/b&gt;" in page
    newest = await second_browser.field("newest", "/warnings")
    assert (await post(browser, f"{person}/warn", board=key, warning="Again")).status == 303
    assert (await post(second_browser, "/warnings/read", newest=newest)).status == 303
    assert "has warned you" in await text_of(second_browser, board)
    newest = await second_browser.field("newest", "/warnings")
    assert (await post(second_browser, "/warnings/read", newest=newest)).status == 303
    assert "has warned you" not in await text_of(second_browser, board)


@pytest.mark.only("sqlite", "postgresql")  # another node knows of a ban within a second
async def test_s0_18_whoever_is_silenced_or_banned_writes_no_more_and_is_told_why(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    cora = await make_member(browser, "Cora", "cora@example.com")
    await sign_in_as(second_browser, "cora@example.com")
    assert (await send(second_browser, board, "Before", "Hello")).status == 303
    person = f"/moderation/people/{cora.public_id}"
    key = board_key(await text_of(browser, person))
    form = f"/threads/{number_of(thread)}/reply"
    csrf, client_id = [await second_browser.field(name, form) for name in ("csrf", "client_id")]
    assert (await post(browser, f"{person}/silence", board=key, reason="Too loud", days="1")).status == 303
    refused = await second_browser.post_form(form, csrf=csrf, client_id=client_id, parent="1", body="But")
    assert refused.status == 403
    assert "Too loud" in await refused.text()
    assert (await second_browser.open(thread)).status == 200
    clock.ahead_ms = DAY_MS + 1000
    await reply_to(second_browser, thread, "I am back")
    await make_agent(browser, "eve@example.com", "Eve", role=Role.MODERATOR)
    await become(browser, "eve@example.com")
    assert (await post(browser, f"{person}/ban", ban_reason="Enough", ban_days="7")).status == 303
    banned = await second_browser.post_form(form, csrf=csrf, client_id=client_id, parent="1", body="But")
    assert banned.status == 403
    assert "Enough" in await banned.text()


@pytest.mark.everywhere
async def test_s47_a_board_of_ones_own_is_no_way_around_what_holds_everywhere(
    browser: Browser, second_browser: Browser
) -> None:
    await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    await sign_in_as(browser, "eve@example.com")
    board = await open_board(browser)
    thread = await begin_thread(browser, board)
    limits = {"links": "refuse", "posts": "2", "days": "0", "hourly": "90", "daily": "90", "most_links": "-1"}
    assert (await post(browser, "/admin/posting", refuse="casino", **limits)).status == 303
    assert (await post(browser, f"{board}/posting", holds="1", links="allow")).status == 303
    cora = await make_member(browser, "Cora", "cora@example.com")
    await sign_in_as(second_browser, "cora@example.com")
    own = await open_board(second_browser, "Mine")
    for title, body in (("Casino", "Come"), ("Come", "https://spam.example"), ("Come", "cas**i**no")):
        assert (await send(second_browser, own, title, body)).status == 422, body
    polled = {"poll_question": "Where?", "poll_options": "Casino\nHome"}
    form = f"{own}/begin"
    csrf, client_id = [await second_browser.field(name, form) for name in ("csrf", "client_id")]
    for more in ({"tags": "casino"}, polled):
        sent = await second_browser.post_form(form, csrf=csrf, client_id=client_id, title="a", body="b", **more)
        assert sent.status == 422, more
    mine = await begin_thread(second_browser, own)
    for n in range(3):
        await reply_to(second_browser, mine, f"One more {n}")
    # None of these makes her known to anybody else: her first post elsewhere waits, and a link is refused.
    assert (await send(second_browser, board, "Look", "https://spam.example")).status == 422
    assert (await send(second_browser, board, "My first", "Hello")).status == 303
    assert "My first" not in await text_of(browser, board)
    person = f"/moderation/people/{cora.public_id}"
    assert (await post(browser, f"{person}/silence", board="0", reason="Too loud", days="1")).status == 303
    assert "Too loud" in await text_of(second_browser, mine)
    for path in (form, f"/threads/{number_of(mine)}/reply"):
        sent = await post(second_browser, path, client_id=client_id, parent="1", title="a", body="b")
        assert sent.status == 403, path
    assert (await post(second_browser, "/new-board", name="Another")).status == 403
    await reply_to(browser, thread, "https://example.com and a casino are for who moderates everything")
    assert "a casino are for who" in await text_of(second_browser, thread)


@pytest.mark.everywhere
async def test_the_log_of_a_board_is_public_where_the_installation_wants_it_and_names_no_member(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    cora = await make_member(browser, "Cora", "cora@example.com")
    person = f"/moderation/people/{cora.public_id}"
    key = board_key(await text_of(browser, person))
    await done(browser, thread, "lock")
    await post(browser, f"{person}/silence", board=key, reason="Too loud", days="1")
    await post(browser, f"{person}/note", board=key, note="Watch her")
    full = await text_of(browser, f"{board}/log")
    assert "locked the thread" in full
    assert "Cora" in full
    assert (await second_browser.open(f"{board}/log")).status == 403
    await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    await become(browser, "eve@example.com")
    shown = {"links": "allow", "posts": "5", "days": "1", "hourly": "9", "daily": "9", "most_links": "-1"}
    assert (await post(browser, "/admin/posting", public_log="1", **shown)).status == 303
    public = await text_of(second_browser, f"{board}/log")
    assert "locked the thread" in public
    assert "silenced a member" in public
    for private in ("Cora", cora.public_id, "Too loud", "wrote a note"):
        assert private not in public
