"""Changing one's own mail address (S2.14): both addresses are told, and it holds once the new one is confirmed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from widget_server.actions.accounts import check_mail
from widget_server.actions.addresses import do_ask_change, do_change, do_change_at_once
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.routes.visit import SIGN_IN, Pages, Visit
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()

CONFIRM = "/account/address/confirm"


@pages.get("/account/address", signed_in_people)
async def show_address(visit: Visit) -> web.Response:
    """The form, for who has just shown who they are: whoever has the address has the account."""
    visit.check_proved()
    return visit.page("own_address", sends_mail=visit.office.sends_mail)


async def show_address_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("own_address", error, sends_mail=visit.office.sends_mail)


@pages.post("/account/address", signed_in_people, again=show_address_again, while_banned=True)
async def change_address(visit: Visit) -> web.Response:
    """Have a link sent to the new address. The answer is the same where somebody has it already (S21)."""
    visit.check_proved()
    office, form, account = visit.office, visit.form, visit.account
    form.check("email", check_mail)
    if not form.is_good:
        return await show_address_again(visit)
    try:
        office.form_limit.take(office.address_of(visit.request), "address")
        if not office.sends_mail:
            await do_change_at_once(office.engine.database, account, form["email"], now_ms=office.now_ms())
            return visit.go("/account/address", visit.text("Your address is changed."))
        await do_ask_change(office.engine.database, account, form["email"], now_ms=office.now_ms())
    except Unacceptable as error:
        form.refuse("email", error)
        return await show_address_again(visit)
    except ProductError as error:
        return await show_address_again(visit, error)
    _log.info("A change of address was asked for.", extra={"person": account.public_id})
    return visit.go(CONFIRM)


@pages.get(CONFIRM, everybody)
async def show_code(visit: Visit) -> web.Response:
    """The field for the code of the mail: it may be opened in another browser."""
    return visit.page("own_address_code")


async def show_code_again(visit: Visit, error: ProductError) -> web.Response:
    """The field again."""
    return visit.refused("own_address_code", error)


@pages.post(CONFIRM, everybody, again=show_code_again)
async def confirm_address(visit: Visit) -> web.Response:
    """Use the code: the account has the new address from now on. Nobody is signed in by it."""
    office = visit.office
    try:
        office.form_limit.take(office.address_of(visit.request), "code")
        account = await do_change(
            office.engine.database,
            visit.form["code"],
            administrator=office.settings.administrator_mail,
            now_ms=office.now_ms(),
        )
    except ProductError as error:
        return await show_code_again(visit, error)
    _log.info("Address changed.", extra={"person": account.public_id})
    office.engine.bus.news((), {account.person_id})
    is_own = visit.signed_in is not None and visit.signed_in.account.person_id == account.person_id
    return visit.go("/account/address" if is_own else SIGN_IN, visit.text("Your address is changed."))
