"""Saving the chats of a widget to an account: the widget's call for a code, and the page that asks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web

from widget_server.actions.actors import Visitor
from widget_server.actions.bans import check_may_write
from widget_server.actions.claims import access_claim, do_claim, do_hold_claim, do_make_claim
from widget_server.actions.links import LASTS_MS, Purpose
from widget_server.core.errors import ProductError, Refused
from widget_server.routes.desk import DESK
from widget_server.routes.entrance import visitor_calling
from widget_server.routes.office import OFFICE
from widget_server.routes.visit import SIGN_IN, Pages, Visit
from widget_server.web.origins import cors
from widget_server.web.policies import check_complete, everybody, signed_in_people

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account

_log = logging.getLogger(__name__)
pages = Pages()

CLAIM: Final = "/claim"


async def make_claim(request: web.Request) -> web.Response:
    """``POST /claims/SITE_KEY`` with ``Authorization: Bearer TOKEN``: a code of a minute, and where to bring it."""
    visitor, origin = await visitor_behind(request)
    office = request.app[OFFICE]
    office.form_limit.take(office.address_of(request), "claim")
    code = await do_make_claim(request.app[DESK].engine, visitor)
    return web.json_response(
        {
            "code": code,
            "page": f"{office.settings.public_url}{CLAIM}",
            "seconds": LASTS_MS[Purpose.CLAIM] // 1000,
        },
        headers={"Cache-Control": "no-store"} | cors(origin),
    )


async def visitor_behind(request: web.Request) -> tuple[Visitor, str]:
    """The visitor whose token a call of the widget carries, and the origin that may read the answer.

    Raises:
        Refused: ``unknown_site``, ``foreign_origin``, ``signed_out``, ``token_ended``.
    """
    caller = await visitor_calling(request)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or not isinstance(caller.actor, Visitor):
        raise Refused("signed_out")
    request.app[DESK].take_token(caller.actor, token.strip())
    return caller.actor, caller.origin


def home_of(visit: Visit, otherwise: str = "/") -> str:
    """Where somebody goes who has just signed in or registered: to the chats that they were about to save."""
    return CLAIM if _held(visit) else otherwise


def _held(visit: Visit) -> str:
    return visit.request.cookies.get(visit.office.sessions.cookies.claim, "")


@pages.get(CLAIM, everybody)
async def show_claim(visit: Visit) -> web.StreamResponse:
    """The field for the code; once this browser holds a claim, what it is about, or the way to an account."""
    held = _held(visit)
    if not held:
        return visit.page("claim_code")
    account = _account(visit)
    if account is None:
        return visit.page("claim_sign_in", following=visit.office.addresses.path(CLAIM), sign_in=SIGN_IN)
    try:
        claim = await access_claim(visit.office.engine.database, account, held, now_ms=visit.office.now_ms())
    except Refused as error:
        return _without(visit, visit.refused("claim_code", error))
    if claim.is_mine:
        return _without(visit, visit.go("/account/conversations", visit.text("These chats are in your account.")))
    return visit.page("claim", claim=claim)


def _account(visit: Visit) -> Account | None:
    """Who is signed in completely; anybody else is shown the way there."""
    if visit.signed_in is None:
        return None
    try:
        return check_complete(visit.signed_in)
    except Refused:
        return None


async def show_claim_again(visit: Visit, error: ProductError) -> web.StreamResponse:
    """The field again."""
    return visit.refused("claim_code", error)


@pages.post(CLAIM, everybody, again=show_claim_again)
async def hold_claim(visit: Visit) -> web.StreamResponse:
    """Take the code: this browser holds the claim from now on."""
    office = visit.office
    try:
        office.form_limit.take(office.address_of(visit.request), "claim")
        held = await do_hold_claim(
            office.engine.database, visit.form["code"], now_ms=office.now_ms(), random=office.engine.clock.random
        )
    except ProductError as error:
        return await show_claim_again(visit, error)
    answer = visit.go(CLAIM)
    cookies = office.sessions.cookies
    cookies.set(answer, cookies.claim, held)
    return answer


@pages.post("/claim/accept", signed_in_people)
async def accept_claim(visit: Visit) -> web.StreamResponse:
    """Save the chats to the account."""
    office = visit.office
    try:
        check_may_write(office.engine, visit.account, office.address_of(visit.request))
        await do_claim(visit.office.engine, visit.account, _held(visit))
    except ProductError as error:
        return _without(visit, visit.refused("claim_code", error))
    _log.info("Chats claimed.", extra={"person": visit.account.public_id})
    return _without(visit, visit.go("/account/conversations", visit.text("These chats are in your account now.")))


@pages.post("/claim/refuse", everybody)
async def refuse_claim(visit: Visit) -> web.StreamResponse:
    """Leave the chats as they are."""
    return _without(visit, visit.go("/", visit.text("Nothing was saved.")))


def _without(visit: Visit, answer: web.StreamResponse) -> web.StreamResponse:
    cookies = visit.office.sessions.cookies
    cookies.drop(answer, cookies.claim)
    return answer
