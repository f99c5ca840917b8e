"""Signing in and out, and the console's page. Plain HTML forms: they work without JavaScript."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web

from widget_server.actions.agents import MAIL_CHARS, check_sign_in
from widget_server.core.errors import Malformed, ProductError, Refused, TryLater
from widget_server.core.ids import is_token
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.encode import error_body
from widget_server.routes.office import OFFICE, check_caller
from widget_server.web.bodies import in_time
from widget_server.web.csp import application_policy, page_policy
from widget_server.web.csrf import FIELD
from widget_server.web.redirects import HOME, local_path, see_other

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.agents import Agent
    from widget_server.routes.office import Office

SIGN_IN: Final = "/console/sign-in"

_log = logging.getLogger(__name__)
routes = web.RouteTableDef()


@routes.get("/")
async def show_start(request: web.Request) -> web.Response:
    """Send on to the console: this server has no other front page."""
    return see_other(request.app[OFFICE].addresses.path(HOME))


@routes.get("/console")
async def show_console(request: web.Request) -> web.Response:
    """The console's application, for who is signed in; others are asked to sign in first."""
    office = request.app[OFFICE]
    try:
        await office.sessions.signed_in(request)
    except Refused:
        return see_other(office.addresses.path(SIGN_IN))
    return office.templates.page(request, "console", {}, policy=application_policy())


@routes.get(SIGN_IN)
async def show_sign_in(request: web.Request) -> web.Response:
    """The form. Who is signed in already is sent on."""
    office = request.app[OFFICE]
    following = local_path(request.query.get("next"), office.addresses)
    try:
        await office.sessions.signed_in(request)
    except Refused:
        return _form(request, following=following)
    return see_other(following)


@routes.post(SIGN_IN)
async def sign_in(request: web.Request) -> web.Response:
    """Check the form, begin a session and send on; or show the form again, with the reason and the typed address."""
    office = request.app[OFFICE]
    fields = await _fields(request)
    mail, password, following = (_text(fields.get(name)) for name in ("email", "password", "next"))
    mail = mail[:MAIL_CHARS]
    following = local_path(following, office.addresses)
    try:
        office.csrf.check_form(request, request.cookies.get(office.sessions.cookies.form), fields.get(FIELD))
        agent, mark = await _check_attempt(office, request, mail, password)
    except ProductError as error:
        _log.warning("Not signed in.", extra={"reason": error.name})
        return _form(request, following=following, mail=mail, error=error)
    answer = see_other(following)
    await office.sessions.begin(request, answer, agent)
    office.sessions.cookies.set_mark(answer, mark)
    office.sessions.cookies.drop(answer, office.sessions.cookies.form)
    _log.info("Signed in.", extra={"person": agent.public_id})
    return answer


@routes.post("/console/sign-out")
async def sign_out(request: web.Request) -> web.Response:
    """End the session; whatever socket was opened with it is closed."""
    office = request.app[OFFICE]
    caller = await check_caller(request)
    response = web.Response(status=204, headers={"Cache-Control": "no-store"})
    await office.sessions.end(request, response)
    office.engine.bus.news((), {caller.agent.person_id})
    _log.info("Signed out.", extra={"person": caller.agent.public_id})
    return response


async def _check_attempt(office: Office, request: web.Request, mail: str, password: str) -> tuple[Agent, str]:
    """Return the agent and the mark for their browser.

    Raises:
        TryLater: ``rate_limited`` or ``busy``.
        Refused: ``wrong_sign_in``.
    """
    address = office.address_of(request)
    mark = request.cookies.get(office.sessions.cookies.mark)
    await office.throttle.attempt(mail, address, mark)
    agent = await check_sign_in(office.engine.database, office.passwords, mail=mail, password=password)
    return agent, await office.throttle.succeeded(mail, address, mark)


def _form(request: web.Request, *, following: str, mail: str = "", error: ProductError | None = None) -> web.Response:
    office = request.app[OFFICE]
    cookies = office.sessions.cookies
    binding = request.cookies.get(cookies.form, "")
    if not is_token(binding):
        binding = office.engine.clock.token()
    response = office.templates.page(
        request,
        "sign_in",
        {
            "csrf": office.csrf.token(binding),
            "next": following,
            "email": mail,
            "problem": error_body(error)["message"] if error else "",
        },
        policy=page_policy(),
        status=ERRORS[error.name].http if error else 200,
    )
    cookies.set(response, cookies.form, binding)
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(-(-error.retry_after_ms // 1000))
    return response


async def _fields(request: web.Request) -> Mapping[str, object]:
    """Return the fields of a posted form.

    Raises:
        Malformed: ``bad_request`` for a body that is no form, or not in the encoding that it names.
    """
    try:
        return await in_time(request.post())
    except (ValueError, LookupError):
        raise Malformed("bad_request", where="the form") from None


def _text(value: object) -> str:
    """Return a form's field; a file in its place is nothing."""
    return value if isinstance(value, str) else ""
