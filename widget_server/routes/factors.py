"""What somebody signs in with beside the password: the generator of codes and the recovery codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import segno
from markupsafe import Markup

from widget_server.actions.credentials import check_own_password, has_password
from widget_server.actions.factors import (
    access_factors,
    access_new_generator,
    do_begin_generator,
    do_confirm_generator,
    do_remove_generator,
    do_renew_codes,
)
from widget_server.actions.outside import is_connected
from widget_server.actions.passkeys import list_passkeys
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.totp import totp_address
from widget_server.routes.proof import guessing
from widget_server.routes.sign_in import begin_session
from widget_server.routes.visit import FACTORS, Pages, Visit
from widget_server.web.policies import signed_in_people
from widget_server.web.tickets import TicketKind

if TYPE_CHECKING:
    from aiohttp import web

GENERATOR: Final = f"{FACTORS}/generator"
CODES: Final = f"{FACTORS}/codes"
_CODES_MINUTES: Final = 5
_GROUP: Final = 4
pages = Pages()


async def check_owner(visit: Visit) -> None:
    """Take the password of a form as its owner's; who has none must have signed in a moment ago.

    Raises:
        Unacceptable: ``wrong_password``.
        Refused: ``prove_again``.
        TryLater: ``rate_limited`` or ``busy``.
    """
    office, password = visit.office, visit.form.values.pop("password", "")
    if not await has_password(office.engine.database, visit.account):
        visit.check_proved()
        return
    async with guessing(visit):
        await check_own_password(office.engine.database, office.passwords, visit.account, password)


def refused(visit: Visit, name: str, error: ProductError, **context: Any) -> web.Response:
    """Show a form with a password again: what is wrong with that stands beside it.

    Raises:
        Refused: ``prove_again``, which leads elsewhere.
    """
    if error.name == "prove_again":
        raise error
    if isinstance(error, Unacceptable):
        visit.form.refuse("password", error)
        return visit.refused(name, **context)
    return visit.refused(name, error, **context)


def session_of(visit: Visit) -> int:
    """Return the key of the session of who is signed in; only asked for behind a policy that wants somebody."""
    if visit.signed_in is None:
        raise Refused("signed_out")
    return visit.signed_in.session_id


@pages.get(FACTORS, signed_in_people)
async def show_factors(visit: Visit) -> web.Response:
    """What there is, and what can be added."""
    database = visit.office.engine.database
    return visit.page(
        "factors",
        factors=await access_factors(database, visit.account),
        passkeys=await list_passkeys(database, visit.account),
        has_proved=_has_proved(visit),
        provider=visit.office.settings.oidc_name if visit.office.provider is not None else "",
        is_connected=await is_connected(database, visit.account),
        must_have_one=visit.signed_in is not None and visit.signed_in.lacks_factor,
    )


@pages.post(GENERATOR, signed_in_people, while_banned=True)
async def begin_generator(visit: Visit) -> web.Response:
    """Make a generator that waits for its first code."""
    visit.check_proved()
    office = visit.office
    await do_begin_generator(
        office.engine.database,
        office.sealer,
        visit.account,
        now_ms=office.now_ms(),
        random=office.engine.clock.random,
    )
    return visit.go(GENERATOR)


@pages.get(GENERATOR, signed_in_people)
async def show_generator(visit: Visit) -> web.Response:
    """The picture and the letters for the app, and the field for its first code."""
    secret = await _new_secret(visit)
    return visit.go(FACTORS) if secret is None else visit.page("generator", **_picture(visit, secret))


async def show_generator_again(visit: Visit, error: ProductError) -> web.Response:
    """The same, and why the code was not taken."""
    visit.form.values.pop("code", None)
    secret = await _new_secret(visit)
    if secret is None:
        return visit.go(FACTORS)
    if isinstance(error, Unacceptable):
        visit.form.refuse("code", error)
        return visit.refused("generator", **_picture(visit, secret))
    return visit.refused("generator", error, **_picture(visit, secret))


@pages.post(f"{GENERATOR}/confirm", signed_in_people, again=show_generator_again, while_banned=True)
async def confirm_generator(visit: Visit) -> web.Response:
    """Put the generator to use with its first code, and go on in a session that has shown it (S16)."""
    office = visit.office
    visit.check_proved()
    try:
        codes = await do_confirm_generator(
            office.engine.database,
            office.sealer,
            visit.account,
            visit.form["code"],
            session_id=session_of(visit),
            now_ms=office.now_ms(),
            random=office.engine.clock.random,
        )
    except Unacceptable as error:
        return await show_generator_again(visit, error)
    return await answer_new_factor(visit, codes, visit.text("Codes of your app are asked for from now on."))


async def answer_new_factor(visit: Visit, codes: list[str], notice: str) -> web.Response:
    """Go on after a factor was added: to the recovery codes where there are new ones."""
    office = visit.office
    answer = visit.go(CODES if codes else FACTORS, notice)
    if codes:
        facts = {"codes": codes, "person": visit.account.public_id}
        office.tickets.give(answer, TicketKind.RECOVERY, facts, minutes=_CODES_MINUTES)
    await begin_session(visit, answer, visit.account, has_shown_factor=True)
    office.engine.bus.news((), {visit.account.person_id})
    return answer


@pages.get(CODES, signed_in_people)
async def show_codes(visit: Visit) -> web.Response:
    """Fresh recovery codes, once; else the form that makes new ones."""
    tickets = visit.office.tickets
    ticket = tickets.read(visit.request, TicketKind.RECOVERY)
    if ticket is not None and ticket["person"] == visit.account.public_id:
        answer = visit.page("recovery_codes", codes=ticket["codes"])
        tickets.take_back(visit.request, answer, TicketKind.RECOVERY)
        return answer
    return visit.page("factor_change", **await _renewal(visit))


async def show_codes_again(visit: Visit, error: ProductError) -> web.Response:
    """The form again."""
    return refused(visit, "factor_change", error, **await _renewal(visit))


@pages.post(CODES, signed_in_people, again=show_codes_again, while_banned=True)
async def renew_codes(visit: Visit) -> web.Response:
    """Make new recovery codes."""
    office = visit.office
    try:
        await check_owner(visit)
    except ProductError as error:
        return await show_codes_again(visit, error)
    codes = await do_renew_codes(
        office.engine.database, visit.account, now_ms=office.now_ms(), random=office.engine.clock.random
    )
    answer = visit.go(CODES if codes else FACTORS)
    if codes:
        facts = {"codes": codes, "person": visit.account.public_id}
        office.tickets.give(answer, TicketKind.RECOVERY, facts, minutes=_CODES_MINUTES)
    return answer


@pages.get(f"{GENERATOR}/remove", signed_in_people)
async def show_removal(visit: Visit) -> web.Response:
    """What removing the generator means, and the field for the password."""
    return visit.page("factor_change", **await _removal(visit))


async def show_removal_again(visit: Visit, error: ProductError) -> web.Response:
    """The same, and why it was not done."""
    return refused(visit, "factor_change", error, **await _removal(visit))


@pages.post(f"{GENERATOR}/remove", signed_in_people, again=show_removal_again, while_banned=True)
async def remove_generator(visit: Visit) -> web.Response:
    """Take the generator away."""
    try:
        await check_owner(visit)
    except ProductError as error:
        return await show_removal_again(visit, error)
    await do_remove_generator(visit.office.engine.database, visit.account, now_ms=visit.office.now_ms())
    return visit.go(FACTORS, visit.text("No codes of your app are asked for any more."))


async def change_context(visit: Visit, *, action: str, title: str, text: str, button: str) -> dict[str, Any]:
    """Return what the page of a change that wants the password is made of; ``action`` is a path of ours."""
    asks = await has_password(visit.office.engine.database, visit.account)
    if not asks:
        visit.check_proved()
    return {"action": action, "title": title, "text": text, "button": button, "has_password": asks}


async def _removal(visit: Visit) -> dict[str, Any]:
    return await change_context(
        visit,
        action=f"{GENERATOR}/remove",
        title=visit.text("Remove the codes of your app"),
        text=visit.text("Signing in asks for no code then. With your last second factor the recovery codes go too."),
        button=visit.text("Remove"),
    )


async def _renewal(visit: Visit) -> dict[str, Any]:
    return await change_context(
        visit,
        action=CODES,
        title=visit.text("New recovery codes"),
        text=visit.text("The codes that you have now stop working."),
        button=visit.text("Make new codes"),
    )


async def _new_secret(visit: Visit) -> str | None:
    visit.check_proved()
    return await access_new_generator(visit.office.engine.database, visit.office.sealer, visit.account)


def _picture(visit: Visit, secret: str) -> dict[str, Any]:
    issuer = visit.office.community.latest.name
    address = totp_address(secret, account=visit.account.written, issuer=issuer)
    # Drawn by the library from the address alone: modules of a grid, in attributes that the page's policy admits.
    drawn = segno.make(address, error="m").svg_inline(scale=5, dark="#000", light="#fff", omitsize=True)
    groups = [secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)]
    return {"picture": Markup(drawn), "address": address, "letters": " ".join(groups)}  # noqa: S704 - as said above


def _has_proved(visit: Visit) -> bool:
    try:
        visit.check_proved()
    except Refused:
        return False
    return True
