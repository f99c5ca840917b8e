"""A forgotten password is replaced by a mailed link (S2.13). Nobody learns here who has an account (S21)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from widget_server.actions.accounts import check_mail
from widget_server.actions.credentials import do_ask_reset, do_reset
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.passwords import MIN_CHARS
from widget_server.routes.visit import SIGN_IN, Pages, Visit
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()


@pages.get("/forgotten", everybody)
async def show_forgotten(visit: Visit) -> web.Response:
    """The form, or what to do where no mail is sent."""
    return visit.page("forgotten", sends_mail=visit.office.sends_mail)


async def show_forgotten_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("forgotten", error, sends_mail=visit.office.sends_mail)


@pages.post("/forgotten", everybody, again=show_forgotten_again)
async def forgotten(visit: Visit) -> web.Response:
    """Have the link sent, where somebody has the address. The answer is the same where nobody has."""
    office = visit.office
    mail = visit.form.check("email", check_mail)
    if mail is None:
        return await show_forgotten_again(visit)
    try:
        office.form_limit.take(office.address_of(visit.request), "forgotten")
    except ProductError as error:
        return await show_forgotten_again(visit, error)
    if office.sends_mail:
        await do_ask_reset(office.engine.database, mail, now_ms=office.now_ms())
    return visit.go("/forgotten/new")


@pages.get("/forgotten/new", everybody)
async def show_new(visit: Visit) -> web.Response:
    """The fields for the code of the mail and for the new password."""
    return visit.page("forgotten_new", min_chars=MIN_CHARS)


async def show_new_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The fields again, without the passwords."""
    for name in ("password", "password_again"):
        visit.form.values.pop(name, None)
    return visit.refused("forgotten_new", error, min_chars=MIN_CHARS)


@pages.post("/forgotten/new", everybody, again=show_new_again)
async def choose_new(visit: Visit) -> web.Response:
    """Replace the password. Every session has ended then, this browser's too where it was one of them."""
    office, form = visit.office, visit.form
    if form["password"] != form["password_again"]:
        form.refuse("password_again", Unacceptable("passwords_differ"))
        return await show_new_again(visit)
    try:
        office.form_limit.take(office.address_of(visit.request), "code")
        account = await do_reset(
            office.engine.database,
            office.passwords,
            form["code"],
            form["password"],
            ends_tokens="end_tokens" in form,
            administrator=office.settings.administrator_mail,
            now_ms=office.now_ms(),
        )
    except Unacceptable as error:
        form.refuse("password", error)
        return await show_new_again(visit)
    except ProductError as error:
        return await show_new_again(visit, error)
    _log.info("Password replaced.", extra={"person": account.public_id})
    office.engine.bus.news((), {account.person_id})
    return visit.go(SIGN_IN, visit.text("Your password is changed. Sign in with the new one."))
