"""My data, as a browser meets it: the file, and the end of the account on every device."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.actions.test_personal_data import places_of
from tests.routes.community import begin_thread, member_with_board, reply_to
from tests.routes.conftest import PASSWORD, make_agent, make_member, sign_in_as
from widget_server.actions.personal_data import POSTS_OF, do_erase_again
from widget_server.ops.erasures import NAME, read_list
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import message

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser

PATH = "/account/data"


async def send(browser: Browser, what: str, **fields: str) -> ClientResponse:
    return await browser.post_form(f"{PATH}/{what}", csrf=await browser.field("csrf", PATH), **fields)


@pytest.mark.everywhere
async def test_s3_19_a_member_takes_everything_along(browser: Browser) -> None:
    await make_member(browser)
    await make_member(browser, "Bob", "bob@example.com")
    await sign_in_as(browser)
    response = await send(browser, "file")
    assert (response.status, response.content_type) == (200, "application/json")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="my-data-')
    assert response.headers["Cache-Control"] == "no-store"
    text = await response.text()
    told = json.loads(text)
    assert told["profile"][0]["name"] == "Ada Byron"
    assert told["identities"][0]["address"] == "ada@example.com"
    assert told["sessions"]
    assert "bob" not in text.lower()
    assert (await browser.open(f"{PATH}/file")).status == 405


@pytest.mark.everywhere
async def test_s3_19_the_account_ends_on_every_device_once_its_password_is_given(
    browser: Browser, second_browser: Browser
) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    await sign_in_as(second_browser)
    page = await (await browser.open(PATH)).text()
    assert "What goes at once" in page
    assert "What stays" in page
    wrong = await send(browser, "delete", password="not this one")
    assert wrong.status == 422
    assert 'id="password-problem">This is not your password.</p>' in await wrong.text()
    assert (await browser.open("/account")).status == 200
    gone = await send(browser, "delete", password=PASSWORD)
    assert (gone.status, gone.headers["Location"]) == (303, "/")
    assert "Your account is deleted." in await (await browser.open("/")).text()
    for each in (browser, second_browser):
        assert (await each.open("/account")).headers["Location"].startswith("/sign-in")
    assert (await browser.post_form(email="ada@example.com", password=PASSWORD)).status == 401
    picture = await browser.open(f"/people/{ada.public_id}/picture")
    assert b">AB<" not in await picture.read()
    assert set(read_list(browser.app[OFFICE].settings.data_dir)) == {ada.public_id}
    again = await make_member(browser)
    assert again.public_id != ada.public_id
    await sign_in_as(browser)
    assert (await browser.open(f"/members/{ada.public_id}")).status == 404


async def test_the_list_of_erasures_says_nothing_but_public_names(browser: Browser) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    await send(browser, "delete", password=PASSWORD)
    text = (browser.app[OFFICE].settings.data_dir / NAME).read_text()
    assert [sorted(json.loads(line)) for line in text.split()] == [["at", "person"]]
    assert ada.public_id in text
    assert "example.com" not in text


async def test_the_last_administrator_is_told_why_not(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    response = await send(browser, "delete", password=PASSWORD)
    assert response.status == 403
    assert "One administrator must remain." in await response.text()
    assert (await browser.open("/account")).status == 200


async def test_s08_neither_is_done_for_a_foreign_page(browser: Browser) -> None:
    await make_member(browser)
    await sign_in_as(browser)
    for what in ("file", "delete"):
        response = await browser.post_form(f"{PATH}/{what}", csrf="x" * 43, password=PASSWORD)
        assert response.status == 403
    assert (await browser.open("/account")).status == 200


@pytest.mark.everywhere
async def test_s3_19_what_somebody_wrote_goes_too_where_they_choose_it(
    browser: Browser, second_browser: Browser
) -> None:
    plants = await member_with_board(browser)
    roses = await begin_thread(browser, plants, "Roses", "Quokka seeds")
    lonely = await begin_thread(browser, plants, "Quokka alone", "Nobody answered")
    await reply_to(browser, lonely, "Quokka to myself")
    await make_member(second_browser, "Bob", "bob@example.com")
    await sign_in_as(second_browser, "bob@example.com")
    await reply_to(second_browser, roses, "I have some")
    await reply_to(browser, roses, "Quokka thanks", parent=2)
    gone = await send(browser, "delete", password=PASSWORD, posts="on")
    assert gone.status == 303
    page = await (await second_browser.open(roses)).text()
    assert "I have some" in page
    assert "<h1" in page
    assert "Roses" in page
    assert "Quokka" not in page
    assert (await second_browser.open(lonely)).status == 404
    assert "Quokka" not in await (await second_browser.open(plants)).text()
    database = browser.app[OFFICE].engine.database
    assert await places_of(database, "Quokka") == set()
    # A backup from before brings them back; the list of erasures takes them away again.
    names = read_list(browser.app[OFFICE].settings.data_dir)
    assert [name[:8] for name in names if name.startswith(POSTS_OF)] == ["posts of"]
    back = Statement(update(message).where(message.c.seq == 1).values(body="Quokka again", removed_at=None))
    await database.write(lambda tx: tx.run(back))
    await do_erase_again(database, names, now_ms=1)
    assert await places_of(database, "Quokka") == set()
