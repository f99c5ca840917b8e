"""Threads of any length, laid into the store as they would be after years, and what a page shows of them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from tests.routes.community import number_of
from tests.serving import Served
from widget_server.core.markdown import RENDERER, render
from widget_server.core.tree import ROOT, Place, place_under
from widget_server.routes.office import OFFICE
from widget_server.store.queries import threads as thread_queries
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, message, rendering, thread

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.store.database import Transaction

_b = bindparam
_MESSAGE = ("channel_id", "seq", "author_id", "client_id", "parent", "branch", "path", "at", "body", "version")
_INSERT = Statement(
    insert(message).values(
        channel_id=_b("channel_id"),
        seq=_b("seq"),
        author_id=_b("author_id"),
        side="member",
        kind="text",
        body=_b("body"),
        client_id=_b("client_id"),
        digest="",
        parent=_b("parent"),
        branch=_b("branch"),
        path=_b("path"),
        first_version=_b("version"),
        version=_b("version"),
        created_at=_b("at"),
    )
)
_RENDER = Statement(
    insert(rendering).from_select(
        ["message_no", "revision", "renderer", "html"],
        select(message.c.no, message.c.revision, _b("renderer", type_=rendering.c.renderer.type), _b("html")).where(
            message.c.channel_id == _b("channel"), message.c.seq > 1
        ),
    )
)
_HEAD = Statement(
    update(channel)
    .where(channel.c.id == _b("key"))
    .values(last_seq=_b("seq"), version=_b("new_version"), stamp=_b("new_stamp"))
)
_PART = 1_000
_COUNT = Statement(update(thread).where(thread.c.channel_id == _b("key")).values(replies=_b("count")))


class Long(NamedTuple):
    """A thread that has grown long."""

    replies: int
    depth: int = 1
    """How many replies answer one another before the next one answers the first post again."""
    body: str = "An ordinary reply with *some* words in it."


async def lay_out_thread(browser: Browser, address: str, long: Long) -> None:
    """Give a thread that has its first post so many replies of its author."""
    engine = browser.app[OFFICE].engine

    async def look(tx: Transaction) -> tuple[int, int, int]:
        row = await tx.one(thread_queries.BY_NUMBER, number=number_of(address))
        assert row is not None
        return row[0], row[8], row[15]

    channel_id, author_id, at = await engine.database.read(look)
    places: dict[int, Place] = {1: ROOT}
    rows = []
    for seq in range(2, long.replies + 2):
        parent = 1 if (seq - 2) % long.depth == 0 else seq - 1
        place = places[seq] = place_under(places[parent], parent, seq)
        client = f"019a0000-0000-7000-{8000 + number_of(address)}-{seq:012d}"
        values = (channel_id, seq, author_id, client, parent, *place, at + seq, long.body, seq)
        rows.append(dict(zip(_MESSAGE, values, strict=True)))

    async def insert_part(tx: Transaction, start: int) -> None:
        await tx.many(_INSERT, rows[start : start + _PART])

    # In parts: the store's patience is for what a page writes, not for years at once.
    for start in range(0, len(rows), _PART):
        await engine.database.write(partial(insert_part, start=start))

    async def conclude(tx: Transaction) -> None:
        await tx.run(_RENDER, channel=channel_id, renderer=RENDERER, html=render(long.body))
        last = long.replies + 1
        await tx.run(_HEAD, key=channel_id, seq=last, new_version=last, new_stamp=await tx.stamp())
        await tx.run(_COUNT, key=channel_id, count=long.replies)

    await engine.database.write(conclude)


async def set_board(place: Browser | Served, slug: str = "", **values: Any) -> None:
    """Change columns of a board, or of all where none is named, as no page can yet."""
    engine = place.engine if isinstance(place, Served) else place.app[OFFICE].engine
    change = update(board).values({name: _b(f"new_{name}") for name in [*values, "stamp"]})
    statement = Statement(change.where(board.c.slug == slug) if slug else change)

    async def write(tx: Transaction) -> None:
        await tx.run(statement, new_stamp=await tx.stamp(), **{f"new_{name}": value for name, value in values.items()})

    await engine.database.write(write)


def shown_posts(page: str) -> list[int]:
    """The posts of a page, in its order."""
    return [int(found) for found in re.findall(r'id="post-(\d+)"', page)]
