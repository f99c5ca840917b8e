"""The boards of the community, and opening one (S4.02)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.boards import access_boards, do_open_board
from widget_server.actions.sites import list_managed_sites
from widget_server.actions.thread_lists import Wanted, find_boards, find_threads, parents_of
from widget_server.actions.watching import find_level
from widget_server.core.boards import can_arrange, can_begin, can_open, can_place_under, can_shape
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.routes.about import about_list
from widget_server.routes.board_form import board_place, board_text, choices_of
from widget_server.routes.ordering import order_of, with_query
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.page_cache import LISTS
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from typing import Any

    from aiohttp import web

    from widget_server.actions.boards import KnownBoard
    from widget_server.actions.thread_lists import Found
    from widget_server.routes.about import About
    from widget_server.routes.ordering import Order
    from widget_server.store.database import Transaction

pages = Pages()


@pages.get("/boards", everybody, kept=True)
async def show_boards(visit: Visit) -> web.Response:
    """Every board that this reader may read."""
    reader = visit.reader
    since = visit.account.created_at if reader.person_id else 0
    boards = await visit.office.engine.database.read(lambda tx: find_boards(tx, reader, since_ms=since))
    about = about_list(visit.office.addresses, "/boards")
    return visit.page(
        "boards",
        made_of=LISTS,
        about=about,
        boards=boards,
        may_open=can_open(reader),
        may_arrange=can_arrange(reader),
    )


@pages.get("/new-board", signed_in_people)
async def show_form(visit: Visit) -> web.Response:
    """The form for a new board."""
    return visit.page("board_new", **await _shown(visit))


async def show_form_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("board_new", error, **await _shown(visit))


async def _shown(visit: Visit) -> dict[str, Any]:
    boards = await visit.office.engine.database.read(lambda tx: access_boards(tx, visit.actor))
    sites = await list_managed_sites(visit.office.engine.database, visit.actor)
    above = [board for board in boards if can_place_under(visit.actor, board.id)]
    return {"above": above, "sites": sites, "may_open": can_open(visit.actor), **choices_of(visit)}


@pages.post("/new-board", signed_in_people, again=show_form_again)
async def open_board(visit: Visit) -> web.Response:
    """Open a board."""
    text = board_text(visit.form)
    place = await board_place(visit)
    if text is None or place is None:
        return await show_form_again(visit)
    try:
        board = await do_open_board(visit.office.engine, visit.actor, text, place)
    except Unacceptable as error:
        visit.form.refuse("parent" if error.name == "bad_choice" else "name", error)
        return await show_form_again(visit)
    return visit.go(f"/boards/{board.slug}", visit.text("The board is open. Begin its first thread."))


@pages.get("/boards/{board}", everybody, kept=True)
async def show_board(visit: Visit) -> web.Response:
    """The threads of a board, those on top first."""
    reader = visit.reader
    order = order_of(visit.request.query, has_spans=True)
    now = visit.office.now_ms()
    wanted = Wanted("board", order.sort, order.page, order.span, board=visit.request.match_info["board"])
    since = visit.account.created_at if reader.person_id else 0

    async def read(tx: Transaction) -> tuple[Found, str]:
        found = await find_threads(tx, reader, wanted, now_ms=now, since_ms=since)
        return found, await find_level(tx, reader, "board", found.board.id) if found.board else ""

    found, level = await visit.office.engine.database.read(read)
    board = found.board
    if board is None:
        not_there()
    address = visit.office.addresses.path(f"/boards/{board.slug}")
    return visit.page(
        "board",
        made_of=LISTS,
        found=found,
        about=_about(visit, board, order, more=found.more),
        parents=parents_of(board, found.boards),
        order=order,
        number=order.page,
        address=address,
        paged=with_query(address, order.query()),
        may_begin=can_begin(reader, board.rule),
        may_shape=can_shape(reader, board.id),
        read_at=now,
        level=level,
    )


def _about(visit: Visit, board: KnownBoard, order: Order, *, more: bool) -> About | None:
    if board.rule.readers != "everyone":
        return None
    path = f"/boards/{board.slug}"
    return about_list(
        visit.office.addresses,
        path,
        page=order.page,
        more=more,
        is_usual=not order.query(),
        description=board.description,
        feed=f"{path}/feed.atom",
    )
