"""Atom feeds of the community, of its boards, threads and tags, and of what one member writes."""

from __future__ import annotations

import hashlib
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from aiohttp import web

from widget_server.actions import feeds
from widget_server.core import atom
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from widget_server.actions.feeds import Piece, Told

pages = Pages()

FEED: Final = "/feed.atom"


@pages.get(FEED, everybody)
async def show_all(visit: Visit) -> web.Response:
    """The newest threads of all open boards."""
    return _feed(visit, await feeds.read_all(visit.office.engine))


@pages.get(f"/boards/{{board}}{FEED}", everybody)
async def show_board(visit: Visit) -> web.Response:
    """The newest threads of a board."""
    return _feed(visit, await feeds.read_board(visit.office.engine, visit.request.match_info["board"]))


@pages.get(f"/tags/{{tag}}{FEED}", everybody)
async def show_tag(visit: Visit) -> web.Response:
    """The newest threads with a tag."""
    return _feed(visit, await feeds.read_tag(visit.office.engine, visit.request.match_info["tag"]))


@pages.get(rf"/threads/{{number:\d{{1,12}}}}{FEED}", everybody)
async def show_thread(visit: Visit) -> web.Response:
    """The newest posts of a thread."""
    number = int(visit.request.match_info["number"])
    return _feed(visit, await feeds.read_thread(visit.office.engine, number))


@pages.get(f"/members/{{id}}{FEED}", everybody)
async def show_person(visit: Visit) -> web.Response:
    """What somebody wrote last where everybody may read it."""
    return _feed(visit, await feeds.read_person(visit.office.engine, visit.request.match_info["id"]))


def _feed(visit: Visit, told: Told) -> web.Response:
    addresses = visit.office.addresses
    base, name = addresses.base, visit.office.community.latest.name
    own = visit.own_path
    updated = max([told.since, *(piece.changed_at for piece in told.pieces)])
    entries = [_entry(base, piece) for piece in told.pieces]
    title = f"{told.title} · {name}" if told.title else name
    body = atom.written(
        atom.Feed(base + own, base + quote(told.page), base + "/", title, told.subtitle, updated, entries)
    )
    return _answered(visit.request, body, updated)


def _entry(base: str, piece: Piece) -> atom.Entry:
    return atom.Entry(
        f"urn:uuid:{piece.channel}#{piece.seq}",
        piece.title,
        base + quote(piece.path),
        piece.author or "\u2013",
        piece.created_at,
        piece.changed_at,
        piece.content,
    )


def _answered(request: web.Request, body: bytes, updated: int) -> web.Response:
    """Return the feed, or say that the asker has it: it is asked for often, and changes seldom.

    It is known by its contents alone: a removal makes another feed and no later time, and whoever asked by the time
    would keep what was taken away.
    """
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    headers = {"ETag": f'"{tag}"', "Last-Modified": formatdate(updated // 1000, usegmt=True)}
    # Proxies may keep it, and ask each time.
    headers["Cache-Control"] = "public, no-cache"
    if any(each.value in {tag, "*"} for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=atom.TYPE, charset="utf-8", headers=headers)
