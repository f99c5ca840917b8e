"""python-socketio on aiohttp, storing through aiosqlite with one commit for each message, as its users write it."""

from __future__ import annotations

import sys
import time
from typing import Any

import aiosqlite
import socketio
from aiohttp import web

from tests.bench.peers.listening import serve


async def make() -> web.Application:
    """The application, with its connection to a new database."""
    database = await aiosqlite.connect(sys.argv[2])
    await database.execute("PRAGMA journal_mode=WAL")
    await database.execute("PRAGMA synchronous=FULL")
    await database.execute(
        "CREATE TABLE message (id INTEGER PRIMARY KEY, pair TEXT, client_id TEXT UNIQUE, body TEXT, created_at REAL)"
    )
    await database.execute("CREATE INDEX message_pair ON message (pair, id)")
    await database.execute("CREATE TABLE seen (pair TEXT, side TEXT, mark INTEGER, PRIMARY KEY (pair, side))")
    await database.commit()
    server: Any = socketio.AsyncServer(async_mode="aiohttp")
    sides: dict[str, tuple[str, str]] = {}

    async def join(sid: str, pair: str, side: str) -> str:
        sides[sid] = (pair, side)
        await server.enter_room(sid, f"{pair}/{side}")
        return "joined"

    async def message(sid: str, data: dict[str, Any]) -> dict[str, Any]:
        pair, _ = sides[sid]
        cursor = await database.execute(
            "INSERT INTO message (pair, client_id, body, created_at) VALUES (?, ?, ?, ?)",
            (pair, data["client_id"], data["body"], time.time()),
        )
        await database.commit()
        await server.emit("message", {"id": cursor.lastrowid, **data}, to=f"{pair}/agent")
        return {"id": cursor.lastrowid, "ref": data["ref"]}

    async def receipt(sid: str, data: dict[str, Any]) -> None:
        pair, side = sides[sid]
        await database.execute(
            "INSERT INTO seen (pair, side, mark) VALUES (?, ?, ?)"
            " ON CONFLICT (pair, side) DO UPDATE SET mark = excluded.mark",
            (pair, side, data["seen"]),
        )
        await database.commit()
        await server.emit("receipt", data, to=f"{pair}/{'agent' if side == 'visitor' else 'visitor'}")

    server.on("join", join)
    server.on("message", message)
    server.on("receipt", receipt)
    app = web.Application()
    server.attach(app)
    return app


if __name__ == "__main__":
    serve(make, int(sys.argv[1]))
