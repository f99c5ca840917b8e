"""Reading messages: the window of a resume, pages of history, search."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import bindparam, func, select

from widget_server.core.counts import COUNTED_MAX
from widget_server.core.times import iso
from widget_server.store.queries.batch import MESSAGE_COLUMNS
from widget_server.store.records import State
from widget_server.store.statement import Statement
from widget_server.store.tables import message, person

_b = bindparam
_FROM = message.join(person, person.c.id == message.c.author_id)
_OF_CHANNEL = select(*MESSAGE_COLUMNS).select_from(_FROM).where(message.c.channel_id == _b("channel_id"))

AFTER = Statement(_OF_CHANNEL.where(message.c.seq > _b("after")).order_by(message.c.seq).limit(_b("limit")))
"""New ones in order of ``seq``."""

BEFORE = Statement(_OF_CHANNEL.where(message.c.seq < _b("before")).order_by(message.c.seq.desc()).limit(_b("limit")))
"""A page of history, newest first."""

CHANGED = Statement(
    _OF_CHANNEL.where(
        message.c.version != message.c.first_version,
        message.c.version > _b("version"),
        message.c.seq >= _b("first"),
        message.c.seq <= _b("last"),
    )
    .order_by(message.c.version)
    .limit(_b("limit"))
)
"""Those inside the window that were changed after they were first written."""

HOLE_NEW = Statement(
    _OF_CHANNEL.where(message.c.seq > _b("after"), message.c.version > _b("version"))
    .order_by(message.c.seq)
    .limit(_b("limit"))
)

SINCE_VERSION_CHANGED = Statement(
    _OF_CHANNEL.where(message.c.version != message.c.first_version, message.c.version > _b("version"))
    .order_by(message.c.version)
    .limit(_b("limit"))
)
"""Every changed message since a version, for a hole in what a node has heard."""

COUNT_UNSEEN = Statement(
    select(func.count()).select_from(
        select(message.c.seq)
        .where(message.c.channel_id == _b("channel_id"), message.c.seq > _b("seen"), message.c.side != _b("side"))
        .limit(COUNTED_MAX)
        .subquery()
    )
)
"""How many messages of the other side lie behind ``seen``, as far as it is counted."""


def message_state(row: tuple[Any, ...]) -> State:
    """A row of ``MESSAGE_COLUMNS`` as ``frames.Message``."""
    seq, client_id, author_id, name, picture, side, kind, body, at, version, revision, removed_at, parent, after = row[
        :14
    ]
    tally, files = row[14], row[15]
    state: State = {
        "seq": seq,
        "client_id": client_id,
        "author": {"id": author_id, "name": name, "role": side, "picture": picture},
        "kind": kind,
        "body": body,
        "at": iso(at),
        "version": version,
        "revision": revision,
    }
    if removed_at is not None:
        state["removed"] = True
    if parent is not None:
        state["parent"] = parent
    if after is not None:
        state["after_seq"] = after
    if tally is not None:
        state["tally"] = orjson.loads(tally)
    if files is not None:
        state["files"] = orjson.loads(files)
    return state
