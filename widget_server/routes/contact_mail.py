"""A visitor's mail address: left by a call of the widget, confirmed on a page of ours."""

from __future__ import annotations

import orjson
from aiohttp import web

from widget_server.actions.contact_mail import do_confirm_mail, do_leave_mail
from widget_server.core.errors import Malformed, ProductError, Refused
from widget_server.routes.claims import visitor_behind
from widget_server.routes.desk import DESK
from widget_server.routes.office import OFFICE
from widget_server.routes.visit import Pages, Visit
from widget_server.web.bodies import in_time
from widget_server.web.origins import cors
from widget_server.web.policies import everybody

pages = Pages()


async def leave_mail(request: web.Request) -> web.Response:
    """``POST /contacts/SITE_KEY`` with ``Authorization: Bearer TOKEN`` and ``{"mail": …}``: a link is mailed there."""
    visitor, origin = await visitor_behind(request)
    office = request.app[OFFICE]
    if not office.sends_mail:
        raise Refused("not_found")
    mail = await _mail(request)
    office.form_limit.take(office.address_of(request), "contact")
    await do_leave_mail(request.app[DESK].engine, visitor, mail)
    return web.Response(status=204, headers={"Cache-Control": "no-store"} | cors(origin))


async def _mail(request: web.Request) -> str:
    try:
        body = orjson.loads(await in_time(request.read()))
    except orjson.JSONDecodeError:
        body = None
    mail = body.get("mail") if isinstance(body, dict) else None
    if not isinstance(mail, str):
        raise Malformed("bad_request", where="the body is an object with mail")
    return mail


@pages.get("/contact/confirm", everybody)
async def show_confirm(visit: Visit) -> web.Response:
    """The field for the code of the mail."""
    return visit.page("contact_confirm")


async def show_confirm_again(visit: Visit, error: ProductError) -> web.Response:
    """The field again."""
    return visit.refused("contact_confirm", error)


@pages.post("/contact/confirm", everybody, again=show_confirm_again)
async def confirm(visit: Visit) -> web.Response:
    """Use the code."""
    office = visit.office
    try:
        office.form_limit.take(office.address_of(visit.request), "code")
        await do_confirm_mail(office.engine, visit.form["code"])
    except ProductError as error:
        return await show_confirm_again(visit, error)
    return visit.go("/", visit.text("Your address is confirmed. You can go back to the chat."))
