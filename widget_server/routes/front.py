"""The front page: the boards with their newest threads, and below them all threads, or some of them (S2.17, S2.18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.boards import access_boards
from widget_server.actions.thread_lists import Wanted, find_threads
from widget_server.core.boards import can_begin, can_open
from widget_server.routes.about import about_list
from widget_server.routes.ordering import order_of, with_query
from widget_server.routes.visit import Pages, Visit
from widget_server.web.page_cache import LISTS
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from typing import Literal

    from aiohttp import web

    Show = Literal["all", "followed", "unread"]

pages = Pages()

_COOKIE: Final = "threads"
"""Which threads a member looks at in this browser."""
_COOKIE_DAYS: Final = 400
_SHOWS: Final[tuple[Show, ...]] = ("all", "followed", "unread")


@pages.get("/", everybody, kept=True)
async def show_front(visit: Visit) -> web.Response:
    """The community at a glance."""
    query, reader = visit.request.query, visit.reader
    chosen: Show | None = next((each for each in _SHOWS if each == query.get("show")), None)
    show: Show = "all" if reader.person_id == 0 else chosen or _remembered(visit)
    order = order_of(query, has_spans=show == "all")
    now = visit.office.now_ms()
    wanted = Wanted(show, order.sort, order.page, order.span)
    since = visit.account.created_at if reader.person_id else 0
    found = await visit.office.engine.database.read(
        lambda tx: find_threads(tx, reader, wanted, now_ms=now, since_ms=since)
    )
    own = "" if show == "all" and chosen is None else f"show={show}"
    address = with_query(visit.office.addresses.path("/"), own)
    response = visit.page(
        "front",
        made_of=LISTS,
        about=about_list(
            visit.office.addresses,
            "/",
            page=order.page,
            more=found.more,
            is_usual=show == "all" and not order.query(),
            description=visit.office.community.latest.welcome,
        ),
        found=found,
        show=show,
        order=order,
        number=order.page,
        address=address,
        paged=with_query(visit.office.addresses.path("/"), own, order.query()),
        writable=any(can_begin(reader, board.rule) for board in found.boards),
        may_open=can_open(reader),
        read_at=now,
    )
    if chosen is not None and reader.person_id and chosen != _remembered(visit):
        cookies = visit.office.sessions.cookies
        cookies.set(response, cookies.named(_COOKIE), chosen, days=_COOKIE_DAYS)
    return response


def _remembered(visit: Visit) -> Show:
    """What was chosen last in this browser (S2.18)."""
    kept = visit.request.cookies.get(visit.office.sessions.cookies.named(_COOKIE))
    return next((each for each in _SHOWS if each == kept), _SHOWS[0])


@pages.get("/begin", signed_in_people)
async def choose_board(visit: Visit) -> web.Response:
    """Where one's post belongs; where there is one board only, straight to the form."""
    boards = await visit.office.engine.database.read(lambda tx: access_boards(tx, visit.actor))
    open_ones = [board for board in boards if can_begin(visit.actor, board.rule)]
    if len(open_ones) == 1:
        return visit.go(f"/boards/{open_ones[0].slug}/begin")
    return visit.page("begin", boards=open_ones)
