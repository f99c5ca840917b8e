"""Searching: what a token's person may read, and its scopes open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.search import search
from widget_server.core.permissions import Permission
from widget_server.core.scopes import NEEDS, Scope, cut
from widget_server.core.seeking import seek
from widget_server.core.times import iso
from widget_server.routes.api import community_models
from widget_server.routes.api.operations import Call, Operations, Reply

if TYPE_CHECKING:
    from widget_server.actions.search import Result
    from widget_server.core.permissions import Actor
    from widget_server.store.records import State

operations = Operations()
_OF_CHATS = frozenset({Scope.MESSAGES_READ, Scope.NOTES_READ})


@operations.add(
    "GET",
    "/search",
    Scope.SEARCH_READ,
    query=community_models.SearchQuery,
    answer=community_models.FoundPage,
)
async def search_everything(call: Call) -> Reply:
    """What fits among boards, threads and posts, and with the scope ``rooms:read`` in one's rooms.

    ``in:chats`` needs a token that reads messages and notes.
    """
    query: community_models.SearchQuery = call.query
    sought = seek(query.q.replace("\0", " "))
    found = await search(call.engine, _asker(call), sought, page=query.page, sort=query.sort, rooms=_sees_rooms(call))
    return Reply(
        {
            "results": [_state(call, each) for each in found.results],
            "total": found.total,
            "is_more": found.is_more,
            "more": found.more,
            "state": found.state,
        }
    )


def _sees_rooms(call: Call) -> bool:
    return Scope.ROOMS_READ in call.program.token.scopes


def _asker(call: Call) -> Actor:
    """Who asks. What is found in chats may be a note: it is for tokens alone that read both."""
    scopes = call.program.token.scopes
    if not scopes >= _OF_CHATS:
        scopes = frozenset(scope for scope in scopes if not NEEDS[scope] & Permission.ANSWER)
    return cut(call.program.actor, scopes)


def _state(call: Call, result: Result) -> State:
    return {
        "kind": result.kind,
        "title": "".join(piece.text for piece in result.title),
        "snippet": [{"text": piece.text, "hit": piece.is_hit} for piece in result.snippet],
        "url": call.office.addresses.base + result.path,
        "board": None if result.board is None else result.board.slug,
        "author": None if result.author is None else result.author[0],
        "channel": result.channel,
        "seq": result.seq,
        "at": iso(result.at),
    }
