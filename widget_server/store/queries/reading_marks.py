"""How far somebody has read the community."""

from __future__ import annotations

from sqlalchemy import bindparam, case, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import board_mark, reader

_b = bindparam


def _mark(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(board_mark).values(person_id=_b("person_id"), board_id=_b("which_board"), read_at=_b("until"))
    later = case((row.excluded.read_at > board_mark.c.read_at, row.excluded.read_at), else_=board_mark.c.read_at)
    return row.on_conflict_do_update(
        index_elements=[board_mark.c.person_id, board_mark.c.board_id], set_={"read_at": later}
    )


MARK = Statement(sqlite=_mark(sqlite.Insert), postgresql=_mark(postgresql.Insert))
"""A board (0: all of them) is read until a time, which only rises."""


def _begin(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(reader).values(
        channel_id=_b("channel_id"), person_id=_b("person_id"), delivered_seq=_b("seq"), seen_seq=_b("seq")
    )
    return row.on_conflict_do_nothing(index_elements=[reader.c.channel_id, reader.c.person_id])


BEGIN = Statement(sqlite=_begin(sqlite.Insert), postgresql=_begin(postgresql.Insert))
"""The place of somebody in a thread that they begin."""

GO_ON = Statement(
    update(reader)
    .where(
        reader.c.channel_id == _b("which_channel"),
        reader.c.person_id == _b("who"),
        reader.c.seen_seq == _b("new_seen") - 1,
    )
    .values(seen_seq=_b("new_seen"), delivered_seq=_b("new_seen"))
)
"""Somebody who stood at the end wrote the next post."""
