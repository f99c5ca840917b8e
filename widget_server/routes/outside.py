"""Signing in elsewhere: to the provider and back, and connecting an account that exists."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.challenges import Challenge
from widget_server.actions.outside import Outsider, Terms, do_connect, do_disconnect, do_enter
from widget_server.actions.sign_ins import Outcome, Way, do_write_down
from widget_server.core.errors import ProductError, Refused
from widget_server.core.ids import token
from widget_server.routes.factors import change_context, check_owner, refused
from widget_server.routes.sign_in import begin_session, following, show_sign_in_again
from widget_server.routes.visit import FACTORS, SIGN_IN, Pages, Visit, not_there
from widget_server.web.policies import everybody, signed_in_people
from widget_server.web.redirects import local_path, see_other
from widget_server.web.tickets import TicketKind

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.web.openid import Claims, Provider

OUTSIDE: Final = f"{SIGN_IN}/outside"
BACK: Final = f"{OUTSIDE}/back"
CONNECTION: Final = f"{FACTORS}/outside"
_MINUTES: Final = 10
_CODE_CHARS: Final = 4_000
pages = Pages()


@pages.get(OUTSIDE, everybody)
async def leave(visit: Visit) -> web.Response:
    """Send the browser to the provider, with a ticket for what its answer has to fit."""
    provider = _provider(visit)
    addresses = visit.office.addresses
    wished = local_path(visit.request.query.get("next"), addresses, home="")
    try:
        visit.office.form_limit.take(visit.office.address_of(visit.request), "outside")
        address, facts = await _begin(visit, provider, {"next": wished})
    except ProductError as error:
        return await show_sign_in_again(visit, error)
    answer = see_other(address)
    visit.office.tickets.give(answer, TicketKind.OUTSIDE, facts, minutes=_MINUTES)
    return answer


@pages.get(BACK, everybody)
async def come_back(visit: Visit) -> web.Response:
    """Take the provider's answer: sign in whom it names, or connect them to who is signed in and asked for it."""
    provider = _provider(visit)
    ticket = visit.office.tickets.read(visit.request, TicketKind.OUTSIDE)
    try:
        answer = await _take(visit, provider, ticket)
    except ProductError as error:
        if ticket is not None and ticket.get("person"):
            visit.form.refuse("", error)
            answer = visit.go(FACTORS, visit.form.problems[""], kind="bad")
        else:
            answer = await show_sign_in_again(visit, error)
    visit.office.tickets.take_back(visit.request, answer, TicketKind.OUTSIDE)
    return answer


@pages.post(CONNECTION, signed_in_people)
async def begin_connecting(visit: Visit) -> web.Response:
    """Prepare to connect the account: a page with the way to the provider, because no form may lead elsewhere."""
    provider = _provider(visit)
    visit.check_proved()
    address, facts = await _begin(visit, provider, {"person": visit.account.public_id})
    answer = visit.page("outside_connect", address=address, provider=provider.name)
    visit.office.tickets.give(answer, TicketKind.OUTSIDE, facts, minutes=_MINUTES)
    return answer


@pages.get(f"{CONNECTION}/remove", signed_in_people)
async def show_removal(visit: Visit) -> web.Response:
    """What disconnecting means, and the field for the password."""
    return visit.page("factor_change", **await _removal(visit))


async def show_removal_again(visit: Visit, error: ProductError) -> web.Response:
    """The same, and why it was not done."""
    return refused(visit, "factor_change", error, **await _removal(visit))


@pages.post(f"{CONNECTION}/remove", signed_in_people, again=show_removal_again, while_banned=True)
async def disconnect(visit: Visit) -> web.Response:
    """Let nobody come from the provider to this account any more."""
    provider = _provider(visit)
    try:
        await check_owner(visit)
    except ProductError as error:
        return await show_removal_again(visit, error)
    office = visit.office
    await do_disconnect(office.engine.database, visit.account, provider.name, now_ms=office.now_ms())
    return visit.go(FACTORS, visit.text("{name} signs you in no more.", name=provider.name))


