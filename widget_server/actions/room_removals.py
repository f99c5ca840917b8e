"""Taking a message of a room away by who is not in it: a moderator who decided on a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from widget_server.actions.thread_heads import next_version
from widget_server.store.attachments import take_away
from widget_server.store.queries import batch as batch_queries
from widget_server.store.queries.messages import message_state
from widget_server.store.records import ChannelEvent

if TYPE_CHECKING:
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

_NO = len(batch_queries.MESSAGE_COLUMNS)
_FILES = _NO - 1


async def take_down(
    tx: Transaction, committed: Committed, room: tuple[int, str], seq: int, by: int, now_ms: int
) -> None:
    """Make a tombstone of a message, as if its author had removed it; nothing where it is one already.

    Args:
        tx: holds the room's channel.
        committed: gets what everybody in the room is told.
        room: the channel's key and public name.
        seq: the message's place.
        by: who takes it away.
        now_ms: UTC time in ms.
    """
    key, public_id = room
    row = await tx.one(batch_queries.TO_CHANGE, channel_id=key, seq=seq)
    if row is None or row[11] is not None:
        return
    version = await next_version(tx, key)
    revision = int(row[10])
    await tx.run(
        batch_queries.KEEP_REVISION,
        message_no=row[_NO],
        revision=revision,
        body=row[7],
        person_id=by,
        created_at=now_ms,
    )
    await tx.run(
        batch_queries.CHANGE_MESSAGE,
        key=row[_NO],
        new_body="",
        new_revision=revision + 1,
        new_version=version,
        new_removed_at=now_ms,
        new_removed_by=by,
    )
    await take_away(tx, row[_NO], row[_FILES], now_ms, is_own=False)
    changed: list[Any] = list(row)
    changed[7], changed[9], changed[10], changed[11] = "", version, revision + 1, now_ms
    changed[_FILES] = None
    committed.events.append(ChannelEvent(key, public_id, version - 1, version, [message_state(tuple(changed))]))
    committed.stirred.add(public_id)
