"""What moderators do with threads as a whole."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, thread

_b = bindparam
_THIS = thread.c.channel_id == _b("key")

PIN = Statement(update(thread).where(_THIS).values(pinned=_b("new_pinned"), pinned_until=_b("new_until")))

SET_STATE = Statement(update(channel).where(channel.c.id == _b("key")).values(state=_b("new_state")))

SET_BOARD = Statement(update(thread).where(_THIS).values(board_id=_b("new_board")))

SET_RULES = Statement(
    update(board)
    .where(board.c.id == _b("key"))
    .values(settings=_b("new_settings"), holds=_b("new_holds"), stamp=_b("new_stamp"))
)
