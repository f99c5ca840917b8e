"""What a post looks like: worked out once, beside the loop, and kept for its revision."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.notices import members_named
from widget_server.core.errors import TryLater
from widget_server.core.markdown import RENDERER, render
from widget_server.core.text import check_body
from widget_server.store.queries import renderings as q
from widget_server.store.records import Function

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

_SHORT_CHARS: Final = 4_000
_SHORT: Final = ThreadPoolExecutor(1, thread_name_prefix="markdown")
_LONG: Final = ThreadPoolExecutor(1, thread_name_prefix="long-markdown")
"""Texts are rendered one after the other, so that however many come the loop shares the interpreter with two threads at
most, and no long one is waited for by a short one: 40,000 hostile characters may take a tenth of a second (S28)."""


class Source(NamedTuple):
    """What somebody wrote, checked, and what it looks like."""

    body: str
    html: str


async def source_of(engine: Engine, text: str, max_chars: int, *, required: bool = True) -> Source:
    """Return a post's source as it is stored, with its rendering, in which people whom it names are links.

    There may be none (not ``required``) in a post that carries files.

    Raises:
        Unacceptable: what is wrong with the text.
    """
    body = check_body(text, max_chars, required=required)
    return Source(body, await _rendered(engine, body))


async def rendered_anew(engine: Engine, no: int, revision: int, body: str) -> str:
    """Return what the post with this number looks like, whose kept rendering is an older program's, or not there.

    It is kept from here on; where that is lost, the next page does the same.
    """
    html = await _rendered(engine, body)

    async def work(tx: Transaction, _: Committed) -> None:
        await tx.run(q.KEEP_ANEW, message_no=no, revision=revision, renderer=RENDERER, html=html)

    with suppress(TryLater):
        engine.committer.submit(Function(work, lambda _: None))
    return html


async def _rendered(engine: Engine, body: str) -> str:
    people: dict[str, str] = {}
    if "@" in body:
        found = await engine.database.read(lambda tx: members_named(tx, body))
        people = {name: engine.policy.members + public_id for name, public_id in found.items()}
    lane = _SHORT if len(body) <= _SHORT_CHARS else _LONG
    return await asyncio.get_running_loop().run_in_executor(lane, render, body, people)


async def keep_rendering(tx: Transaction, channel_id: int, seq: int, source: Source) -> None:
    """Keep what the post in this place, at its present revision, looks like."""
    await tx.run(q.KEEP, channel=channel_id, at_seq=seq, now_renderer=RENDERER, now_html=source.html)
