"""The tables of rooms: who may come in, how many, and who was asked. A room's messages are those of its channel."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, text

from widget_server.store.columns import Bytewise, Key, metadata

room = Table(
    "room",
    metadata,
    Column("channel_id", ForeignKey("channel.id"), primary_key=True),
    Column("name", Bytewise, nullable=False, server_default=""),
    Column("folded_name", Bytewise, unique=True),
    Column("description", Bytewise, nullable=False, server_default=""),
    Column("access", Bytewise, nullable=False, server_default="open"),
    Column("capacity", Key, nullable=False),
    Column("members", Key, nullable=False, server_default="0"),
    Column("owner_id", ForeignKey("person.id"), nullable=False),
    Column("pair", Bytewise, unique=True),
    Column("created_at", Key, nullable=False),
    Column("activity_at", Key, nullable=False),
    Column("removed_at", Key),
    Column("removed_by", ForeignKey("person.id")),
    Column("stamp", Key, nullable=False),
    Index("ix_room_stamp", "stamp"),
    Index(
        "ix_room_open",
        "activity_at",
        "channel_id",
        sqlite_where=text("access = 'open' AND removed_at IS NULL"),
        postgresql_where=text("access = 'open' AND removed_at IS NULL"),
    ),
    CheckConstraint("access IN ('open', 'invited', 'direct')", name="access"),
    CheckConstraint("capacity >= 2", name="capacity"),
    CheckConstraint("members >= 0 AND members <= capacity", name="members"),
)
"""The face of one channel with members. ``members`` is how many are in now: it is changed and compared with
``capacity`` in the transaction that holds the row, and the database refuses one too many (S3.05).

A talk of two has no name; ``pair`` are their keys, the lower one first, so that there is one talk of any two. A room
that was removed keeps its row without its name."""

room_invitation = Table(
    "room_invitation",
    metadata,
    Column("channel_id", ForeignKey("room.channel_id"), primary_key=True),
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("invited_by", ForeignKey("person.id"), nullable=False),
    Column("created_at", Key, nullable=False),
    Index("ix_room_invitation_person_id", "person_id"),
)
"""Somebody was asked into a room and has not answered: joining or declining takes the row away."""
