"""The doors: the only way to a channel. What is missing and what is forbidden look the same from outside (S10)."""

from __future__ import annotations

from typing import Any, NamedTuple

from widget_server.actions import rooms
from widget_server.actions.actors import Actor, Agent, Member, Reader, Visitor
from widget_server.actions.threads import access_thread_channel, can_write
from widget_server.core.delivery import Marks
from widget_server.core.errors import Refused
from widget_server.core.permissions import Actor as Rights
from widget_server.core.permissions import can_answer, grant_of
from widget_server.store.database import Transaction
from widget_server.store.queries import accounts as account_queries
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
    visitor: Author | None
    """On the visitor's side: the visitor whose conversation it is, as whom everybody writes who is that visitor."""
    may_write: bool = True
    """Of a thread or a room: whether its reader may write in it now."""


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
    keeps_seen: bool = False
    """Whether nobody but the visitor is told what they have seen (P6)."""

    @property
    def told(self) -> tuple[Marks, Marks]:
        """The marks of the visitor's side and of the agents', as everybody in the conversation may know them."""
        return self.visitor.without_seen() if self.keeps_seen else self.visitor, self.agents


async def access_channel(tx: Transaction, actor: Actor | Member | Reader, public_id: str) -> Door:
    """The channel with this public name.

    :raises Refused: ``not_found``, also where it exists but is not this actor's.
    """
    row = await tx.one(q.DOOR, public_id=public_id)
    if row is None:
        raise Refused("not_found")
    if row[1] == "thread":
        return await _access_thread(tx, actor, public_id)
    if row[1] == "room":
        return await _access_room(tx, actor, public_id)
    if isinstance(actor, Visitor) and actor.author is None:
        # Another line of the same visitor may have written the first message since this one was greeted.
        actor.author = await access_visitor(tx, actor)
    side = _side(actor, row)
    if side is None:
        raise Refused("not_found")
    visitor = _visitor_of(actor, row) if side == "visitor" else None
    access = Access(row[0], public_id, row[1], side, row[7], row[6], row[14], row[15], visitor)
    marks = Marks(row[10], row[11]), Marks(row[12], row[13])
    return Door(access, row[2], row[3], row[4], row[5], row[9], *marks, keeps_seen=bool(row[21]))


async def _access_thread(tx: Transaction, actor: Actor | Member | Reader, public_id: str) -> Door:
    """The door to a thread: whoever may read its board may read all of it. Posts come by the pages alone."""
    if not isinstance(actor, Agent | Reader):
        raise Refused("not_found")
    thread = await access_thread_channel(tx, actor.rights, public_id)
    may_write = can_write(actor.rights, thread)
    access = Access(thread.channel_id, public_id, "thread", "member", 0, 0, None, None, None, may_write)
    return Door(access, thread.state, thread.first_seq, thread.last_seq, thread.version, "", Marks(), Marks())


async def _access_room(tx: Transaction, actor: Actor | Member | Reader, public_id: str) -> Door:
    """The door to a room: whoever is in it may read all of it (S3.11). Agents have no other way in than members."""
    if not isinstance(actor, Reader) or actor.author is None:
        raise Refused("not_found")
    room = await rooms.access_room(tx, actor.rights, public_id)
    may_write = rooms.can_write(actor.rights, room) and not await rooms.is_apart(tx, room, actor.author.id)
    access = Access(room.channel_id, public_id, "room", "member", 0, 0, None, None, None, may_write)
    return Door(access, room.state, room.first_seq, room.last_seq, room.version, "", Marks(), Marks())


def _side(actor: Actor | Member | Reader, row: tuple[Any, ...]) -> Side | None:
    """As whom ``actor`` may enter; None: not at all."""
    kind, conversation_id, site_id, visitor_id = row[1], row[6], row[7], row[8]
    if conversation_id is None:
        return None
    if isinstance(actor, Reader):
        return None
    if isinstance(actor, Agent):
        return "agent" if can_answer(actor.rights, site_id) else None
    if kind != "conversation" or actor.author is None:
        return None
    face, member = row[19], row[20]
    if isinstance(actor, Member):
        return "visitor" if actor.author.id in {face, member} else None
    return "visitor" if actor.author.id in {visitor_id, face} and site_id == actor.site_id else None


def _visitor_of(actor: Actor | Member | Reader, row: tuple[Any, ...]) -> Author:
    if actor.author is not None and actor.author.id == row[8]:
        return actor.author
    return Author(row[8], row[16], row[17], row[18])


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
    grants = await tx.all(account_queries.GRANTS, person_id=row[0])
    rights = Rights(row[0], public_id, frozenset(grant_of(*held) for held in grants))
    if not can_answer(rights, site_id):
        raise Refused("not_found")
    return Author(row[0], row[1], row[2], row[3])
