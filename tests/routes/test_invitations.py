"""Colleagues are invited by mail, each for one address, one role and one site (S20)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import PASSWORD, make_agent, make_site
from widget_server.actions.accounts import access_account
from widget_server.actions.appointments import do_end_role, do_give_role
from widget_server.actions.audit import list_entries
from widget_server.actions.invitations import do_accept_as_new, do_invite, do_repeat_invitation, list_invitations
from widget_server.actions.registration import check_wish
from widget_server.core.errors import Refused
from widget_server.core.permissions import ALL_SITES, Role
from widget_server.routes.office import OFFICE
from widget_server.store.queries import accounts as account_queries

if TYPE_CHECKING:
    from tests.engines.post_office import PostOffice
    from tests.routes.conftest import Browser
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine

GRACE = "grace@example.com"
everywhere = pytest.mark.everywhere


def engine_of(browser: Browser) -> Engine:
    return browser.app[OFFICE].engine


async def invited(browser: Browser, by: Account, mail: str = GRACE, role: str = Role.AGENT, site_id: int = 0) -> str:
    """The code of an invitation where no mail is sent."""
    code = await do_invite(
        engine_of(browser), by.actor, mail=mail, role=role, site_id=site_id, language="", has_mail=False
    )
    assert code is not None
    return code


async def accepted(browser: Browser, code: str, name: str = "Grace") -> int:
    """Take an invitation as somebody new; the status of the answer."""
    fields = {"code": code, "name": name, "password": PASSWORD, "password_again": PASSWORD}
    csrf = await browser.field("csrf", "/invitation")
    return (await browser.post_form("/invitation/register", csrf=csrf, **fields)).status


@everywhere
async def test_s20_a_colleague_is_invited_by_mail_for_one_site(
    browser: Browser, second_browser: Browser, post_office: PostOffice
) -> None:
    await make_agent(browser)
    plum = await make_site(browser, key="plum")
    await browser.sign_in("ada@example.com")
    sent = await browser.post_form("/invitations", email="Grace@example.com", role="agent", site=str(plum.id))
    assert (sent.status, sent.headers["Location"]) == (303, "/invitations")
    assert GRACE in await (await browser.open("/invitations")).text()
    mail = await post_office.mail("Grace@example.com")
    assert "Ada" in mail.text
    assert "Plum & Sons" in mail.text
    assert "/invitation#" in mail.link
    shown = await second_browser.post_form("/invitation", code=mail.code)
    text = await shown.text()
    assert GRACE in text
    assert 'name="password_again"' in text
    assert await accepted(second_browser, mail.code) == 303
    me = await second_browser.call("GET", "/console/api/me")
    assert (me["name"], me["mail"], [site["key"] for site in me["sites"]]) == ("Grace", GRACE, ["plum"])
    assert GRACE not in (await (await browser.open("/invitations")).text()).partition("<h2>")[2]
    assert await accepted(second_browser, mail.code) == 403


async def test_without_mail_the_link_is_shown_once(browser: Browser) -> None:
    await make_agent(browser)
    await browser.sign_in("ada@example.com")
    assert (await browser.post_form("/invitations", email=GRACE, role="agent", site="0")).status == 303
    first = await (await browser.open("/invitations")).text()
    assert re.search(r"http://localhost:8080/invitation#[a-z2-7]{32}", first)
    assert "/invitation#" not in await (await browser.open("/invitations")).text()


async def test_s20_an_account_takes_only_an_invitation_of_its_own_address(
    browser: Browser, second_browser: Browser
) -> None:
    ada = await make_agent(browser)
    plum, pear = await make_site(browser, key="plum"), await make_site(browser, key="pear")
    grace = await make_agent(browser, GRACE, "Grace", role=Role.AGENT, site="plum")
    code = await invited(browser, ada, "eve@example.com", site_id=pear.id)
    await second_browser.sign_in(GRACE)
    csrf = await second_browser.field("csrf", "/invitation")
    assert (await second_browser.post_form("/invitation/accept", csrf=csrf, code=code)).status == 403
    own = await invited(browser, ada, GRACE, site_id=pear.id)
    csrf = await second_browser.field("csrf", "/invitation")
    assert (await second_browser.post_form("/invitation/accept", csrf=csrf, code=own)).status == 303
    now = await access_account(engine_of(browser).database, grace.person_id)
    assert {grant.site_id for grant in now.grants} == {plum.id, pear.id}


async def test_s20_whoever_has_an_account_signs_in_first(browser: Browser, second_browser: Browser) -> None:
    ada = await make_agent(browser)
    await make_agent(browser, GRACE, "Grace", role=Role.MODERATOR)
    code = await invited(browser, ada)
    text = await (await second_browser.post_form("/invitation", code=code)).text()
    assert "has an account" in text
    assert 'name="password' not in text
    assert await accepted(second_browser, code, "Mallory") == 403


async def test_s20_who_registered_first_and_never_confirmed_gets_nothing(
    browser: Browser, second_browser: Browser, post_office: PostOffice
) -> None:
    ada = await make_agent(browser)
    fields = {"name": "Mallory", "email": GRACE, "password": "a thief in the house", "password_again": ""}
    fields["password_again"] = fields["password"]
    assert (await second_browser.post_form("/register", **fields)).status == 303
    await post_office.mail(GRACE)
    code = await invited(browser, ada)
    assert await accepted(browser, code) == 303
    refused = await second_browser.post_form(email=GRACE, password="a thief in the house")
    assert refused.status == 401


async def test_s20_a_withdrawn_a_repeated_an_old_one_open_nothing(browser: Browser, second_browser: Browser) -> None:
    ada = await make_agent(browser)
    await browser.sign_in("ada@example.com")
    engine = engine_of(browser)
    withdrawn = await invited(browser, ada)
    (known,) = await list_invitations(engine.database, ada.actor)
    csrf = await browser.field("csrf", "/invitations")
    assert (await browser.post_form(f"/invitations/{known.id}/withdraw", csrf=csrf)).status == 303
    assert await accepted(second_browser, withdrawn) == 403
    repeated = await invited(browser, ada)
    (known,) = await list_invitations(engine.database, ada.actor)
    newer = await do_repeat_invitation(engine, ada.actor, known.id, has_mail=False)
    assert await accepted(second_browser, repeated) == 403
    engine.clock.ahead_ms += 7 * 86_400_000 + 1  # type: ignore[attr-defined]  # a test's clock
    assert await accepted(second_browser, newer or "") == 403


async def test_s20_what_its_sender_may_no_longer_give_opens_nothing(browser: Browser, second_browser: Browser) -> None:
    ada = await make_agent(browser)
    engine = engine_of(browser)
    plum = await make_site(browser, key="plum")
    mia = await make_agent(browser, "mia@example.com", "Mia", role=Role.ADMINISTRATOR, site="plum")
    code = await invited(browser, mia, site_id=plum.id)
    await do_end_role(engine, ada.actor, mia.public_id, Role.ADMINISTRATOR, site_id=plum.id)
    assert await accepted(second_browser, code) == 403
    await do_give_role(engine, ada.actor, mia.public_id, Role.ADMINISTRATOR, site_id=plum.id)
    assert await accepted(second_browser, code) == 303


@everywhere
async def test_s20_nobody_invites_beyond_their_sites_or_sees_others(browser: Browser) -> None:
    ada = await make_agent(browser)
    engine = engine_of(browser)
    plum, pear = await make_site(browser, key="plum"), await make_site(browser, key="pear")
    mia = await make_agent(browser, "mia@example.com", "Mia", role=Role.ADMINISTRATOR, site="plum")
    for site_id in (pear.id, ALL_SITES):
        with pytest.raises(Refused, match="beyond_you"):
            await invited(browser, mia, site_id=site_id)
    await invited(browser, ada, site_id=pear.id)
    await invited(browser, mia, "eve@example.com", site_id=plum.id)
    assert [each.address for each in await list_invitations(engine.database, mia.actor)] == ["eve@example.com"]
    theirs = [each for each in await list_invitations(engine.database, ada.actor) if each.site_id == pear.id]
    with pytest.raises(Refused, match="not_found"):
        await do_repeat_invitation(engine, mia.actor, theirs[0].id, has_mail=False)
    await browser.sign_in("mia@example.com")
    assert 'href="/invitations"' in await (await browser.open("/account")).text()
    grace = await make_agent(browser, GRACE, "Grace", role=Role.AGENT, site="plum")
    with pytest.raises(Refused, match="beyond_you"):
        await invited(browser, grace, "eve@example.com", site_id=plum.id)


@everywhere
async def test_s20_fifty_uses_at_once_make_one_account(browser: Browser) -> None:
    ada = await make_agent(browser)
    office = browser.app[OFFICE]
    code = await invited(browser, ada)

    async def use(number: int) -> Account | Refused:
        wish = check_wish(name=f"Grace {number}", mail=GRACE, password=PASSWORD)
        try:
            return await do_accept_as_new(office.engine, office.passwords, code, wish, language="")
        except Refused as error:
            return error

    outcomes = await asyncio.gather(*(use(number) for number in range(50)))
    made = [each for each in outcomes if not isinstance(each, Refused)]
    assert len(made) == 1
    assert {each.name for each in outcomes if isinstance(each, Refused)} == {"link_ended"}
    row = await office.engine.database.read(lambda tx: tx.one(account_queries.BY_MAIL, mail=GRACE))
    assert row is not None
    assert row[0] == made[0].person_id
    entries = await list_entries(office.engine.database, actor_id=made[0].person_id)
    assert [entry.verb for entry in entries] == ["invitation.accepted"]


@pytest.mark.parametrize("wrong", [{"name": ""}, {"password": "short"}, {"password_again": "other"}])
async def test_s2_06_a_form_that_is_refused_keeps_the_code_and_uses_nothing_up(
    browser: Browser, second_browser: Browser, wrong: dict[str, str]
) -> None:
    ada = await make_agent(browser)
    code = await invited(browser, ada)
    fields = {"code": code, "name": "Grace", "password": PASSWORD, "password_again": PASSWORD} | wrong
    csrf = await second_browser.field("csrf", "/invitation")
    refused = await second_browser.post_form("/invitation/register", csrf=csrf, **fields)
    assert refused.status == 422
    assert f'value="{code}"' in await refused.text()
    assert await accepted(second_browser, code) == 303
