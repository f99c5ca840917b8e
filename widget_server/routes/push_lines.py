"""Web push: the script that a browser keeps beside our pages, and which browsers a member wants to be woken in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from widget_server.actions.push_lines import Wanted, do_close_line, do_open_line, list_lines
from widget_server.core.errors import Unacceptable
from widget_server.routes.visit import Pages, Visit
from widget_server.routes.widget_files import SHELF
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from widget_server.ops.outgoing import Outgoing

pages = Pages()

SETTINGS: Final = "/account/notifications"
LINES: Final = f"{SETTINGS}/browsers"


@pages.get("/push-worker.js", everybody)
async def send_worker(visit: Visit) -> web.Response:
    """The service worker: it stands beside the pages, for it may speak for no place above its own."""
    text = visit.request.app[SHELF].assets.text("push_worker")
    # A browser asks again at least once a day; a change must not wait for a cache.
    return web.Response(text=text, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


def check_endpoint(outgoing: Outgoing, endpoint: str) -> None:
    """Refuse an address at which no push service can be (S31).

    Raises:
        Unacceptable: ``bad_push_line``.
    """
    try:
        outgoing.check_url(endpoint)
    except Unacceptable:
        raise Unacceptable("bad_push_line") from None


async def lines_context(visit: Visit) -> dict[str, Any]:
    """What the settings page says of this way to be told: the key that a browser asks for, and the browsers."""
    office = visit.office
    lines = await list_lines(office.engine.database, office.sealer, visit.account.person_id, office.now_ms())
    return {
        "push_key": office.signer.public_key,
        "push_lines": lines,
        "own_session": _session_of(visit),
    }


@pages.post(LINES, signed_in_people)
async def open_line(visit: Visit) -> web.Response:
    """Wake this browser from now on: the script fills the form with what the browser told it."""
    office, form = visit.office, visit.form
    browser = visit.request.headers.get("User-Agent", "")
    wanted = Wanted(form["endpoint"], form["p256dh"], form["auth"], browser)
    try:
        check_endpoint(office.outgoing, wanted.endpoint)
        await do_open_line(
            office.engine.database, office.sealer, visit.account.person_id, _session_of(visit), wanted, office.now_ms()
        )
    except Unacceptable as error:
        form.refuse("", error)
        return visit.go(SETTINGS, form.problems[""], kind="bad")
    return visit.go(SETTINGS, visit.text("This browser tells you from now on."))


def _session_of(visit: Visit) -> int:
    return visit.signed_in.session_id if visit.signed_in else 0


@pages.post(LINES + r"/{id:\d{1,15}}/end", signed_in_people, while_banned=True)
async def close_line(visit: Visit) -> web.Response:
    """Wake that browser no more."""
    await do_close_line(visit.office.engine.database, visit.account.person_id, int(visit.request.match_info["id"]))
    return visit.go(SETTINGS, visit.text("That browser tells you no more."))
