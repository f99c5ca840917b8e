"""The second step of signing in: a code of the generator, a recovery code, or a passkey."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from widget_server.actions.factors import access_factors, check_code
from widget_server.actions.sign_ins import Outcome, Way, do_write_down
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.routes.sign_in import begin_session, following
from widget_server.routes.visit import CODE, Pages, Visit
from widget_server.web.policies import half_signed_in
from widget_server.web.redirects import see_other

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.accounts import Account

_log = logging.getLogger(__name__)
pages = Pages()


@pages.get(CODE, half_signed_in)
async def show_code(visit: Visit) -> web.Response:
    """The field for the code. Who has shown a factor already, or has none, is sent on."""
    if visit.signed_in is not None and not visit.signed_in.needs_factor:
        return see_other(following(visit, visit.account, needs_factor=False))
    return visit.page("sign_in_code", **await _context(visit))


async def show_code_again(visit: Visit, error: ProductError) -> web.Response:
    """The field, empty, and why the code was not taken."""
    _log.warning("No second factor.", extra={"reason": error.name, "person": visit.account.public_id})
    visit.form.values.pop("code", None)
    if isinstance(error, Unacceptable):
        visit.form.refuse("code", error)
        return visit.refused("sign_in_code", **await _context(visit))
    return visit.refused("sign_in_code", error, **await _context(visit))


@pages.post(CODE, half_signed_in, again=show_code_again)
async def take_code(visit: Visit) -> web.Response:
    """Check the code; what the session may has changed, so it goes on under another token (S16)."""
    account, office = visit.account, visit.office
    if visit.signed_in is not None and not visit.signed_in.needs_factor:
        return see_other(following(visit, account, needs_factor=False))
    address, cookies = office.address_of(visit.request), office.sessions.cookies
    mark = visit.request.cookies.get(cookies.factor_mark)
    try:
        await office.throttle.attempt(_key(account), address, mark)
        await check_code(office.engine.database, office.sealer, account, visit.form["code"], now_ms=office.now_ms())
    except ProductError as error:
        if isinstance(error, Unacceptable):
            await _write_down(visit, Outcome.WRONG)
        return await show_code_again(visit, error)
    await _write_down(visit, Outcome.SIGNED_IN)
    answer = see_other(following(visit, account, needs_factor=False))
    await begin_session(visit, answer, account, has_shown_factor=True)
    cookies.set_mark(answer, await office.throttle.succeeded(_key(account), address, mark), factor=True)
    return answer


async def _write_down(visit: Visit, outcome: Outcome) -> None:
    office = visit.office
    await do_write_down(
        office.engine.database,
        visit.account.person_id,
        Way.FACTOR,
        outcome,
        visit.source,
        now_ms=office.now_ms(),
    )


def _key(account: Account) -> str:
    """Under what wrong codes are counted: apart from wrong passwords.

    Whoever knows the password gets a mark for each time they show it. Only a factor makes a mark for factors, so that
    marks give nobody more codes to guess with.
    """
    return f"second factor of {account.mail}"


async def _context(visit: Visit) -> dict[str, Any]:
    factors = await access_factors(visit.office.engine.database, visit.account)
    return {
        "following": visit.form["next"] or visit.request.query.get("next", ""),
        "has_generator": factors.generator_at is not None,
        "has_passkey": factors.passkeys > 0,
    }
