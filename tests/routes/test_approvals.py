"""New accounts that have to be approved: closed until somebody has looked at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import PASSWORD, make_agent
from widget_server.actions.approvals import do_approve, do_refuse, list_waiting
from widget_server.actions.audit import list_entries
from widget_server.core.errors import Refused
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser

GRACE = "grace@example.com"
everywhere = pytest.mark.everywhere


async def begin(browser: Browser, second_browser: Browser) -> None:
    """An administrator at the first browser, who has new accounts approved; somebody who registers at the second."""
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    saved = await browser.post_form("/admin/community", name="Plums", registration="approved")
    assert saved.status == 303, await saved.text()
    second_browser.app[OFFICE].community.forget()
    fields = {"name": "Grace", "email": GRACE, "password": PASSWORD, "password_again": PASSWORD}
    assert (await second_browser.post_form("/register", **fields)).status == 303


async def waiting(browser: Browser) -> str:
    """The public name of the one who waits."""
    (each,) = await list_waiting(browser.app[OFFICE].engine.database)
    return each.public_id


@everywhere
async def test_s3_01_an_account_that_waits_opens_nothing_until_it_is_approved(
    browser: Browser, second_browser: Browser
) -> None:
    await begin(browser, second_browser)
    for path in ("/account", "/members", "/account/sessions"):
        response = await second_browser.open(path)
        assert (response.status, response.headers["Location"].partition("?")[0]) == (303, "/register/waiting")
    assert "We write to you" in await (await second_browser.open("/register/waiting")).text()
    public_id = await waiting(browser)
    assert public_id in await (await browser.open("/admin/approvals")).text()
    csrf = await browser.field("csrf", "/admin/approvals")
    assert (await browser.post_form(f"/admin/approvals/{public_id}/approve", csrf=csrf)).status == 303
    assert (await second_browser.open("/account")).status == 200
    assert (await second_browser.open("/register/waiting")).headers["Location"] == "/"
    verbs = [e.verb for e in await list_entries(browser.app[OFFICE].engine.database, object_id=public_id)]
    assert "person.approved" in verbs


async def test_who_is_approved_or_refused_gets_a_mail(
    browser: Browser, second_browser: Browser, post_office: PostOffice
) -> None:
    await begin(browser, second_browser)
    mail = await post_office.mail(GRACE)
    confirmed = await second_browser.post_form("/confirm", code=mail.code)
    assert confirmed.headers["Location"] == "/register/waiting"
    csrf = await browser.field("csrf", "/admin/approvals")
    assert (await browser.post_form(f"/admin/approvals/{await waiting(browser)}/approve", csrf=csrf)).status == 303
    assert "was approved" in (await post_office.mail(GRACE)).subject


@everywhere
async def test_a_refused_account_is_gone_with_what_was_written_for_it(
    browser: Browser, second_browser: Browser
) -> None:
    await begin(browser, second_browser)
    public_id = await waiting(browser)
    csrf = await browser.field("csrf", "/admin/approvals")
    assert (await browser.post_form(f"/admin/approvals/{public_id}/refuse", csrf=csrf)).status == 303
    assert (await second_browser.post_form(email=GRACE, password=PASSWORD)).status == 401
    assert (await second_browser.open("/account")).headers["Location"].startswith("/sign-in")
    assert (await browser.open(f"/admin/people/{public_id}")).status == 404
    engine, ada = browser.app[OFFICE].engine, await make_agent(browser, "eve@example.com", "Eve")
    for deed in (do_approve, do_refuse):
        with pytest.raises(Refused):
            await deed(engine, ada.actor, public_id)


async def test_nobody_approves_themselves(browser: Browser, second_browser: Browser) -> None:
    await begin(browser, second_browser)
    public_id = await waiting(browser)
    refused = await second_browser.post_form(f"/admin/approvals/{public_id}/approve", csrf="")
    assert refused.status == 303
    assert refused.headers["Location"].startswith("/register/waiting")
    assert await waiting(browser) == public_id
