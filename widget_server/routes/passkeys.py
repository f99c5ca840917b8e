"""Passkeys: adding and removing one's own, and signing in with one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from widget_server.actions.challenges import Challenge
from widget_server.actions.passkeys import (
    CHALLENGE_BYTES,
    CHALLENGE_MINUTES,
    Passkey,
    Place,
    check_passkey,
    do_add_passkey,
    do_remove_passkey,
    list_passkeys,
    options_to_create,
    options_to_sign_in,
)
from widget_server.actions.sign_ins import Outcome, Way, do_write_down
from widget_server.core.errors import ProductError, Refused
from widget_server.routes.factors import answer_new_factor, change_context, check_owner, refused, session_of
from widget_server.routes.proof import show_proof_again
from widget_server.routes.sign_in import begin_session, following, show_sign_in_again
from widget_server.routes.sign_in_code import show_code_again
from widget_server.routes.visit import FACTORS, SIGN_IN, Pages, Visit, not_there
from widget_server.web.policies import everybody, signed_in_people
from widget_server.web.redirects import see_other
from widget_server.web.tickets import TicketKind

if TYPE_CHECKING:
    from collections.abc import Callable

PASSKEYS: Final = f"{FACTORS}/passkeys"
_ID: Final = r"{id:\d{1,15}}"
_log = logging.getLogger(__name__)
pages = Pages()


@pages.get(f"{PASSKEYS}/options", signed_in_people)
async def show_options_to_create(visit: Visit) -> web.Response:
    """What the browser shall make, for the script."""
    visit.check_proved()
    known = await list_passkeys(visit.office.engine.database, visit.account)
    return _options(visit, lambda challenge: options_to_create(_place(visit), visit.account, known, challenge))


@pages.post(PASSKEYS, signed_in_people, while_banned=True)
async def add_passkey(visit: Visit) -> web.Response:
    """Add what the browser has made, and go on in a session that has shown it (S16)."""
    office = visit.office
    visit.check_proved()
    try:
        codes = await do_add_passkey(
            office.engine.database,
            visit.account,
            visit.form["credential"],
            name=visit.form["name"],
            challenge=_challenge(visit),
            place=_place(visit),
            session_id=session_of(visit),
            now_ms=office.now_ms(),
            random=office.engine.clock.random,
        )
    except ProductError as error:
        visit.form.refuse("", error)
        return visit.go(FACTORS, visit.form.problems[""], kind="bad")
    answer = await answer_new_factor(visit, codes, visit.text("The passkey was added."))
    office.tickets.take_back(visit.request, answer, TicketKind.PASSKEY)
    return answer


@pages.get(f"{PASSKEYS}/{_ID}/remove", signed_in_people)
async def show_removal(visit: Visit) -> web.Response:
    """What removing a passkey means, and the field for the password."""
    return visit.page("factor_change", **await _removal(visit))


async def show_removal_again(visit: Visit, error: ProductError) -> web.Response:
    """The same, and why it was not done."""
    return refused(visit, "factor_change", error, **await _removal(visit))


@pages.post(f"{PASSKEYS}/{_ID}/remove", signed_in_people, again=show_removal_again, while_banned=True)
async def remove_passkey(visit: Visit) -> web.Response:
    """Take a passkey away."""
    try:
        await check_owner(visit)
    except ProductError as error:
        return await show_removal_again(visit, error)
    key = int(visit.request.match_info["id"])
    await do_remove_passkey(visit.office.engine.database, visit.account, key, now_ms=visit.office.now_ms())
    return visit.go(FACTORS, visit.text("The passkey was removed."))


@pages.get(f"{SIGN_IN}/passkey/options", everybody)
async def show_options_to_sign_in(visit: Visit) -> web.Response:
    """What the browser shall sign, for the script: with any passkey, or with one of whoever is signed in."""
    known: list[Passkey] = []
    if visit.signed_in is not None:
        known = await list_passkeys(visit.office.engine.database, visit.account)
    return _options(visit, lambda challenge: options_to_sign_in(_place(visit), known, challenge))


async def show_sign_in_page_again(visit: Visit, error: ProductError) -> web.Response:
    """The page from which it was tried."""
    if visit.signed_in is None:
        return await show_sign_in_again(visit, error)
    if visit.signed_in.needs_factor:
        return await show_code_again(visit, error)
    return await show_proof_again(visit, error)


@pages.post(f"{SIGN_IN}/passkey", everybody, again=show_sign_in_page_again)
async def sign_in_with_passkey(visit: Visit) -> web.Response:
    """Begin a session for whose passkey was shown: it is as good as two factors."""
    office = visit.office
    try:
        account = await check_passkey(
            office.engine.database,
            visit.form["credential"],
            challenge=_challenge(visit),
            place=_place(visit),
            person_id=visit.account.person_id if visit.signed_in is not None else None,
            now_ms=office.now_ms(),
        )
    except ProductError as error:
        return await show_sign_in_page_again(visit, error)
    await do_write_down(
        office.engine.database,
        account.person_id,
        Way.PASSKEY,
        Outcome.SIGNED_IN,
        visit.source,
        now_ms=office.now_ms(),
    )
    answer = see_other(following(visit, account, needs_factor=False))
    await begin_session(visit, answer, account, has_shown_factor=True)
    office.tickets.take_back(visit.request, answer, TicketKind.PASSKEY)
    return answer


def _options(visit: Visit, options: Callable[[bytes], str]) -> web.Response:
    office = visit.office
    challenge = office.engine.clock.random(CHALLENGE_BYTES)
    answer = web.Response(
        text=options(challenge), content_type="application/json", headers={"Cache-Control": "no-store"}
    )
    expires_at = office.now_ms() + CHALLENGE_MINUTES * 60_000
    facts: dict[str, Any] = {"challenge": challenge.hex(), "expires_at": expires_at}
    office.tickets.give(answer, TicketKind.PASSKEY, facts, minutes=CHALLENGE_MINUTES)
    return answer


def _challenge(visit: Visit) -> Challenge:
    """Return what this browser was asked.

    Raises:
        Refused: ``bad_passkey`` where it was not, or too long ago.
    """
    ticket = visit.office.tickets.read(visit.request, TicketKind.PASSKEY)
    if ticket is None:
        raise Refused("bad_passkey")
    return Challenge(bytes.fromhex(ticket["challenge"]), ticket["expires_at"])


def _place(visit: Visit) -> Place:
    addresses = visit.office.addresses
    return Place(urlsplit(addresses.origin).hostname or "", addresses.origin, visit.office.community.latest.name)


async def _removal(visit: Visit) -> dict[str, Any]:
    key = int(visit.request.match_info["id"])
    known = {each.id: each for each in await list_passkeys(visit.office.engine.database, visit.account)}
    if key not in known:
        not_there()
    return await change_context(
        visit,
        action=f"{PASSKEYS}/{key}/remove",
        title=visit.text("Remove the passkey {name}", name=known[key].name),
        text=visit.text("It signs you in no more. With your last second factor the recovery codes go too."),
        button=visit.text("Remove"),
    )
