"""`widget-server reindex`: making the index of words anew."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import click

from widget_server.cli.means import open_means, run_verb
from widget_server.cli.progress import show_progress
from widget_server.ops.listening import is_answered
from widget_server.ops.verbs import tell_index
from widget_server.settings import OperatorError, Settings, load_settings
from widget_server.store.indexing import Indexing
from widget_server.store.installation import read_value

if TYPE_CHECKING:
    from collections.abc import Callable

_BETWEEN_LOOKS_S = 0.3


@click.command()
def reindex() -> None:
    """Make the index of words anew, from everything that is stored.

    It is never needed after a restore or a move, which do so by themselves. A running server does it, and answers
    meanwhile; searches find more and more.
    """
    settings = load_settings()
    size = _begin(settings)
    began = time.monotonic()
    with show_progress("indexing", size, "messages") as advance:
        if is_answered(settings.control_socket):
            _await_server(settings, advance)
        else:
            asyncio.run(_build(settings, advance))
    click.echo(f"The index of words is made: {size:,} messages in {time.monotonic() - began:,.1f} s.")


def _begin(settings: Settings) -> int:
    """Have the index forgotten, and return how much there is to read."""
    run_verb(settings, "reindex", {})
    return int(run_verb(settings, "tell-index", {})["all"])


def _await_server(settings: Settings, advance: Callable[[int], None]) -> None:
    done = 0
    while True:
        now = run_verb(settings, "tell-index", {})
        advance(max(0, now["done"] - done))
        done = max(done, now["done"])
        if now["is_complete"]:
            return
        time.sleep(_BETWEEN_LOOKS_S)


async def _build(settings: Settings, advance: Callable[[int], None]) -> None:
    async with open_means(settings) as means:
        epoch = await means.db.read(lambda tx: read_value(tx, "epoch"))
        if epoch is None:
            raise OperatorError("no server has run on this database yet; the first one makes the index")
        indexing = Indexing(means.db, means.words, epoch)
        await means.words.open()
        now, done, has_more = await means.words.progress(), 0, True
        while has_more:
            now, has_more = await indexing.step(now)
            told = await tell_index(means, {})
            advance(max(0, told["done"] - done))
            done = max(done, told["done"])
