"""The set-up page: whoever has the link of the log becomes the first administrator."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from widget_server.actions.accounts import check_mail, written_mail
from widget_server.actions.administrators import Wanted, do_set_up, has_administrator
from widget_server.actions.registration import check_name
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.passwords import MIN_CHARS, check_password
from widget_server.routes.sign_in import begin_session
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.web.forms import Form

_log = logging.getLogger(__name__)
pages = Pages()


@pages.get("/set-up", everybody)
async def show_set_up(visit: Visit) -> web.Response:
    """The form; there is none once somebody administers the installation."""
    if await visit.office.engine.database.read(has_administrator):
        not_there()
    return visit.page("set_up", min_chars=MIN_CHARS)


async def show_set_up_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed, except the passwords, and what is wrong with it."""
    for name in ("password", "password_again"):
        visit.form.values.pop(name, None)
    return visit.refused("set_up", error, min_chars=MIN_CHARS)


@pages.post("/set-up", everybody, again=show_set_up_again)
async def set_up(visit: Visit) -> web.Response:
    """Use the link, and sign in who used it."""
    office = visit.office
    wanted = _wanted_of(visit.form)
    if wanted is None:
        return await show_set_up_again(visit)
    try:
        office.form_limit.take(office.address_of(visit.request), "set-up")
        account = await do_set_up(
            office.engine.database,
            office.passwords,
            visit.form["code"],
            wanted,
            now_ms=office.now_ms(),
            random=office.engine.clock.random,
        )
    except ProductError as error:
        return await show_set_up_again(visit, error)
    _log.info("The first administrator was made.", extra={"person": account.public_id})
    answer = visit.go("/admin", visit.text("Welcome, {name}. Everything is yours to set up.", name=account.name))
    await begin_session(visit, answer, account)
    return answer


def _wanted_of(form: Form) -> Wanted | None:
    """Return who can be made administrator, or None where something is wrong; the form then says what."""
    name = form.check("name", check_name)
    form.check("email", check_mail)
    form.check("password", check_password, mail=form["email"], name=form["name"])
    if form["password"] != form["password_again"]:
        form.refuse("password_again", Unacceptable("passwords_differ"))
    if not form.is_good or name is None:
        return None
    return Wanted(written_mail(form["email"]), name, form["password"])
