"""Who else is here: the list of members, their profiles, and who follows whom (S2.19, S2.21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from widget_server.actions.boards import access_boards
from widget_server.actions.ignoring import do_end_ignoring, do_ignore, list_ignored
from widget_server.actions.members import (
    do_follow,
    do_unfollow,
    list_followers,
    list_following,
    list_members,
    may_follow,
    page_number,
)
from widget_server.actions.profiles import access_profile, find_profile
from widget_server.actions.thread_lists import Wanted, find_posts, find_threads
from widget_server.actions.threads import PAGE
from widget_server.routes.ordering import Order, order_of, with_query
from widget_server.routes.visit import Pages, Visit
from widget_server.web.page_cache import LISTS
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.profiles import Profile
    from widget_server.actions.thread_lists import Found, PostRow
    from widget_server.store.database import Transaction

pages = Pages()

_NEWEST: Final = 5
"""Posts on a profile."""


@pages.get("/members", signed_in_people)
async def show_members(visit: Visit) -> web.Response:
    """Everybody, by name, or those whose name is searched for."""
    query = visit.request.query
    search = query.get("q", "")
    found = await list_members(visit.office.engine.database, search, page=page_number(query.get("page", "1")))
    address = visit.office.addresses.path("/members") + (f"?{urlencode({'q': search})}" if search else "")
    return visit.page("members", found=found, search=search, address=address)


@pages.get("/members/{id}", everybody, kept=True)
async def show_member(visit: Visit) -> web.Response:
    """A profile, with the newest posts that its reader may read (S2.21).

    Posts are public where their board is, and so is who wrote them; what somebody says of themselves is for members.
    """
    reader = visit.reader

    async def read(tx: Transaction) -> tuple[Profile, list[PostRow]]:
        profile = await find_profile(tx, visit.request.match_info["id"], viewer_id=reader.person_id)
        boards = await access_boards(tx, reader)
        return profile, await find_posts(tx, profile.person_id, boards, limit=_NEWEST)

    profile, posts = await visit.office.engine.database.read(read)
    return visit.page(
        "member",
        made_of=LISTS,
        profile=profile,
        posts=posts[:_NEWEST],
        may_follow=may_follow(reader, profile.person_id),
    )


@pages.get("/members/{id}/posts", everybody, kept=True)
async def show_posts(visit: Visit) -> web.Response:
    """What somebody wrote."""
    reader, number = visit.reader, _page(visit)

    async def read(tx: Transaction) -> tuple[Profile, list[PostRow]]:
        profile = await find_profile(tx, visit.request.match_info["id"])
        return profile, await find_posts(tx, profile.person_id, await access_boards(tx, reader), page=number)

    profile, posts = await visit.office.engine.database.read(read)
    return _written(visit, profile, "posts", Order("new", "all", number), posts=posts[:PAGE], more=len(posts) > PAGE)


@pages.get("/members/{id}/threads", everybody, kept=True)
async def show_threads(visit: Visit) -> web.Response:
    """The threads that somebody began."""
    reader, order, now = visit.reader, order_of(visit.request.query), visit.office.now_ms()
    since = visit.account.created_at if reader.person_id else 0

    async def read(tx: Transaction) -> tuple[Profile, Found]:
        profile = await find_profile(tx, visit.request.match_info["id"])
        wanted = Wanted("author", order.sort, order.page, key=profile.person_id)
        return profile, await find_threads(tx, reader, wanted, now_ms=now, since_ms=since)

    profile, found = await visit.office.engine.database.read(read)
    return _written(visit, profile, "threads", order, threads=found.threads, more=found.more)


def _written(visit: Visit, profile: Profile, which: str, order: Order, **shown: Any) -> web.Response:
    address = _address(visit)
    lists: dict[str, Any] = {"threads": (), "posts": ()}
    return visit.page(
        "member_posts",
        made_of=LISTS,
        profile=profile,
        which=which,
        order=order,
        number=order.page,
        address=address,
        paged=with_query(address, order.query() if which == "threads" else ""),
        **lists | shown,
    )


@pages.get("/members/{id}/followers", signed_in_people)
async def show_followers(visit: Visit) -> web.Response:
    """Who follows somebody."""
    profile = await _profile(visit)
    found = await list_followers(visit.office.engine.database, profile.person_id, page=_page(visit))
    return visit.page("followers", profile=profile, found=found, which="followers", address=_address(visit))


@pages.get("/members/{id}/following", signed_in_people)
async def show_following(visit: Visit) -> web.Response:
    """Whom somebody follows."""
    profile = await _profile(visit)
    found = await list_following(visit.office.engine.database, profile.person_id, page=_page(visit))
    return visit.page("followers", profile=profile, found=found, which="following", address=_address(visit))


@pages.post("/members/{id}/follow", signed_in_people)
async def follow(visit: Visit) -> web.Response:
    """Follow somebody."""
    profile = await _profile(visit)
    await do_follow(visit.office.engine.database, visit.actor, profile.public_id, now_ms=visit.office.now_ms())
    return visit.go(f"/members/{profile.public_id}", visit.text("You follow {name}.", name=profile.name))


@pages.post("/members/{id}/unfollow", signed_in_people)
async def unfollow(visit: Visit) -> web.Response:
    """Follow somebody no more."""
    profile = await _profile(visit)
    await do_unfollow(visit.office.engine.database, visit.actor, profile.public_id)
    return visit.go(f"/members/{profile.public_id}", visit.text("You no longer follow {name}.", name=profile.name))


@pages.post("/members/{id}/ignore", signed_in_people)
async def ignore(visit: Visit) -> web.Response:
    """Ignore somebody."""
    profile = await _profile(visit)
    await do_ignore(visit.office.engine.database, visit.actor, profile.public_id, now_ms=visit.office.now_ms())
    return visit.go(f"/members/{profile.public_id}", visit.text("You ignore {name}.", name=profile.name))


@pages.post("/members/{id}/unignore", signed_in_people)
async def end_ignoring(visit: Visit) -> web.Response:
    """Ignore somebody no more."""
    profile = await _profile(visit)
    await do_end_ignoring(visit.office.engine.database, visit.actor, profile.public_id)
    return visit.go(f"/members/{profile.public_id}", visit.text("You no longer ignore {name}.", name=profile.name))


@pages.get("/account/ignored", signed_in_people)
async def show_ignored(visit: Visit) -> web.Response:
    """Whom one ignores."""
    found = await list_ignored(visit.office.engine.database, visit.actor, page=_page(visit))
    return visit.page("ignored", found=found, address=_address(visit))


async def _profile(visit: Visit) -> Profile:
    return await access_profile(
        visit.office.engine.database, visit.request.match_info["id"], viewer_id=visit.reader.person_id
    )


def _page(visit: Visit) -> int:
    return page_number(visit.request.query.get("page", "1"))


def _address(visit: Visit) -> str:
    return visit.office.addresses.path(visit.own_path)
