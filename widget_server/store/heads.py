"""A channel's head as whole state: what its readers see beside the messages."""

from __future__ import annotations

from typing import NamedTuple

from widget_server.store.database import Transaction
from widget_server.store.queries.conversations import STAFF_HEAD, staff_head_state
from widget_server.store.records import State


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


async def staff_head(tx: Transaction, conversation_id: int) -> StaffRow:
    """The staff channel of the conversation with this channel key, as ``tx`` sees it."""
    row = await tx.one(STAFF_HEAD, channel_id=conversation_id)
    if row is None:
        raise LookupError(f"conversation {conversation_id} has no staff channel")
    return StaffRow(row[0], row[1], row[2], row[3], staff_head_state(row))
