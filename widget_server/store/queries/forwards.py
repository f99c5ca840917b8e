"""Where posts went that no longer stand where they were written."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from widget_server.store.statement import Statement
from widget_server.store.tables import forward, thread

_b = bindparam

OF_POST = Statement(
    select(thread.c.number, forward.c.to_seq)
    .select_from(forward.join(thread, thread.c.channel_id == forward.c.to_channel_id))
    .where(forward.c.channel_id == _b("channel_id"), forward.c.seq == _b("seq"))
)
"""The number of the thread in which a post stands now, and its place there."""

BETWEEN = Statement(
    select(forward.c.seq).where(
        forward.c.to_channel_id == _b("to_channel_id"),
        forward.c.to_seq == _b("seq"),
        forward.c.channel_id == _b("channel_id"),
    )
)
"""Whether what stands in a place now once stood in this channel."""

_gone = thread.alias("gone")

FROM_NUMBER = Statement(
    select(thread.c.number, forward.c.to_seq)
    .select_from(
        _gone.join(forward, forward.c.channel_id == _gone.c.channel_id).join(
            thread, thread.c.channel_id == forward.c.to_channel_id
        )
    )
    .where(_gone.c.number == _b("number"), forward.c.seq == _b("seq"))
)
"""As :data:`OF_POST`, by the number of the thread in which it stood."""
