"""Changing one's own password (S2.12)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from widget_server.actions.credentials import do_change_password, has_password
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.passwords import MIN_CHARS, check_password
from widget_server.routes.proof import guessing
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()


@pages.get("/account/password", signed_in_people)
async def show_password(visit: Visit) -> web.Response:
    """The form. Who has no password yet chooses one, in a fresh session."""
    if not await has_password(visit.office.engine.database, visit.account):
        visit.check_proved()
    return visit.page("own_password", **await _context(visit))


async def show_password_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form, empty, and what was wrong."""
    for name in ("old", "password", "password_again"):
        visit.form.values.pop(name, None)
    return visit.refused("own_password", error, **await _context(visit))


@pages.post("/account/password", signed_in_people, again=show_password_again, while_banned=True)
async def change_password(visit: Visit) -> web.Response:
    """Change it; every other session has ended then."""
    office, form, account = visit.office, visit.form, visit.account
    form.check("password", check_password, mail=account.mail, name=account.name)
    if form["password"] != form["password_again"]:
        form.refuse("password_again", Unacceptable("passwords_differ"))
    if not form.is_good or visit.signed_in is None:
        return await show_password_again(visit)
    try:
        async with guessing(visit):
            await do_change_password(
                office.engine.database,
                office.passwords,
                visit.signed_in,
                old=form["old"],
                new=form["password"],
                ends_tokens="end_tokens" in form,
                now_ms=office.now_ms(),
            )
    except Unacceptable as error:
        form.refuse("old", error)
        return await show_password_again(visit)
    except ProductError as error:
        return await show_password_again(visit, error)
    _log.info("Password changed.", extra={"person": account.public_id})
    office.engine.bus.news((), {account.person_id})
    return visit.go("/account/password", visit.text("Your password is changed. All other sessions have ended."))


async def _context(visit: Visit) -> dict[str, Any]:
    return {
        "min_chars": MIN_CHARS,
        "has_password": await has_password(visit.office.engine.database, visit.account),
    }
