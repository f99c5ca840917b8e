"""Opening boards, changing and arranging them, and their moderators, over HTTP without a script."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, open_board
from tests.routes.conftest import PASSWORD, make_agent, make_member, make_site, sign_in_as, text_of
from widget_server.actions.appointments import do_end_role
from widget_server.actions.board_settings import Spot, do_arrange_boards
from widget_server.actions.boards import BoardPlace, BoardText, do_open_board
from widget_server.core.errors import Refused
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE
from widget_server.store.stamps import changes_since

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser

FIELDS = {
    "name": "Plants",
    "description": "",
    "rules": "",
    "readers": "everyone",
    "starters": "members",
    "repliers": "members",
    "layout": "nested",
}


async def post(browser: Browser, path: str, form: str = "/account", **fields: str) -> ClientResponse:
    return await browser.post_form(path, csrf=await browser.field("csrf", form), **fields)


async def change(browser: Browser, board: str, **fields: str) -> ClientResponse:
    return await post(browser, f"{board}/settings", **(FIELDS | fields))


async def bea_signs_in(browser: Browser) -> str:
    """A second member, whose public id is returned."""
    bea = await make_member(browser, "Bea Brown", "bea@example.com")
    await sign_in_as(browser, "bea@example.com")
    return bea.public_id


@pytest.mark.everywhere
async def test_s4_02_who_opens_a_board_moderates_it_and_the_front_page_lists_it(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser, description="Green & growing", rules="Be kind.")
    assert board == "/boards/plants"
    front = await text_of(second_browser, "/")
    assert 'href="/boards/plants"' in front
    assert "Green &amp; growing" in front
    page = await text_of(second_browser, board)
    assert "Be kind." in page
    assert "/settings" not in page
    assert f'href="{board}/settings"' in await text_of(browser, board)
    assert "Ada Byron" in await text_of(browser, f"{board}/moderators")
    again = await post(browser, "/new-board", name="PLANTS")
    assert again.status in {409, 422}
    assert "This name or address is taken." in await again.text()
    for name in ("Arrange", "!!!"):
        assert (await post(browser, "/new-board", name=name)).status == 422


@pytest.mark.everywhere
async def test_s4_02_a_changed_board_holds_at_once_and_its_address_stays(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, "For members")
    database = browser.app[OFFICE].engine.database
    cursor = (await changes_since(database, 0)).cursor
    await begin_thread(browser, board, "One more")
    assert (await changes_since(database, cursor)).boards == set(), "a thread more is no change of right"
    saved = await change(browser, board, name="House plants", readers="members", starters="moderators")
    assert saved.headers["Location"] == board
    assert len((await changes_since(database, cursor)).boards) == 1
    assert "House plants" in await text_of(browser, board)
    for path in (board, thread, f"/threads/{thread.split('/')[3]}"):
        await text_of(second_browser, path, 404)
    assert "House plants" not in await text_of(second_browser, "/")
    await bea_signs_in(second_browser)
    assert "For members" in await text_of(second_browser, board)
    assert "Begin a thread" not in await text_of(second_browser, board)
    assert (await second_browser.open(f"{board}/settings")).status == 403
    assert (await change(second_browser, board, name="Mine")).status == 403
    wrong = await change(browser, board, readers="nobody", name="")
    assert wrong.status == 422
    assert (await wrong.text()).count('class="problem"') == 2


@pytest.mark.everywhere
async def test_s4_03_moderators_are_added_and_removed_on_a_page(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    other = await open_board(browser, "Animals")
    bea = await bea_signs_in(second_browser)
    assert (await second_browser.open(f"{board}/moderators")).status == 403
    for where in (board, other):
        added = await post(browser, f"{where}/moderators", name="bea brown")
        assert added.headers["Location"] == f"{where}/moderators"
    page = await text_of(browser, f"{board}/moderators")
    assert page.index("Ada Byron") < page.index("Bea Brown"), "a board has many moderators"
    for where in (board, other):
        assert "Add a moderator" in await text_of(second_browser, f"{where}/moderators"), "and a member many boards"
    unknown = await post(browser, f"{board}/moderators", name="Nobody")
    assert "Nobody here has this name." in await unknown.text()
    gone = await post(second_browser, f"{board}/moderators/end", member=bea, role="moderator")
    assert gone.headers["Location"] == board
    assert (await second_browser.open(f"{board}/moderators")).status == 403
    assert (await second_browser.open(f"{other}/moderators")).status == 200
    forced = await post(second_browser, f"{board}/moderators", name="Bea Brown")
    assert forced.status == 403


@pytest.mark.everywhere
async def test_s4_02_boards_stand_under_one_another_in_an_order_and_are_archived(
    browser: Browser, second_browser: Browser
) -> None:
    plants = await member_with_board(browser)
    roses = await open_board(browser, "Roses", parent="plants")
    thread = await begin_thread(browser, roses, "Thorns")
    await open_board(browser, "Animals")
    front = await text_of(browser, "/")
    assert re.search(r'class="hint children"><a href="/boards/roses"', front)
    assert 'href="/boards/roses"' in await text_of(browser, plants)
    assert f'href="{plants}"' in await text_of(browser, roses)
    under_itself = await change(browser, plants, parent="roses")
    assert "Choose one of these." in await under_itself.text()
    assert (await browser.open("/boards/arrange")).status == 403
    await make_agent(second_browser, "root@example.com", "Root")
    await second_browser.sign_in("root@example.com", PASSWORD)
    order = {"position-plants": "2", "position-animals": "1", "position-roses": "1"}
    circle = {"parent-plants": "roses", "parent-animals": "", "parent-roses": "plants"}
    assert (await post(second_browser, "/boards/arrange", **order, **circle)).status == 422
    flat = {"parent-plants": "", "parent-animals": "plants", "parent-roses": ""}
    assert (await post(second_browser, "/boards/arrange", **order, **flat)).status == 303
    shown = re.findall(r'<p class="title"><a href="/boards/(\w+)"', await text_of(browser, "/boards"))
    assert shown == ["roses", "plants"]
    assert (await post(browser, f"{roses}/archive")).status == 403
    assert (await post(second_browser, f"{roses}/archive")).status == 303
    assert "This board is archived" in await text_of(browser, roses)
    assert (await browser.open(f"{roses}/begin")).status == 403
    assert "Thorns" in await text_of(browser, thread)
    assert (await post(second_browser, f"{roses}/reopen")).status == 303
    assert "Begin a thread" in await text_of(browser, roses)


async def test_a_board_is_tied_to_a_site_by_who_manages_it(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    await make_site(browser, key="plum")
    assert 'name="site"' not in await text_of(browser, f"{board}/settings")
    assert (await change(browser, board, site="plum")).status == 422
    await make_agent(second_browser, "root@example.com", "Root")
    await second_browser.sign_in("root@example.com", PASSWORD)
    assert (await change(second_browser, board, site="plum")).status == 303
    assert 'value="plum" selected' in await text_of(second_browser, f"{board}/settings")
    assert (await change(browser, board, description="More")).status == 303
    assert 'value="plum" selected' in await text_of(second_browser, f"{board}/settings")


async def test_a_role_without_the_right_opens_no_board(browser: Browser) -> None:
    await make_agent(browser, "root@example.com", "Root")
    await browser.sign_in("root@example.com", PASSWORD)
    assert (await post(browser, "/admin/roles/member", name="Member", may_write="on", may_reply="on")).status == 303
    csrf = await browser.field("csrf", "/")
    await browser.post_form("/sign-out", csrf=csrf)
    await make_member(browser)
    await sign_in_as(browser)
    assert "Your role does not let you open boards." in await text_of(browser, "/new-board")
    assert (await post(browser, "/new-board", name="Mine")).status == 403


@pytest.mark.everywhere
async def test_of_two_who_put_boards_under_one_another_at_once_one_is_refused(
    browser: Browser, second_browser: Browser
) -> None:
    eve = await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    await sign_in_as(browser, "eve@example.com")
    for name in ("Plants", "Stones"):
        await open_board(browser, name)
    one, other = [each.app[OFFICE].engine for each in (browser, second_browser)]
    done = await asyncio.gather(
        do_arrange_boards(one, eve.actor, {"plants": Spot(1, "stones")}),
        do_arrange_boards(other, eve.actor, {"stones": Spot(1, "plants")}),
        return_exceptions=True,
    )
    assert sorted(str(each) for each in done) == ["None", "bad_choice"]


async def test_s15_a_board_is_opened_by_the_rights_that_hold_then(browser: Browser) -> None:
    await member_with_board(browser)
    eve = await make_agent(browser, "eve@example.com", "Eve", role=Role.ADMINISTRATOR)
    gus = await make_agent(browser, "gus@example.com", "Gus", role=Role.MODERATOR)
    engine = browser.app[OFFICE].engine
    await do_end_role(engine, eve.actor, gus.public_id, Role.MODERATOR)
    text = BoardText("Stones", "", "", "everyone", "members", "members", "nested")
    with pytest.raises(Refused, match="not_allowed"):
        await do_open_board(engine, gus.actor, text, BoardPlace("plants"))
    assert (await browser.open("/boards/stones")).status == 404
