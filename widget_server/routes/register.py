"""Becoming a member: the form, and the confirmation of the address (S0.01, S2.09, S2.11, S3.01)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from widget_server.actions.accounts import check_mail, written_mail
from widget_server.actions.registration import (
    Wish,
    check_name,
    do_confirm,
    do_register,
    do_resend_confirmation,
)
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.passwords import MIN_CHARS, check_password
from widget_server.routes.claims import home_of
from widget_server.routes.sign_in import begin_session
from widget_server.routes.visit import UNCONFIRMED, WAITING, Pages, Visit
from widget_server.web.policies import everybody, half_signed_in

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.accounts import Account
    from widget_server.web.forms import Form

_log = logging.getLogger(__name__)
pages = Pages()


@pages.get("/register", everybody)
async def show_register(visit: Visit) -> web.Response:
    """The form, or why there is none. Who is signed in is sent on."""
    if visit.signed_in is not None:
        return visit.go("/")
    return visit.page("register", min_chars=MIN_CHARS)


async def show_register_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed, except the passwords, and what is wrong with it."""
    for name in ("password", "password_again"):
        visit.form.values.pop(name, None)
    return visit.refused("register", error, min_chars=MIN_CHARS)


@pages.post("/register", everybody, again=show_register_again)
async def register(visit: Visit) -> web.Response:
    """Make the account. The answer is the same whether the address had one already (S21)."""
    office = visit.office
    community = await office.community.read()
    if community.registration in {"closed", "invited"}:
        return await show_register_again(visit, Refused("registration_closed"))
    wish = _wish_of(visit.form)
    if wish is None:
        return await show_register_again(visit)
    try:
        account = await _register(visit, wish)
    except Unacceptable as error:
        visit.form.refuse("name", error)
        return await show_register_again(visit)
    except ProductError as error:
        return await show_register_again(visit, error)
    return await _welcome(visit, account)


async def _register(visit: Visit, wish: Wish) -> Account | None:
    office = visit.office
    office.check_may_write(visit.request, None)
    office.form_limit.take(office.address_of(visit.request), "register")
    account = await do_register(
        office.engine.database,
        office.passwords,
        wish,
        language=office.languages.current,
        has_mail=office.sends_mail,
        binding=visit.binding,
        needs_approval=(await office.community.read()).registration == "approved",
        now_ms=office.now_ms(),
        random=office.engine.clock.random,
    )
    if account is not None:
        _log.info("Registered.", extra={"person": account.public_id})
    return account


async def _welcome(visit: Visit, account: Account | None) -> web.Response:
    """Send on to the mail, or straight in where none is sent; None is an address that had an account."""
    if visit.office.sends_mail:
        return visit.go("/register/sent")
    if account is None:
        # Without mail there is no quiet way to say it.
        visit.form.refuse("email", Unacceptable("taken"))
        return await show_register_again(visit)
    if account.waits_since is not None:
        answer = visit.go(WAITING)
    else:
        answer = visit.go(home_of(visit), visit.text("Welcome, {name}.", name=account.name))
    await begin_session(visit, answer, account)
    return answer


@pages.get("/register/sent", everybody)
async def show_sent(visit: Visit) -> web.Response:
    """What to do next: look into the mail."""
    return visit.page("register_sent")


@pages.get(UNCONFIRMED, everybody)
async def show_confirm(visit: Visit) -> web.Response:
    """The field for the code of the mail; whoever is signed in can have it sent again."""
    return visit.page("confirm")


async def show_confirm_again(visit: Visit, error: ProductError) -> web.Response:
    """The field again."""
    return visit.refused("confirm", error)


@pages.post(UNCONFIRMED, everybody, again=show_confirm_again)
async def confirm(visit: Visit) -> web.Response:
    """Use the code, and sign in who had it: whoever else was signed in here no longer is."""
    office = visit.office
    try:
        office.form_limit.take(office.address_of(visit.request), "code")
        account, keeps_password = await do_confirm(
            office.engine.database,
            visit.form["code"],
            binding=visit.binding,
            signed_in=visit.account.person_id if visit.signed_in else None,
            administrator=office.settings.administrator_mail,
            source=visit.source,
            now_ms=office.now_ms(),
        )
    except ProductError as error:
        return await show_confirm_again(visit, error)
    _log.info("Address confirmed.", extra={"person": account.public_id})
    office.engine.bus.news((), {account.person_id})
    if keeps_password and account.waits_since is not None:
        answer = visit.go(WAITING, visit.text("Your address is confirmed."))
    elif keeps_password:
        answer = visit.go(home_of(visit), visit.text("Your address is confirmed. Welcome, {name}.", name=account.name))
    else:
        answer = visit.go(
            "/account/password",
            visit.text(
                "Your address is confirmed. Choose a password: one that was given in another browser is not kept."
            ),
        )
    await begin_session(visit, answer, account)
    return answer


@pages.post("/confirm/again", half_signed_in, again=show_confirm_again)
async def resend(visit: Visit) -> web.Response:
    """Send another link."""
    office = visit.office
    try:
        office.form_limit.take(office.address_of(visit.request), "resend")
        await do_resend_confirmation(
            office.engine.database, visit.account, binding=visit.binding, now_ms=office.now_ms()
        )
    except ProductError as error:
        return await show_confirm_again(visit, error)
    return visit.go(UNCONFIRMED, visit.text("We sent you another mail. The link in the one before no longer works."))


def _wish_of(form: Form) -> Wish | None:
    """Return what can be registered, or None where something is wrong; the form then says what."""
    name = form.check("name", check_name)
    mail = form.check("email", check_mail)
    form.check("password", check_password, mail=form["email"], name=form["name"])
    if form["password"] != form["password_again"]:
        form.refuse("password_again", Unacceptable("passwords_differ"))
    if not form.is_good or name is None or mail is None:
        return None
    return Wish(name, mail, written_mail(form["email"]), form["password"])
