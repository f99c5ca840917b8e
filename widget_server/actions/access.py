"""The doors: the only way to a channel. What is missing and what is forbidden look the same from outside (S10)."""

from __future__ import annotations

from typing import Any, NamedTuple

from widget_server.actions.actors import Actor, Agent, Visitor
from widget_server.core.delivery import Marks
from widget_server.core.errors import Refused
from widget_server.core.permissions import Actor as Rights
from widget_server.core.permissions import Grant, Role, can_answer
from widget_server.store.database import Transaction
from widget_server.store.queries import agents as agent_queries
from widget_server.store.queries import channels as q
from widget_server.store.records import Author, Side


class Access(NamedTuple):
    """A channel that this actor may read and write, and as whom."""

    channel_id: int
    public_id: str
    kind: str
    side: Side
    site_id: int
    conversation_id: int
    """The conversation it belongs to: itself, or the one a staff channel stands beside."""
    staff: str | None
    """The staff channel's public name.

    Told to agents only; for a visitor's connection it is the place of their presence.
    """
    beside: str | None
    """Of a staff channel: the public channel's name."""


class Door(NamedTuple):
    """An :class:`Access` with the channel's row as the transaction sees it."""

    access: Access
    state: str
    first_seq: int
    last_seq: int
    version: int
    status: str
    visitor: Marks
    agents: Marks


async def access_channel(tx: Transaction, actor: Actor, public_id: str) -> Door:
    """The channel with this public name.

    :raises Refused: ``not_found``, also where it exists but is not this actor's.
    """
    row = await tx.one(q.DOOR, public_id=public_id)
    if row is None:
        raise Refused("not_found")
    if isinstance(actor, Visitor) and actor.author is None:
        # Another line of the same visitor may have written the first message since this one was greeted.
        actor.author = await access_visitor(tx, actor)
    side = _side(actor, row)
    if side is None:
        raise Refused("not_found")
    access = Access(row[0], public_id, row[1], side, row[7], row[6], row[14], row[15])
    return Door(access, row[2], row[3], row[4], row[5], row[9], Marks(row[10], row[11]), Marks(row[12], row[13]))


def _side(actor: Actor, row: tuple[Any, ...]) -> Side | None:
    """As whom ``actor`` may enter; None: not at all."""
    kind, conversation_id, site_id, visitor_id = row[1], row[6], row[7], row[8]
    if conversation_id is None:
        return None
    if isinstance(actor, Agent):
        return "agent" if can_answer(actor.rights, site_id) else None
    if kind == "conversation" and actor.author is not None and visitor_id == actor.author.id:
        return "visitor" if site_id == actor.site_id else None
    return None


async def access_visitor(tx: Transaction, visitor: Visitor) -> Author | None:
    """The person behind the visitor's token, or None where nothing has been written yet.

    :raises Refused: ``token_ended``.
    """
    row = await tx.one(q.VISITOR_BY_TOKEN, site_id=visitor.site_id, token_hash=visitor.token_hash)
    if row is None:
        return None
    if row[1] is not None:
        raise Refused("token_ended")
    return Author(row[0], row[2], row[3], row[4])


async def access_assignee(tx: Transaction, public_id: str, site_id: int) -> Author:
    """An agent who may be given a conversation of this site.

    :raises Refused: ``not_found``, also for an agent of other sites.
    """
    row = await tx.one(q.PERSON, public_id=public_id)
    if row is None:
        raise Refused("not_found")
    grants = await tx.all(agent_queries.GRANTS, person_id=row[0])
    rights = Rights(row[0], public_id, frozenset(Grant(Role(role), site) for role, site in grants))
    if not can_answer(rights, site_id):
        raise Refused("not_found")
    return Author(row[0], row[1], row[2], row[3])
