"""Choosing what one wants to be told of: the control on the page of a board, a thread, a tag or a member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.room_notices import do_set_room_level
from widget_server.actions.watching import check_level, check_thing, do_set_level
from widget_server.core.text import to_translate
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people
from widget_server.web.redirects import local_path

if TYPE_CHECKING:
    from aiohttp import web

pages = Pages()

_SAID: Final = {
    "watch": to_translate("You are told of everything there from now on."),
    "follow": to_translate("You are told of what begins there, and of answers to you."),
    "mute": to_translate("You are told of nothing there any more."),
    None: to_translate("You are told of answers to you alone."),
}


@pages.post("/watching", signed_in_people)
async def choose_level(visit: Visit) -> web.Response:
    """Choose a level, and go back to the page."""
    office = visit.office
    level = check_level(visit.form["level"])
    if visit.form["kind"] == "room":
        await do_set_room_level(office.engine, visit.actor, visit.form["name"], level)
    else:
        await do_set_level(office.engine, visit.actor, check_thing(visit.form["kind"], visit.form["name"]), level)
    home = office.addresses.path("/account/notifications")
    back = local_path(visit.form["here"], office.addresses, home=home)
    return visit.go(back.removeprefix(office.addresses.prefix), visit.text(_SAID[level]))
