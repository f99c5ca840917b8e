"""`widget-server shell`: look at an installation with Python."""

from __future__ import annotations

import asyncio
import code
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy import select

from widget_server.actions.accounts import read_account
from widget_server.cli.database import check_schema, upgrade
from widget_server.cli.means import open_means
from widget_server.cli.serving import Parts
from widget_server.core.text import fold_mail
from widget_server.settings import load_settings
from widget_server.store import tables
from widget_server.store.queries import accounts as queries
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from widget_server.actions.accounts import Account
    from widget_server.settings import Settings
    from widget_server.store.database import Transaction

_BANNER = """Loaded: settings, app (not serving), db (open), tables, account(mail), and run(awaitable).
For example: account("ada@example.org").grants
             run(db.read(lambda tx: tx.all(Statement(select(tables.site)))))"""


@click.command()
@click.pass_obj
def shell(parts: Parts) -> None:
    """Open a Python shell with the application, its tables and its accounts loaded."""
    settings = load_settings()
    if check_schema(settings) is None:
        upgrade(settings)
    asyncio.run(_interact(parts, settings))


async def _interact(parts: Parts, settings: Settings) -> None:
    """Keep the loop turning here while the shell waits for lines in a thread of its own."""
    loop = asyncio.get_running_loop()

    async def wait_for(awaitable: Awaitable[Any]) -> Any:
        return await awaitable

    def run(awaitable: Awaitable[Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(wait_for(awaitable), loop).result()

    async with open_means(settings) as means:

        async def read_by_mail(mail: str) -> Account:
            return await means.db.read(lambda tx: find(tx, mail))

        async def find(tx: Transaction, mail: str) -> Account:
            return await read_account(tx, await tx.one(queries.BY_MAIL, mail=fold_mail(mail)))

        known = {
            "account": lambda mail: run(read_by_mail(mail)),
            "settings": settings,
            "app": parts.make_app(settings),
            "db": means.db,
            "tables": tables,
            "Statement": Statement,
            "select": select,
            "run": run,
        }
        await asyncio.to_thread(code.interact, banner=_BANNER, local=known, exitmsg="")
