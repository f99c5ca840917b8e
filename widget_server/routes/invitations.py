"""Inviting colleagues, and taking an invitation."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from widget_server.actions import invitations
from widget_server.actions.accounts import check_mail
from widget_server.actions.registration import check_name, check_wish
from widget_server.actions.roles import list_roles
from widget_server.actions.sites import list_sites
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.passwords import MIN_CHARS, check_password
from widget_server.core.permissions import ALL_SITES, Permission
from widget_server.core.powers import INVITING, appointable_sites, can_appoint
from widget_server.routes.sign_in import begin_session
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody, people_with_anywhere, signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.invitations import Offer

_log = logging.getLogger(__name__)
pages = Pages()
inviters = people_with_anywhere(INVITING)


async def _shown(visit: Visit) -> dict[str, Any]:
    database, actor = visit.office.engine.database, visit.actor
    everywhere = can_appoint(actor, Permission(0))
    sites = [site for site in await list_sites(database) if site.id in appointable_sites(actor)]
    places = [site.id for site in sites] + ([ALL_SITES] if everywhere else [])
    roles = await list_roles(database)
    return {
        "invitations": await invitations.list_invitations(database, actor),
        "sites": sites,
        "everywhere": everywhere,
        "roles": [
            role
            for role in roles
            if not role.is_default and any(can_appoint(actor, role.permissions, site_id=place) for place in places)
        ],
        "role_names": {role.key: role.name for role in roles},
        "site_names": {site.id: site.name for site in sites},
        "now": visit.office.now_ms(),
        "sends_mail": visit.office.sends_mail,
    }


@pages.get("/invitations", inviters)
async def show_invitations(visit: Visit) -> web.Response:
    """Who was invited and has not come yet, and the form for more."""
    return visit.page("invitations", **await _shown(visit))


async def show_invitations_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("invitations", error, **await _shown(visit))


def _told(visit: Visit, code: str | None) -> web.Response:
    """Say that the mail is on its way; where none is sent, show the link this once."""
    if code is None:
        return visit.go("/invitations", visit.text("The invitation is on its way."))
    link = f"{visit.office.settings.public_url}/invitation#{code}"
    sentence = visit.text("No mail is sent here. Give them this link, which is shown only now: {link}", link=link)
    return visit.go("/invitations", sentence, kind="info")


@pages.post("/invitations", inviters, again=show_invitations_again)
async def invite(visit: Visit) -> web.Response:
    """Invite somebody."""
    office, site = visit.office, visit.form["site"] or "0"
    if not (site.isascii() and site.isdigit()):
        visit.form.refuse("site", Unacceptable("bad_choice"))
    visit.form.check("email", check_mail)
    if not visit.form.is_good:
        return await show_invitations_again(visit)
    try:
        office.form_limit.take(visit.account.public_id, "invite")
        code = await invitations.do_invite(
            office.engine,
            visit.actor,
            mail=visit.form["email"],
            role=visit.form["role"],
            site_id=int(site[:18]),
            language=office.languages.current,
            has_mail=office.sends_mail,
        )
    except ProductError as error:
        return await show_invitations_again(visit, error)
    _log.info("Invited.", extra={"person": visit.account.public_id})
    return _told(visit, code)


@pages.post(r"/invitations/{invitation:\d{1,15}}/again", inviters, again=show_invitations_again)
async def repeat(visit: Visit) -> web.Response:
    """Send one again; the link before ends."""
    office = visit.office
    key = int(visit.request.match_info["invitation"])
    try:
        office.form_limit.take(visit.account.public_id, "invite")
        code = await invitations.do_repeat_invitation(office.engine, visit.actor, key, has_mail=office.sends_mail)
    except ProductError as error:
        return await show_invitations_again(visit, error)
    return _told(visit, code)


@pages.post(r"/invitations/{invitation:\d{1,15}}/withdraw", inviters, again=show_invitations_again)
async def withdraw(visit: Visit) -> web.Response:
    """End one."""
    key = int(visit.request.match_info["invitation"])
    await invitations.do_withdraw_invitation(visit.office.engine, visit.actor, key)
    _log.info("Invitation withdrawn.", extra={"person": visit.account.public_id})
    return visit.go("/invitations", visit.text("Withdrawn."))


@pages.get("/invitation", everybody)
async def show_invitation(visit: Visit) -> web.Response:
    """The field for the code of the mail."""
    return visit.page("invitation", offer=None, min_chars=MIN_CHARS)


async def show_invitation_again(visit: Visit, error: ProductError) -> web.Response:
    """The field again."""
    return visit.refused("invitation", error, offer=None, min_chars=MIN_CHARS)


async def _offer(visit: Visit) -> Offer:
    office = visit.office
    office.form_limit.take(office.address_of(visit.request), "code")
    return await invitations.read_offer(office.engine.database, visit.form["code"], now_ms=office.now_ms())


@pages.post("/invitation", everybody, again=show_invitation_again)
async def look(visit: Visit) -> web.Response:
    """What the code offers. Nothing is used up yet, so it may be sent again."""
    try:
        offer = await _offer(visit)
    except ProductError as error:
        return await show_invitation_again(visit, error)
    return visit.page("invitation", offer=offer, min_chars=MIN_CHARS)


@pages.post("/invitation/accept", signed_in_people, again=show_invitation_again)
async def accept(visit: Visit) -> web.Response:
    """Take it with one's own account."""
    office = visit.office
    try:
        office.form_limit.take(office.address_of(visit.request), "code")
        await invitations.do_accept(office.engine, visit.account, visit.form["code"])
    except ProductError as error:
        return await show_invitation_again(visit, error)
    _log.info("Invitation accepted.", extra={"person": visit.account.public_id})
    return visit.go("/", visit.text("Welcome to the team, {name}.", name=visit.account.name))


@pages.post("/invitation/register", everybody, again=show_invitation_again)
async def register(visit: Visit) -> web.Response:
    """Make an account with it, and sign in."""
    office, form = visit.office, visit.form
    try:
        offer = await _offer(visit)
    except ProductError as error:
        return await show_invitation_again(visit, error)
    if offer.has_account:
        return await show_invitation_again(visit, Refused("link_ended"))
    name = form.check("name", check_name)
    form.check("password", check_password, mail=offer.address, name=name or "")
    if form["password"] != form["password_again"]:
        form.refuse("password_again", Unacceptable("passwords_differ"))
    if not form.is_good:
        return _again(visit, offer)
    try:
        office.check_may_write(visit.request, None)
        account = await invitations.do_accept_as_new(
            office.engine,
            office.passwords,
            form["code"],
            check_wish(name=form["name"], mail=offer.address, password=form["password"]),
            language=office.languages.current,
        )
    except Unacceptable as error:
        form.refuse("name", error)
        return _again(visit, offer)
    except Refused as error:
        return await show_invitation_again(visit, error)
    _log.info("Invitation accepted.", extra={"person": account.public_id})
    answer = visit.go("/", visit.text("Welcome to the team, {name}.", name=account.name))
    await begin_session(visit, answer, account)
    return answer


def _again(visit: Visit, offer: Offer) -> web.Response:
    for name in ("password", "password_again"):
        visit.form.values.pop(name, None)
    return visit.refused("invitation", offer=offer, min_chars=MIN_CHARS)
