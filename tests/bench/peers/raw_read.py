"""The limit of a resume: a bare aiohttp socket whose first message is answered by a raw read of 50 rows."""

from __future__ import annotations

import sqlite3
import sys

import orjson
from aiohttp import web

from tests.bench.peers.listening import serve

CONVERSATIONS = 50
MESSAGES = 100

_READ = (
    "SELECT seq, client_id, author, body, version, at FROM message WHERE channel = ? AND seq > ? ORDER BY seq LIMIT 50"
)


def fill(path: str) -> sqlite3.Connection:
    """Make the file with `CONVERSATIONS` of `MESSAGES` rows each, and return a connection to it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE message (no INTEGER PRIMARY KEY, channel INTEGER, seq INTEGER, client_id TEXT, author TEXT,"
        " body TEXT, version INTEGER, at TEXT, UNIQUE (channel, seq))"
    )
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO message (channel, seq, client_id, author, body, version, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (channel, seq, f"00000000-0000-7000-8000-{seq:012d}", "somebody", "x" * 80, seq, "2026-01-01T00:00:00.000Z")
            for seq in range(1, MESSAGES + 1)
            for channel in range(CONVERSATIONS)
        ],
    )
    connection.execute("COMMIT")
    return connection


async def make() -> web.Application:
    """The application, with its file filled."""
    connection = fill(sys.argv[2])

    async def resume(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            hello = orjson.loads(message.data)
            rows = connection.execute(_READ, (hello["channel"], hello["last"])).fetchall()
            await ws.send_bytes(orjson.dumps(rows))
        return ws

    app = web.Application()
    app.router.add_get("/resume", resume)
    return app


if __name__ == "__main__":
    serve(make, int(sys.argv[1]))
