"""Showing again who one is, before the account itself is changed."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from widget_server.actions.credentials import check_own_password, has_password
from widget_server.actions.sessions import do_prove
from widget_server.core.errors import ProductError
from widget_server.routes.visit import PROVE, Pages, Visit
from widget_server.web.policies import signed_in_people
from widget_server.web.redirects import local_path, see_other

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

_log = logging.getLogger(__name__)
pages = Pages()


@asynccontextmanager
async def guessing(visit: Visit) -> AsyncGenerator[None]:
    """Do inside what looks at the password of whoever is signed in: guessing becomes slower, as at the door (S22).

    Raises:
        TryLater: ``rate_limited``.
    """
    throttle, mail = visit.office.throttle, visit.account.mail
    address = visit.office.address_of(visit.request)
    mark = visit.request.cookies.get(visit.office.sessions.cookies.mark)
    await throttle.attempt(mail, address, mark)
    yield
    await throttle.succeeded(mail, address, mark)


@pages.get(PROVE, signed_in_people)
async def show_proof(visit: Visit) -> web.Response:
    """The form, for who has a password; others sign in anew."""
    return await _page(visit)


async def show_proof_again(visit: Visit, error: ProductError) -> web.Response:
    """The form, and why the password was not taken."""
    return await _page(visit, error)


@pages.post(PROVE, signed_in_people, again=show_proof_again, while_banned=True)
async def prove(visit: Visit) -> web.Response:
    """Check the password, and go on to what was wanted."""
    office, addresses = visit.office, visit.office.addresses
    try:
        async with guessing(visit):
            await check_own_password(office.engine.database, office.passwords, visit.account, visit.form["password"])
    except ProductError as error:
        _log.warning("Not proved.", extra={"reason": error.name, "person": visit.account.public_id})
        return await _page(visit, error)
    if visit.signed_in is not None:
        await do_prove(office.engine.database, visit.signed_in.session_id, office.now_ms())
    return see_other(local_path(visit.form["next"], addresses, home=addresses.path("/account")))


async def _page(visit: Visit, error: ProductError | None = None) -> web.Response:
    visit.form.values.pop("password", None)
    context: dict[str, Any] = {
        "following": visit.form["next"] or visit.request.query.get("next", ""),
        "has_password": await has_password(visit.office.engine.database, visit.account),
    }
    return visit.page("proof", **context) if error is None else visit.refused("proof", error, **context)
