"""S2.26: errors in production are mailed to the administrator, at most one of a kind in an hour over all nodes."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

import orjson
import pytest
from sqlalchemy import select

from tests.actions.works import StillClock
from tests.patience import eventually
from widget_server.actions.trouble import EVERY_MS, Trouble, do_report
from widget_server.ops.logging import log_facts
from widget_server.store.database import Database, StoreUnavailable, TransactionFn
from widget_server.store.statement import Statement
from widget_server.store.tables import outbox
from widget_server.workers import trouble as trouble_module
from widget_server.workers.trouble import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOADS = Statement(select(outbox.c.payload).order_by(outbox.c.id))
ROOT = "ada@example.com"
log = logging.getLogger("widget_server.routes.something")


async def payloads(database: Database) -> list[dict[str, object]]:
    rows = await database.read(lambda tx: tx.all(PAYLOADS))
    return [orjson.loads(row[0])["facts"] for row in rows]


def some(error: str = "ValueError", at_ms: int = 0) -> Trouble:
    return Trouble("a.logger", error, "store/sqlite line 7 in write", "A request failed.", "GET /", "abc", at_ms)


async def test_s2_26_one_mail_of_a_kind_in_an_hour_however_many_nodes_report_it(database: Database) -> None:
    clock = StillClock()
    reports = [do_report(database, some(), to=ROOT, now_ms=clock.now) for _ in range(20)]
    assert sum(await asyncio.gather(*reports)) == 1
    assert await do_report(database, some("KeyError"), to=ROOT, now_ms=clock.now)
    assert not await do_report(database, some(), to=ROOT, now_ms=clock.now + EVERY_MS - 1)
    assert await do_report(database, some(), to=ROOT, now_ms=clock.now + EVERY_MS)
    assert len(await payloads(database)) == 3


async def test_there_is_an_end_to_the_kinds_of_an_hour(database: Database) -> None:
    sent = [await do_report(database, some(f"E{number}"), to=ROOT, now_ms=9) for number in range(210)]
    assert sum(sent) == 200


class Watched(Troubles):
    """Tells when it has nothing left to write."""

    @property
    def is_idle(self) -> bool:
        return not self._waiting


async def logged(database: Database, *deeds: Callable[[], None]) -> list[dict[str, object]]:
    """What is mailed of what is logged meanwhile."""
    troubles = Watched(database, StillClock(), ROOT)
    task = asyncio.create_task(troubles.run())
    await eventually(lambda: troubles in logging.getLogger().handlers)
    for deed in deeds:
        deed()
    await eventually(lambda: troubles.is_idle)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert troubles not in logging.getLogger().handlers
    return await payloads(database)


def fail(secret: str) -> None:
    """As a handler of ours that meets something unforeseen."""
    try:
        orjson.loads(f"not json: {secret}")
    except ValueError as error:
        log.error("A request failed.", exc_info=error, extra={"method": "POST", "path": "/sign-in"})  # noqa: TRY400 - as web/errors does


async def test_a_mail_says_what_failed_and_where_and_nothing_of_the_request_but_its_line(database: Database) -> None:
    def deed() -> None:
        with log_facts(request="abcdef01"):
            fail("hunter2")
            log.error("Not %s either", "hunter2")

    first, second = await logged(database, deed)
    assert first["error"] == "JSONDecodeError"
    assert str(first["place"]).startswith("test_trouble line ")
    assert (first["request"], first["request_id"]) == ("POST /sign-in", "abcdef01")
    assert (second["error"], second["said"]) == ("error", "Not %s either")
    assert "hunter2" not in str([first, second])


@pytest.mark.only("sqlite")
async def test_what_other_libraries_wrote_into_their_lines_stays_in_the_log(database: Database) -> None:
    (mailed,) = await logged(database, lambda: logging.getLogger("asyncio").error("Task got Future hunter2"))
    assert "hunter2" not in str(mailed)


@pytest.mark.only("sqlite")
async def test_what_is_no_error_or_comes_from_sending_mails_is_not_mailed(database: Database) -> None:
    def deed() -> None:
        log.warning("a warning")
        logging.getLogger("widget_server.workers.outbox").error("An entry of the outbox failed.")
        logging.getLogger("widget_server.workers.trouble").error("A failure could not be reported.")

    assert await logged(database, deed) == []


@pytest.mark.only("sqlite")
async def test_a_failure_in_another_thread_is_mailed_too(database: Database) -> None:
    def deed() -> None:
        thread = threading.Thread(target=fail, args=("x",))
        thread.start()
        thread.join()

    assert len(await logged(database, deed)) == 1


@pytest.mark.only("sqlite")
async def test_a_failure_of_the_store_is_mailed_once_the_store_is_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble_module, "_AGAIN_S", 0)
    real, refused = database.write, 0

    async def write(fn: TransactionFn[object]) -> object:
        nonlocal refused
        if refused < 3:
            refused += 1
            raise StoreUnavailable("it is down")
        return await real(fn)

    monkeypatch.setattr(database, "write", write)
    assert len(await logged(database, lambda: log.error("The store cannot be used."))) == 1
    assert refused == 3
