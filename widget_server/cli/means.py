"""How a verb is run: by the server where one runs, else on the store itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson

from widget_server.actions.engine import Clock
from widget_server.actions.passwords import passwords_for
from widget_server.cli.control import asking, read_answer
from widget_server.cli.database import check_schema
from widget_server.ops.listening import is_answered
from widget_server.ops.verbs import VERBS, Means, Values
from widget_server.settings import OperatorError, Settings
from widget_server.store.engines import database_of, index_of


def run_verb(settings: Settings, name: str, values: Mapping[str, Any]) -> Values:
    """Run a verb and return what it answers.

    Raises:
        OperatorError: there is no database, or the server did not answer.
        ProductError: the verb refused.
        click.ClickException: the server refused; the text is its sentence.
    """
    if is_answered(settings.control_socket):
        return asyncio.run(_ask_server(settings, name, values))
    if check_schema(settings) is None:
        raise OperatorError(f"there is no database at {settings.database_place}; run: widget-server migrate")
    return asyncio.run(_run_here(settings, name, values))


async def _ask_server(settings: Settings, name: str, values: Mapping[str, Any]) -> Values:
    async with asking(settings) as server, server.post(f"/verbs/{name}", data=orjson.dumps(values)) as response:
        answer: Values = await read_answer(response)
        return answer


async def _run_here(settings: Settings, name: str, values: Mapping[str, Any]) -> Values:
    async with open_means(settings) as means:
        return await VERBS[name](means, values)


@asynccontextmanager
async def open_means(settings: Settings) -> AsyncGenerator[Means]:
    """Open the store for the length of the block; it is closed on every way out.

    A SQLite file has one writer, which this then is. Beside PostgreSQL's servers it is one more: they find what it
    changed by its stamps.

    Raises:
        StoreUnavailable: another process has the file open, or PostgreSQL does not answer.
    """
    db = database_of(
        settings.database_url,
        connections=settings.database_connections,
        transaction_pooling=settings.database_transaction_pooling,
        slow_query_ms=settings.slow_query_ms,
    )
    passwords = passwords_for(settings.mode)
    index = index_of(db, settings.data_dir)
    try:
        await db.open()
        yield Means(db, passwords, Clock(), index)
    finally:
        await index.close()
        await db.close()
        passwords.close()
