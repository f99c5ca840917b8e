"""The limit of a page: bare aiohttp and aiohttp-jinja2 that make the same bytes after so many raw reads.

The page is given as a file. Its template has a layout and an expression for every so many characters, all escaped, as a
page of that length has. The reads are made by aiosqlite, as an application of these libraries makes them, or by sqlite3
on the loop itself: nothing is cheaper, and everybody waits meanwhile. Or the bytes lie ready.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import aiohttp_jinja2
import aiosqlite
from aiohttp import web
from jinja2 import DictLoader

from tests.bench.peers.listening import serve

_EVERY_CHARS = 120
"""About as dense as our own pages are with what differs by visitor and page."""
_ROWS = 100
_READ = "SELECT id, name, mail, about, place, created_at, seen_at FROM person WHERE id = ?"


def fill(path: str) -> sqlite3.Connection:
    """Make the file with some people, and return a connection to it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, mail TEXT, about TEXT, place TEXT,"
        " created_at INTEGER, seen_at INTEGER)"
    )
    people = [(number, f"name {number}", f"{number}@chat.test", "about", "place", 1, 2) for number in range(_ROWS)]
    connection.executemany("INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?)", people)
    return connection


def templates_of(page: str) -> tuple[dict[str, str], list[str]]:
    """Templates that make ``page``, and what stands in their expressions.

    Only plain runs of text become expressions, so that escaping leaves the bytes as they are.
    """
    parts: list[str] = []
    pieces: list[str] = []
    for start in range(0, len(page), _EVERY_CHARS):
        piece = page[start : start + _EVERY_CHARS]
        words = [word for word in piece.split(" ") if word.isalnum()]
        if words:
            before, word, after = piece.partition(words[0])
            pieces.append(
                f"{{% raw %}}{before}{{% endraw %}}{{{{ parts[{len(parts)}] }}}}{{% raw %}}{after}{{% endraw %}}"
            )
            parts.append(word)
        else:
            pieces.append(f"{{% raw %}}{piece}{{% endraw %}}")
    middle = len(pieces) // 3
    layout = f"{''.join(pieces[:middle])}{{% block main %}}{{% endblock %}}"
    body = f'{{% extends "layout.html" %}}{{% block main %}}{"".join(pieces[middle:])}{{% endblock %}}'
    return {"layout.html": layout, "page.html": body}, parts


async def make() -> web.Application:
    """The application, with its file filled."""
    _, _, database, _, reads, way = sys.argv
    connection = fill(database)
    shared = await aiosqlite.connect(database) if way == "aiosqlite" else None
    templates, parts = TEMPLATES

    async def show(request: web.Request) -> web.Response:
        if way == "ready":
            return web.Response(body=READY, content_type="text/html", charset="utf-8")
        for number in range(int(reads)):
            if shared is None:
                connection.execute(_READ, (number,)).fetchall()
            else:
                await shared.execute_fetchall(_READ, (number,))
        return aiohttp_jinja2.render_template("page.html", request, {"parts": parts})

    app = web.Application()
    aiohttp_jinja2.setup(app, loader=DictLoader(templates), autoescape=True, keep_trailing_newline=True)
    app.router.add_get("/page", show)
    return app


if __name__ == "__main__":
    READY = Path(sys.argv[3]).read_bytes()
    TEMPLATES = templates_of(READY.decode())
    serve(make, int(sys.argv[1]))
