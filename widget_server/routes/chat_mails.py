"""Ending the mails about a conversation: by a button on a page, or by one request of a mail program (RFC 8058).

The token is the only proof and good for this alone. Only a POST ends them: programs that open every link of a mail do
not.
"""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from widget_server.actions.chat_mails import STOP, do_refuse_mails
from widget_server.core.errors import ProductError
from widget_server.routes.keys import REPLY_ADDRESSES
from widget_server.routes.office import OFFICE
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody

pages = Pages()
ONE_CLICK = STOP + "/{token}"


async def _stop(request: web.Request) -> None:
    office = request.app[OFFICE]
    office.form_limit.take(office.address_of(request), "code")
    token, addresses = request.match_info["token"], request.app[REPLY_ADDRESSES]
    await do_refuse_mails(office.engine.database, addresses, token, now_ms=office.now_ms())


async def stop_at_once(request: web.Request) -> web.Response:
    """``POST /chat-mails/stop/TOKEN``, as a mail program sends it: no cookie is looked at."""
    await _stop(request)
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


@pages.get(ONE_CLICK, everybody)
async def show_stop(visit: Visit) -> web.Response:
    """The button."""
    return visit.page("chat_mails_stop", stop_path=_path(visit))


async def show_stop_again(visit: Visit, error: ProductError) -> web.Response:
    """The button again."""
    return visit.refused("chat_mails_stop", error, stop_path=_path(visit))


def _path(visit: Visit) -> str:
    return visit.office.addresses.path(f"{STOP}/{quote(visit.request.match_info['token'], safe='')}/now")


@pages.post(ONE_CLICK + "/now", everybody, again=show_stop_again)
async def stop(visit: Visit) -> web.Response:
    """The button was pressed."""
    try:
        await _stop(visit.request)
    except ProductError as error:
        return await show_stop_again(visit, error)
    return visit.go("/", visit.text("You get no more mails about this conversation."))
