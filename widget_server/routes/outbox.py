"""What leaves the system, for administrators: what waits, what was given up and why, and sending it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from widget_server.actions.outgoing import (
    KINDS,
    MOST_COUNTED,
    STATES,
    access_outgoing,
    do_send_again,
    do_send_all_again,
)
from widget_server.core.errors import Malformed
from widget_server.core.permissions import Permission
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import people_with

if TYPE_CHECKING:
    from aiohttp import web

pages = Pages()
administrators: Final = people_with(Permission.ADMINISTER)
_KEY_DIGITS: Final = 18


@pages.get("/admin/outbox", administrators)
async def show_outbox(visit: Visit) -> web.Response:
    """One list; without a wish that of the mails that were given up, which are what somebody must look at."""
    query = visit.request.query
    kind = query.get("kind", "")
    state = query.get("state", "")
    kind, state = kind if kind in KINDS else KINDS[0], state if state in STATES else "dead"
    after = tuple(map(_number, query.get("after", "").split(".")))
    database = visit.office.engine.database
    shown = await access_outgoing(database, visit.actor, kind, state, (after[0], after[1]) if len(after) == 2 else None)
    following = None
    if shown.more:
        last = shown.entries[-1]
        asked = urlencode({"kind": kind, "state": state, "after": f"{last.place}.{last.id}"})
        following = visit.office.addresses.path(f"/admin/outbox?{asked}")
    return visit.page(
        "admin_outbox",
        kind=kind,
        state=state,
        counts={name: _counted(count) for name, count in shown.counts.items()},
        entries=shown.entries,
        following=following,
    )


@pages.post("/admin/outbox/again", administrators)
async def send_again(visit: Visit) -> web.Response:
    """Send one, or all of a kind that were given up, at once."""
    kind, which = visit.form["kind"], visit.form["id"]
    if kind not in KINDS:
        raise Malformed("bad_request", where="kind")
    database, now = visit.office.engine.database, visit.office.now_ms()
    if which == "all":
        count = await do_send_all_again(database, visit.actor, kind, now_ms=now)
        return visit.go(f"/admin/outbox?kind={kind}", visit.text("{count} will be sent again.", count=count))
    await do_send_again(database, visit.actor, kind, _number(which), now_ms=now)
    return visit.go(f"/admin/outbox?kind={kind}", visit.text("It will be sent again at once."))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _KEY_DIGITS else 0


def _counted(count: int) -> str:
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)
