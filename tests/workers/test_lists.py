"""Consoles hear of every changed row of their sites, and of nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving import OTHER, SHOP, Served, begin
from tests.workers.test_pulse import Line
from widget_server.actions.actors import Agent
from widget_server.actions.inbox import changed_rows
from widget_server.core.permissions import Actor, Grant, Role
from widget_server.store.database import StoreUnavailable
from widget_server.store.records import Author
from widget_server.store.stamps import changes_since
from widget_server.workers import lists as lists_module
from widget_server.workers.lists import Lists

if TYPE_CHECKING:
    from widget_server.store.database import Database


class Console(Line):
    """A console that lists conversations."""

    inbox = True


def console_of(site_id: int) -> Console:
    rights = Actor(1, "a", frozenset({Grant(Role.AGENT, site_id)}))
    return Console(Agent(Author(1, "a", "Grace"), rights, 1))


def rows_of(console: Console) -> list[dict[str, Any]]:
    return [row for data in console.told for row in json.loads(data)["rows"]]


async def site_ids(served: Served) -> dict[str, int]:
    return {key: (await served.desk.reception.site(key)).id for key in (SHOP, OTHER)}


async def started(served: Served, *lines: Console) -> Lists:
    lists = Lists(served.engine, lambda: lines)
    lists._cursor = (await changes_since(served.engine.database, 0)).cursor
    return lists


async def test_each_console_hears_of_its_own_sites(served: Served) -> None:
    ids = await site_ids(served)
    shop, other, both = console_of(ids[SHOP]), console_of(ids[OTHER]), console_of(0)
    lists = await started(served, shop, other, both)
    async with served.visitor() as visitor, served.visitor(site=OTHER) as stranger:
        names = [await begin(visitor), await begin(stranger)]
    await lists.tell()
    assert [row["channel"] for row in rows_of(shop)] == names[:1]
    assert [row["channel"] for row in rows_of(other)] == names[1:]
    assert {row["channel"] for row in rows_of(both)} == set(names)
    told = len(both.told)
    await lists.tell()
    assert len(both.told) == told


async def test_too_many_changes_are_one_word(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widget_server.actions.inbox.CHANGED_MAX", 2)
    console = console_of(0)
    lists = await started(served, console)
    async with served.visitor() as visitor:
        for _ in range(3):
            visitor.state.start = visitor.state.channel_of_start = None
            await visitor.deliver("Hello")
    await lists.tell()
    frame = json.loads(console.told[-1])
    assert (frame["rows"], frame["reset"]) == ([], True)


@pytest.mark.parametrize("others", [0, 1])
async def test_a_console_that_comes_while_the_rows_are_read_misses_none(
    served: Served, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    lines = [console_of(0) for _ in range(others)]
    lists = Lists(served.engine, lambda: lines)
    lists._cursor = (await changes_since(served.engine.database, 0)).cursor
    async with served.visitor() as visitor:
        name = await begin(visitor)
    late = console_of(0)
    database: Database = served.engine.database
    read = database.read

    async def slow(fn: Any) -> Any:
        """The page that the late console asked for was read before that row was there."""
        if late not in lines:
            lines.append(late)
        return await read(fn)

    monkeypatch.setattr(database, "read", slow)
    await lists.tell()
    assert [row["channel"] for row in rows_of(late)] == [name]


async def test_a_reading_that_fails_is_tried_again(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lists_module, "PAUSE_S", 0)
    failures: list[BaseException] = [StoreUnavailable("locked"), StoreUnavailable("locked")]

    async def fails(database: Database, cursor: int) -> Any:
        if failures:
            raise failures.pop()
        return await changed_rows(database, cursor)

    staff = await served.staff("Grace")
    async with served.console(staff) as console, served.visitor() as visitor:
        await console.ask({"t": "inbox", "ref": console.state.ref(), "view": {"status": "open", "who": "all"}})
        monkeypatch.setattr(lists_module, "changed_rows", fails)
        name = await begin(visitor)
        await console.until(lambda: name in console.state.rows)
    assert failures == []
    assert "changed rows could not be read" in caplog.text
