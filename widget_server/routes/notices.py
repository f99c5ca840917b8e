"""What a member was told: replies, quotes, mentions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.boards import access_boards
from widget_server.actions.members import page_number
from widget_server.actions.notices import PAGE, Notice, do_see, do_see_until, list_notices
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people
from widget_server.web.redirects import local_path, see_other

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.store.database import Transaction

pages = Pages()


@pages.get("/notices", signed_in_people)
async def show_notices(visit: Visit) -> web.Response:
    """What was not seen yet first, or (``?show=unseen``) nothing else."""
    number = page_number(visit.request.query.get("page", "1"))
    unseen = visit.request.query.get("show") == "unseen"

    async def read(tx: Transaction) -> list[Notice]:
        boards = [board.id for board in await access_boards(tx, visit.actor)]
        return await list_notices(tx, visit.account.person_id, boards, number, unseen=unseen)

    found = await visit.office.engine.database.read(read)
    return visit.page("notices", notices_shown=found[:PAGE], number=number, more=len(found) > PAGE, only_unseen=unseen)


@pages.post("/notices", signed_in_people, while_banned=True)
async def see_all(visit: Visit) -> web.Response:
    """Mark all as seen."""
    await do_see_until(visit.office.engine, visit.actor)
    return visit.go("/notices", visit.text("All notices are marked as seen."))


@pages.get(r"/notices/{id:\d{1,15}}", signed_in_people)
async def open_notice(visit: Visit) -> web.Response:
    """Go to what the notice is about: it is seen then."""
    place = await do_see(visit.office.engine, visit.actor, int(visit.request.match_info["id"]))
    return visit.go(place or "/notices")


@pages.post(r"/notices/{id:\d{1,15}}", signed_in_people, while_banned=True)
async def see_one(visit: Visit) -> web.Response:
    """Mark one as seen, and stay."""
    await do_see(visit.office.engine, visit.actor, int(visit.request.match_info["id"]))
    office = visit.office
    back = local_path(visit.form["here"], office.addresses, home=office.addresses.path("/notices"))
    return see_other(back)
