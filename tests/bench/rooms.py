"""A room of a thousand members who all have it open, and one of them who writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import orjson

from tests.bench.crowd import READERS, Crowd, is_event, measure, send_of, together
from tests.bench.own_talk import frames_until
from tests.bench.wire import Endpoint
from tests.clients.installation import OWN_ORIGIN
from widget_server.core.ids import token_hash

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.own_talk import Own

_ROOM = "01900000-0000-7000-8000-00000000ffff"
_FIRST = 1_000_000
"""The key of the member who writes; the others' follow."""
_NOW = 1_700_000_000_000
_LATER = 9_000_000_000_000


def fill(path: Path) -> None:
    """Write a room and its members into the file of a server that does not run."""
    members = range(_FIRST, _FIRST + READERS + 1)
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO person (id, public_id, kind, name, folded_name, created_at, stamp)"
            " VALUES (?, ?, 'member', ?, ?, ?, 1)",
            [(key, _public_id(key), f"Member {key}", f"member {key}", _NOW) for key in members],
        )
        db.executemany(
            "INSERT INTO identity (person_id, kind, value, created_at, confirmed_at) VALUES (?, 'mail', ?, ?, ?)",
            [(key, f"member-{key}@chat.test", _NOW, _NOW) for key in members],
        )
        db.executemany(
            "INSERT INTO session (token_hash, person_id, created_at, seen_at, expires_at, stamp)"
            " VALUES (?, ?, ?, ?, ?, 1)",
            [(token_hash(_token(key)), key, _NOW, _LATER, _LATER) for key in members],
        )
        db.execute(
            "INSERT INTO channel (id, public_id, kind, creator_id, client_id, created_at, stamp)"
            " VALUES (?, ?, 'room', ?, ?, ?, 1)",
            (_FIRST, _ROOM, _FIRST, _ROOM, _NOW),
        )
        db.execute(
            "INSERT INTO room (channel_id, name, folded_name, capacity, members, owner_id, created_at, activity_at,"
            " stamp) VALUES (?, 'Everybody', 'everybody', ?, ?, ?, ?, ?, 1)",
            (_FIRST, len(members), len(members), _FIRST, _NOW, _NOW),
        )
        db.executemany(
            "INSERT INTO membership (channel_id, person_id, joined_at, stamp) VALUES (?, ?, ?, 1)",
            [(_FIRST, key, _NOW) for key in members],
        )


async def ours(own: Own, folder: Path, seconds: float) -> dict[str, float]:
    """This server: one member writes, and a thousand others have the room open."""
    fill(own.prepared(folder).data_dir / "widget.db")
    async with own.serve(folder) as server:
        readers = await together(lambda number: _open(server.port, _FIRST + 1 + number))
        writer = await _open(server.port, _FIRST)
        crowd = Crowd(writer, readers, lambda number: writer.say(send_of(_ROOM, number)), is_event)
        try:
            return await measure(crowd, server.cpu_ns, seconds)
        finally:
            crowd.drop()


async def _open(port: int, key: int) -> Endpoint:
    """Connect a member's page and open the room."""
    headers = {"Origin": OWN_ORIGIN, "Cookie": f"session={_token(key)}"}
    endpoint = await Endpoint.connect(port, "/ws/pages", headers)
    endpoint.say(orjson.dumps({"t": "hello", "v": 1}))
    await frames_until(endpoint, "welcome")
    endpoint.say(orjson.dumps({"t": "open", "ref": 1, "channel": _ROOM}))
    await frames_until(endpoint, "synced")
    return endpoint


def _public_id(key: int) -> str:
    return f"01900000-0000-7000-8000-{key:012x}"


def _token(key: int) -> str:
    return f"{key:043d}"
