"""Operations for moderators: what waits for a decision. Decisions are made on pages, where all of it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.held_posts import HeldPost, list_held
from widget_server.actions.reports import PAGE, Reported, list_reported
from widget_server.core.scopes import Scope
from widget_server.core.times import iso
from widget_server.routes.api import community_models, models
from widget_server.routes.api.operations import Call, Operations, Reply

if TYPE_CHECKING:
    from widget_server.store.database import Transaction
    from widget_server.store.records import State

operations = Operations()


@operations.add("GET", "/moderation/queue", Scope.MODERATION_READ, query=models.Numbered, answer=community_models.Queue)
async def read_queue(call: Call) -> Reply:
    """What was reported and what is held on the boards that the token's person moderates."""
    query: models.Numbered = call.query

    async def read(tx: Transaction) -> tuple[list[Reported], list[HeldPost]]:
        actor = call.program.actor
        return await list_reported(tx, actor, query.page), await list_held(tx, actor, query.page)

    reported, held = await call.engine.database.read(read)
    return Reply(
        {
            "reported": [_reported(each) for each in reported[:PAGE]],
            "held": [_held(each) for each in held[:PAGE]],
            "more": len(reported) > PAGE or len(held) > PAGE,
        }
    )


def _reported(post: Reported) -> State:
    return {
        "channel": post.channel,
        "seq": post.seq,
        "preview": post.preview,
        "author": post.author_public_id if post.author_name else None,
        "board": post.board_slug,
        "number": post.number,
        "reasons": [said.reason for said in post.said],
        "since": iso(post.since),
    }


def _held(post: HeldPost) -> State:
    return {
        "id": post.public_id,
        "kind": post.kind,
        "board": post.board_slug,
        "number": post.number,
        "title": post.title,
        "body": post.body,
        "author": post.author_public_id,
        "why": post.why,
        "created_at": iso(post.created_at),
    }
