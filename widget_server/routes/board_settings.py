"""Changing a board, saying who keeps order on it, and arranging all of them (S4.02, S4.03)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from widget_server.actions.board_settings import (
    Spot,
    access_shaped_board,
    do_add_moderator,
    do_archive_board,
    do_arrange_boards,
    do_change_board,
    do_remove_moderator,
    list_moderators,
)
from widget_server.actions.boards import access_boards
from widget_server.actions.sites import list_managed_sites
from widget_server.core.boards import can_arrange, can_place_under
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.permissions import Permission
from widget_server.routes.board_form import board_place, board_text, choices_of
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import people_with, signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.store.database import Transaction

pages = Pages()
moderators_of_everything = people_with(Permission.MODERATE)


@pages.get("/boards/arrange", moderators_of_everything)
async def show_arrangement(visit: Visit) -> web.Response:
    """All boards, with what stands above each."""
    return visit.page("boards_arrange", **await _arranged(visit))


async def show_arrangement_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The same with what was typed."""
    return visit.refused("boards_arrange", error, **await _arranged(visit))


async def _arranged(visit: Visit) -> dict[str, Any]:
    boards = await visit.office.engine.database.read(lambda tx: access_boards(tx, visit.actor))
    return {"boards": boards, "slugs": {board.id: board.slug for board in boards}}


@pages.post("/boards/arrange", moderators_of_everything, again=show_arrangement_again)
async def arrange(visit: Visit) -> web.Response:
    """Put them in order."""
    form = visit.form
    spots = {}
    for board in (await _arranged(visit))["boards"]:
        position = form.check(f"position-{board.slug}", _check_position)
        if position is None:
            return await show_arrangement_again(visit)
        spots[board.slug] = Spot(position, form[f"parent-{board.slug}"])
    await do_arrange_boards(visit.office.engine, visit.actor, spots)
    return visit.go("/boards", visit.text("The order is saved."))


def _check_position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Unacceptable("bad_choice")
    return int(text)


@pages.get("/boards/{board}/settings", signed_in_people)
async def show_settings(visit: Visit) -> web.Response:
    """The settings of a board, to be changed."""
    return visit.page("board_settings", **await _shown(visit))


async def show_settings_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The same with what was typed."""
    return visit.refused("board_settings", error, **await _shown(visit))


async def _shown(visit: Visit) -> dict[str, Any]:
    async def read(tx: Transaction) -> dict[str, Any]:
        board = await access_shaped_board(tx, visit.actor, _slug(visit))
        boards = await access_boards(tx, visit.actor)
        parent = next((each for each in boards if each.id == board.parent_id), None)
        above = [
            each for each in boards if each.id != board.id and (each == parent or can_place_under(visit.actor, each.id))
        ]
        return {"board": board, "parent": parent.slug if parent else "", "above": above}

    shown = await visit.office.engine.database.read(read)
    sites = await list_managed_sites(visit.office.engine.database, visit.actor)
    return {
        **shown,
        **choices_of(visit),
        "sites": sites,
        "may_tie": bool(sites) and shown["board"].site_id in {None, *(site.id for site in sites)},
        "may_arrange": can_arrange(visit.actor),
    }


@pages.post("/boards/{board}/settings", signed_in_people, again=show_settings_again)
async def change_board(visit: Visit) -> web.Response:
    """Save them."""
    slug = _slug(visit)
    board = await visit.office.engine.database.read(lambda tx: access_shaped_board(tx, visit.actor, slug))
    text = board_text(visit.form)
    place = await board_place(visit, site_id=board.site_id)
    if text is None or place is None:
        return await show_settings_again(visit)
    try:
        await do_change_board(visit.office.engine, visit.actor, slug, text, place)
    except Unacceptable as error:
        visit.form.refuse("parent" if error.name == "bad_choice" else "name", error)
        return await show_settings_again(visit)
    return visit.go(f"/boards/{slug}", visit.text("The board is saved."))


@pages.post("/boards/{board}/archive", moderators_of_everything)
async def archive(visit: Visit) -> web.Response:
    """Archive a board."""
    await do_archive_board(visit.office.engine, visit.actor, _slug(visit), is_archived=True)
    return visit.go(f"/boards/{_slug(visit)}/settings", visit.text("The board is archived."))


@pages.post("/boards/{board}/reopen", moderators_of_everything)
async def reopen(visit: Visit) -> web.Response:
    """Open it again."""
    await do_archive_board(visit.office.engine, visit.actor, _slug(visit), is_archived=False)
    return visit.go(f"/boards/{_slug(visit)}/settings", visit.text("The board is open again."))


@pages.get("/boards/{board}/moderators", signed_in_people)
async def show_moderators(visit: Visit) -> web.Response:
    """Who keeps order on a board."""
    return visit.page("board_moderators", **await _moderators(visit))


async def show_moderators_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The same with what was typed."""
    return visit.refused("board_moderators", error, **await _moderators(visit))


async def _moderators(visit: Visit) -> dict[str, Any]:
    async def read(tx: Transaction) -> dict[str, Any]:
        board = await access_shaped_board(tx, visit.actor, _slug(visit))
        return {"board": board, "moderators": await list_moderators(tx, board.id)}

    return await visit.office.engine.database.read(read)


@pages.post("/boards/{board}/moderators", signed_in_people, again=show_moderators_again)
async def add_moderator(visit: Visit) -> web.Response:
    """Make a member one of them."""
    name = visit.form["name"].strip()
    try:
        await do_add_moderator(visit.office.engine, visit.actor, _slug(visit), name)
    except Unacceptable as error:
        visit.form.refuse("name", error)
        return await show_moderators_again(visit)
    except Refused as error:
        if error.name != "beyond_you":
            raise
        return await show_moderators_again(visit, error)
    return visit.go(f"/boards/{_slug(visit)}/moderators", visit.text("{name} is a moderator now.", name=name))


@pages.post("/boards/{board}/moderators/end", signed_in_people, again=show_moderators_again)
async def remove_moderator(visit: Visit) -> web.Response:
    """Make one of them a member like others."""
    slug, form = _slug(visit), visit.form
    try:
        await do_remove_moderator(visit.office.engine, visit.actor, slug, form["member"], form["role"])
    except Refused as error:
        if error.name != "beyond_you":
            raise
        return await show_moderators_again(visit, error)
    is_own = form["member"] == visit.account.public_id
    if is_own:
        return visit.go(f"/boards/{slug}", visit.text("You are no moderator of this board any more."))
    return visit.go(f"/boards/{slug}/moderators", visit.text("The moderator is removed."))


def _slug(visit: Visit) -> str:
    return visit.request.match_info["board"]
