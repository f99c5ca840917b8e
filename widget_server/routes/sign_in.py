"""Signing in and out, and the console's page. Plain HTML forms: they work without JavaScript."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from widget_server.actions.accounts import MAIL_CHARS, check_sign_in
from widget_server.core.errors import ProductError
from widget_server.core.permissions import is_staff
from widget_server.routes import claims
from widget_server.routes.office import OFFICE, check_caller
from widget_server.routes.visit import CODE, SIGN_IN, UNCONFIRMED, WAITING, Pages, Visit
from widget_server.web.csp import application_policy
from widget_server.web.policies import everybody, half_signed_in, staff
from widget_server.web.redirects import local_path, see_other

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account

_log = logging.getLogger(__name__)
routes = web.RouteTableDef()
pages = Pages()


@pages.get("/console", staff)
async def show_console(visit: Visit) -> web.Response:
    """The console's application, for who is signed in; others are asked to sign in first."""
    return visit.office.templates.page("console", {}, policy=application_policy())


@pages.get(SIGN_IN, everybody)
async def show_sign_in(visit: Visit) -> web.Response:
    """The form. Who is signed in already is sent on (S4.17)."""
    if visit.signed_in is not None:
        return see_other(following(visit, visit.account, needs_factor=visit.signed_in.needs_factor))
    return visit.page("sign_in", **_context(visit))


async def show_sign_in_again(visit: Visit, error: ProductError) -> web.Response:
    """The form with the typed address, and why it was not taken."""
    _log.warning("Not signed in.", extra={"reason": error.name})
    visit.form.values.pop("password", None)
    return visit.refused("sign_in", error, **_context(visit))


def _context(visit: Visit) -> dict[str, Any]:
    provider = visit.office.provider
    return {
        "following": visit.form["next"] or visit.request.query.get("next", ""),
        "provider": provider.name if provider is not None else "",
    }


@pages.post(SIGN_IN, everybody, again=show_sign_in_again)
async def sign_in(visit: Visit) -> web.Response:
    """Check the form, begin a session and send on."""
    try:
        account, mark = await _check_attempt(visit)
    except ProductError as error:
        return await show_sign_in_again(visit, error)
    sessions = visit.office.sessions
    answer = see_other(following(visit, account, needs_factor=account.has_factor))
    await begin_session(visit, answer, account)
    sessions.cookies.set_mark(answer, mark)
    return answer


async def begin_session(
    visit: Visit, answer: web.StreamResponse, account: Account, *, has_shown_factor: bool = False
) -> None:
    """Sign somebody in who has just proved who they are.

    Args:
        visit: in which they proved it.
        answer: carries the cookie.
        account: theirs.
        has_shown_factor: whether the proof was as good as two.
    """
    sessions = visit.office.sessions
    network = visit.office.network_of(visit.request)
    await sessions.begin(visit.request, answer, account, network=network, has_shown_factor=has_shown_factor)
    sessions.cookies.drop(answer, sessions.cookies.form)
    _log.info("Signed in.", extra={"person": account.public_id})


@pages.post("/sign-out", half_signed_in)
async def sign_out(visit: Visit) -> web.Response:
    """End the session of a page's visitor (S0.02); whatever socket was opened with it is closed."""
    response = visit.go("/", visit.text("You are signed out."))
    await _end(visit.request, response, visit.account)
    return response


@routes.post("/console/sign-out")
async def sign_out_of_console(request: web.Request) -> web.Response:
    """End the session of the console."""
    caller = await check_caller(request)
    response = web.Response(status=204, headers={"Cache-Control": "no-store"})
    await _end(request, response, caller.account)
    return response


async def _end(request: web.Request, response: web.Response, account: Account) -> None:
    office = request.app[OFFICE]
    await office.sessions.end(request, response)
    office.engine.bus.news((), {account.person_id})
    _log.info("Signed out.", extra={"person": account.public_id})


async def _check_attempt(visit: Visit) -> tuple[Account, str]:
    """Return the account and the mark for its owner's browser.

    Raises:
        TryLater: ``rate_limited`` or ``busy``.
        Refused: ``wrong_sign_in``.
    """
    office, request = visit.office, visit.request
    mail, password = visit.form["email"][:MAIL_CHARS], visit.form["password"]
    visit.form.values["email"] = mail
    address = office.address_of(request)
    mark = request.cookies.get(office.sessions.cookies.mark)
    await office.throttle.attempt(mail, address, mark)
    account = await check_sign_in(
        office.engine.database,
        office.passwords,
        mail=mail,
        password=password,
        source=visit.source,
        now_ms=office.now_ms(),
    )
    return account, await office.throttle.succeeded(mail, address, mark)


def following(visit: Visit, account: Account, *, needs_factor: bool, wished: str = "") -> str:
    """Return where to send somebody who is signed in: to what they wanted, else to where they have most to do.

    Args:
        visit: in which they signed in.
        account: theirs.
        needs_factor: whether the second factor is still to be shown: they go there, and from there on.
        wished: where they wanted to go, where neither the form nor the address says so.
    """
    addresses = visit.office.addresses
    if not account.is_confirmed:
        return addresses.path(UNCONFIRMED)
    if account.waits_since is not None:
        return addresses.path(WAITING)
    home = addresses.path(claims.home_of(visit, "/console" if is_staff(account.actor) else "/"))
    named = visit.form["next"] or visit.request.query.get("next") or wished
    chosen = local_path(named, addresses, home=home)
    if not needs_factor:
        return chosen
    return addresses.path(CODE) + (f"?next={quote(chosen, safe='/')}" if chosen != home else "")
