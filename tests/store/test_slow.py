"""Queries that take long are told, with the place that asked and without what was asked about."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, insert, select

from tests.engines.backends import DATABASES, SQLITE
from widget_server.ops.logging import JsonFormatter, log_facts
from widget_server.store.engines import database_of
from widget_server.store.statement import Statement
from widget_server.store.tables import installation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.engines.backends import Backend
    from widget_server.store.database import Database, Transaction

pytestmark = pytest.mark.only(*DATABASES)

PUT = Statement(insert(installation).values(name=bindparam("name"), value=bindparam("value")))
GET = Statement(select(installation.c.value).where(installation.c.name == bindparam("name")))
SECRET = "t0ps3cret"


@pytest.fixture
async def everything_is_slow(backend: Backend, tmp_path: Path) -> AsyncGenerator[Database]:
    """A database on which every query takes longer than the limit."""
    backend.lay_out(tmp_path / "data")
    default = f"sqlite:///{tmp_path / 'data' / 'widget.db'}"
    url = str(backend.settings(tmp_path / "data").get("database_url", default))
    assert (url == default) == (backend.kind == SQLITE)
    database = database_of(url, slow_query_ms=1)
    database._slow_s = 1e-9  # type: ignore[attr-defined]  # shorter than any query, without waiting for one
    await database.open()
    yield database
    await database.close()


async def do_something_slow(database: Database) -> None:
    async def write(tx: Transaction) -> None:
        await tx.run(PUT, name=SECRET, value=SECRET)
        await tx.many(PUT, [{"name": f"{SECRET}2", "value": SECRET}])

    await database.write(write)
    await database.read(lambda tx: tx.one(GET, name=SECRET))
    await database.read(lambda tx: tx.all(GET, name=SECRET))


async def test_s2_27_a_slow_query_is_logged_with_place_and_duration(
    everything_is_slow: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    caplog.clear()
    await do_something_slow(everything_is_slow)
    told = [vars(record) for record in caplog.records if record.getMessage() == "A query was slow."]
    assert len(told) == 4
    for line in told:
        assert line["ms"] >= 0
        assert line["place"].startswith("tests/store/test_slow.py:")
        assert line["place"].endswith(" do_something_slow")
        assert "installation" in line["sql"]
        assert SECRET not in str(line)


async def test_s2_27_a_query_within_the_limit_is_not_logged(
    everything_is_slow: Database, caplog: pytest.LogCaptureFixture
) -> None:
    everything_is_slow._slow_s = 3600  # type: ignore[attr-defined]  # as above
    caplog.set_level(logging.WARNING)
    caplog.clear()
    await do_something_slow(everything_is_slow)
    assert caplog.records == []


async def test_s2_27_a_query_that_fails_slowly_is_told_too(
    everything_is_slow: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await do_something_slow(everything_is_slow)
    caplog.clear()
    with pytest.raises(Exception, match=r"(?i)unique"):
        await do_something_slow(everything_is_slow)
    assert "A query was slow." in caplog.messages


async def test_s2_27_a_slow_query_names_the_request_that_asked(everything_is_slow: Database) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    log = logging.getLogger("widget_server.store.slow")
    log.addHandler(handler)
    try:
        with log_facts(request="r-17"):
            await do_something_slow(everything_is_slow)
    finally:
        log.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["request"] for line in lines] == ["r-17"] * 4
