"""What the store holds, read past the product."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.engines.postgresql import open_connection

if TYPE_CHECKING:
    from tests.clients.installation import Installation

_MESSAGES = (
    "SELECT c.public_id, m.seq, m.author_id, m.client_id, m.body, m.revision, m.version, c.version"
    " FROM message m JOIN channel c ON c.id = m.channel_id WHERE m.kind = 'text' ORDER BY c.id, m.seq"
)
_HEADS = (
    "SELECT c.public_id, c.last_seq, v.visitor_delivered, v.visitor_seen, v.agents_delivered, v.agents_seen"
    " FROM channel c JOIN conversation v ON v.channel_id = c.id"
)


class StoredMessage(NamedTuple):
    """A row of a conversation."""

    channel: str
    seq: int
    author: int
    client_id: str
    body: str
    revision: int
    version: int
    channel_version: int


class StoredHead(NamedTuple):
    """A conversation: its last number, and its four marks as clients are told them."""

    last_seq: int
    marks: dict[str, dict[str, int]]


class Stored(NamedTuple):
    """Everything, by the channels' public names."""

    messages: dict[str, list[StoredMessage]]
    heads: dict[str, StoredHead]


def read_store(installation: Installation) -> Stored:
    """Read all conversations; a server may be at work meanwhile."""
    heads = {
        name: StoredHead(
            last_seq,
            {
                "visitor": {"delivered": visitor_delivered, "seen": visitor_seen},
                "agents": {"delivered": agents_delivered, "seen": agents_seen},
            },
        )
        for name, last_seq, visitor_delivered, visitor_seen, agents_delivered, agents_seen in _rows(
            installation, _HEADS
        )
    }
    messages: dict[str, list[StoredMessage]] = {name: [] for name in heads}
    for row in _rows(installation, _MESSAGES):
        message = StoredMessage(*row)
        messages.setdefault(message.channel, []).append(message)
    return Stored(messages, heads)


def _rows(installation: Installation, sql: str) -> list[Any]:
    if installation.database_url is not None:
        with open_connection(installation.database_url) as fetch:
            return [tuple(row) for row in fetch(sql)]
    path = installation.data_dir / "widget.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()