async def _begin(visit: Visit, provider: Provider, facts: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    office = visit.office
    state, nonce, verifier = (token(office.engine.clock.random(32)) for _ in range(3))
    address = await provider.address(state=state, nonce=nonce, verifier=verifier)
    expires_at = office.now_ms() + _MINUTES * 60_000
    kept = {"issuer": provider.issuer, "state": state, "nonce": nonce, "verifier": verifier, "expires_at": expires_at}
    return address, facts | kept


async def _take(visit: Visit, provider: Provider, ticket: dict[str, Any] | None) -> web.Response:
    office, query = visit.office, visit.request.query
    code, state = query.get("code", ""), query.get("state", "")
    if ticket is None or ticket["issuer"] != provider.issuer:
        raise Refused("outside_failed", provider=provider.name)
    if not hmac.compare_digest(ticket["state"].encode(), state.encode("utf-8", "replace")):
        raise Refused("outside_failed", provider=provider.name)
    if not code or len(code) > _CODE_CHARS:
        raise Refused("outside_failed", provider=provider.name)
    office.form_limit.take(office.address_of(visit.request), "outside back")
    claims = await provider.claims(
        code=code, issuer=query.get("iss"), nonce=ticket["nonce"], verifier=ticket["verifier"]
    )
    challenge = Challenge(ticket["state"].encode(), ticket["expires_at"])
    outsider = _outsider(provider, claims)
    if ticket.get("person"):
        return await _connect(visit, ticket["person"], outsider, challenge)
    return await _enter(visit, outsider, challenge, ticket["next"])


async def _connect(visit: Visit, person: str, outsider: Outsider, challenge: Challenge) -> web.Response:
    signed_in_people(visit.signed_in)
    if visit.account.public_id != person:
        raise Refused("outside_failed", provider=outsider.provider)
    office = visit.office
    await do_connect(office.engine.database, visit.account, outsider, challenge=challenge, now_ms=office.now_ms())
    return visit.go(FACTORS, visit.text("{name} signs you in from now on.", name=outsider.provider))


async def _enter(visit: Visit, outsider: Outsider, challenge: Challenge, wished: str) -> web.Response:
    office = visit.office
    community = await office.community.read()
    terms = Terms(
        is_open=community.registration == "open",
        has_mail=office.sends_mail,
        language=office.languages.current,
        administrator=office.settings.administrator_mail,
        binding=visit.binding,
        check_may_make=lambda: office.check_may_write(visit.request, None),
    )
    database, now_ms = office.engine.database, office.now_ms()
    account = await do_enter(
        database, outsider, terms, challenge=challenge, now_ms=now_ms, random=office.engine.clock.random
    )
    office.engine.on_outgoing()
    if account is None:
        return visit.go("/register/sent")
    await do_write_down(database, account.person_id, Way.OIDC, Outcome.SIGNED_IN, visit.source, now_ms=now_ms)
    answer = see_other(following(visit, account, needs_factor=account.has_factor, wished=wished))
    await begin_session(visit, answer, account)
    return answer


def _outsider(provider: Provider, claims: Claims) -> Outsider:
    value = f"{claims.issuer} {claims.subject}"
    return Outsider(value, provider.name, claims.mail, claims.mail_is_verified, claims.name)


def _provider(visit: Visit) -> Provider:
    """Return the installation's provider.

    Raises:
        Refused: ``not_found`` where it has none.
    """
    provider = visit.office.provider
    if provider is None:
        not_there()
    return provider


async def _removal(visit: Visit) -> dict[str, Any]:
    provider = _provider(visit)
    return await change_context(
        visit,
        action=f"{CONNECTION}/remove",
        title=visit.text("Disconnect {name}", name=provider.name),
        text=visit.text("You sign in with your password then. If you have none, have one sent to you first."),
        button=visit.text("Disconnect"),
    )
