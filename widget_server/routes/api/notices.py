"""Operations on notices: what the token's person was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.notices import do_see_until, list_newest
from widget_server.actions.scopes import unseen_notices
from widget_server.core.scopes import Scope
from widget_server.core.times import iso
from widget_server.routes.api import notice_models
from widget_server.routes.api.operations import Call, Operations, Reply
from widget_server.routes.api.paging import cut, key_of

if TYPE_CHECKING:
    from widget_server.actions.notices import Notice
    from widget_server.store.records import State

operations = Operations()


@operations.add("GET", "/notices", Scope.NOTICES_READ, query=notice_models.NoticesQuery, answer=notice_models.Notices)
async def list_notices(call: Call) -> Reply:
    """What one was told, the newest first; of threads and rooms only what one may still read."""
    query: notice_models.NoticesQuery = call.query
    found = await list_newest(
        call.engine.database,
        call.program.actor,
        before=key_of(call, "notices"),
        limit=query.limit,
        unseen=query.show == "unseen",
    )
    shown, following = cut(call, "notices", found)
    return Reply({"notices": [_state(call, each) for each in shown], "unseen": await _unseen(call), "next": following})


@operations.add("PUT", "/notices/seen", Scope.NOTICES_WRITE, body=notice_models.SeenUntil, answer=notice_models.Unseen)
async def see_notices(call: Call) -> Reply:
    """Mark notices as seen, up to one; harmless to repeat. What was seen is mailed and pushed no more."""
    body: notice_models.SeenUntil = call.body
    await do_see_until(call.engine, call.program.actor, body.until)
    return Reply({"unseen": await _unseen(call)})


async def _unseen(call: Call) -> int:
    return await unseen_notices(call.engine.database, call.program.actor.person_id)


def _state(call: Call, notice: Notice) -> State:
    actor = None
    if notice.actor_public_id is not None:
        actor = {
            "id": notice.actor_public_id,
            "name": notice.actor_name,
            "role": "member",
            "picture": notice.actor_picture,
        }
    return {
        "id": notice.id,
        "kind": notice.kind,
        "why": notice.details.get("why"),
        "actor": actor,
        "title": notice.title or notice.details.get("title"),
        "thread": notice.number,
        "room": notice.room,
        "seq": notice.seq,
        "text": notice.details.get("text"),
        "url": None if notice.path is None else call.office.addresses.base + notice.path,
        "created_at": iso(notice.created_at),
        "seen_at": None if notice.seen_at is None else iso(notice.seen_at),
    }
