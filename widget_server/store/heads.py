"""A channel's head as whole state: what its readers see beside the messages."""

from __future__ import annotations

from typing import NamedTuple

from widget_server.store.database import Transaction
from widget_server.store.queries.conversations import STAFF_HEAD, staff_head_state
from widget_server.store.queries.rooms import MEMBERS, READERS, ROOM_HEAD, room_head_state
from widget_server.store.queries.threads import THREAD_HEAD, thread_head_state
from widget_server.store.records import Author, State


class StaffRow(NamedTuple):
    """The staff channel beside a conversation, with its head."""

    channel_id: int
    public_id: str
    last_seq: int
    version: int
    head: State


def public_head(public_status: str) -> State:
    """``frames.ConversationHead``."""
    return {"kind": "conversation", "status": public_status}


async def thread_head(tx: Transaction, channel_id: int) -> State:
    """``frames.ThreadHead`` of the thread with this channel key."""
    row = await tx.one(THREAD_HEAD, channel_id=channel_id)
    if row is None:
        raise LookupError(f"channel {channel_id} is no thread")
    return thread_head_state(row)


async def room_head(tx: Transaction, channel_id: int) -> State:
    """``frames.RoomHead`` of the room with this channel key."""
    row = await tx.one(ROOM_HEAD, channel_id=channel_id)
    if row is None:
        raise LookupError(f"channel {channel_id} is no room")
    state = room_head_state(row)
    if state["access"] == "direct":
        rows = await tx.all(MEMBERS, channel_id=channel_id, limit=2, skipped=0)
        state["people"] = [Author(*row[:4]).state("member") for row in rows]
    return state


async def readers_of(tx: Transaction, channel_id: int) -> list[State]:
    """``frames.ReaderMarks`` of each member of a room, those who are in longest first."""
    rows = await tx.all(READERS, channel_id=channel_id)
    return [{"person": person, "delivered": delivered, "seen": seen} for person, delivered, seen in rows]


async def staff_head(tx: Transaction, conversation_id: int) -> StaffRow:
    """The staff channel of the conversation with this channel key, as ``tx`` sees it."""
    row = await tx.one(STAFF_HEAD, channel_id=conversation_id)
    if row is None:
        raise LookupError(f"conversation {conversation_id} has no staff channel")
    return StaffRow(row[0], row[1], row[2], row[3], staff_head_state(row))
