"""What every database must do for the rest of the program: transactions, snapshots, stamps, and plain refusals."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, insert, literal, select, update

from tests.engines.backends import DATABASES
from tests.store.conftest import POOLED
from widget_server.core.errors import Refused, Unacceptable
from widget_server.store.database import StoreUnavailable
from widget_server.store.lists import listed, with_list
from widget_server.store.stamps import changes_since
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, installation

if TYPE_CHECKING:
    from tests.store.conftest import Store
    from tests.store.world import World
    from widget_server.store.database import Database, Row, Transaction

pytestmark = pytest.mark.only(*DATABASES, POOLED)

_b = bindparam
PUT = Statement(insert(installation).values(name=_b("name"), value=_b("value")))
GET = Statement(select(installation.c.value).where(installation.c.name == _b("name")))
ALL = Statement(
    select(installation.c.name, installation.c.value).where(installation.c.name.like("x%")).order_by("name")
)
SET = Statement(update(installation).where(installation.c.name == _b("key")).values(value=_b("new_value")))
LIMITED = Statement(select(installation.c.name).where(installation.c.name.like("x%")).order_by("name").limit(2))
AMONG = with_list(lambda wanted: select(installation.c.name).where(wanted), installation.c.name, "names")
TOUCH = Statement(update(channel).where(channel.c.public_id == _b("name")).values(stamp=_b("new_stamp")))


async def put(database: Database, name: str, value: str = "") -> None:
    await database.write(lambda tx: tx.run(PUT, name=name, value=value))


async def get(database: Database, name: str) -> Row | None:
    return await database.read(lambda tx: tx.one(GET, name=name))


async def test_what_was_written_is_read_once_the_write_has_returned(database: Database) -> None:
    await put(database, "x1", "é\U0001f9e1")
    assert await get(database, "x1") == ("é\U0001f9e1",)
    assert await get(database, "x2") is None


async def test_a_transaction_returns_what_its_function_returns(database: Database) -> None:
    async def work(tx: Transaction) -> tuple[int, int]:
        await tx.many(PUT, [{"name": f"x{n}", "value": "old"} for n in range(3)])
        return await tx.run(SET, key="x1", new_value="new"), await tx.run(SET, key="nobody", new_value="")

    assert await database.write(work) == (1, 0)
    assert await database.read(lambda tx: tx.all(ALL)) == [("x0", "old"), ("x1", "new"), ("x2", "old")]
    assert await database.read(lambda tx: tx.all(LIMITED)) == [("x0",), ("x1",)]


@pytest.mark.parametrize("error", [Refused("not_found"), ValueError("x"), asyncio.CancelledError()])
async def test_whatever_a_function_raises_nothing_of_it_stays(database: Database, error: BaseException) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run(PUT, name="x1", value="")
        await tx.stamp()
        raise error

    with pytest.raises(type(error)):
        await database.write(work)
    assert await get(database, "x1") is None
    await put(database, "x2")


async def test_s36_nul_is_refused_by_every_database_alike(database: Database) -> None:
    for asking in (get(database, "x\0"), put(database, "x\0"), database.read(lambda tx: tx.all(GET, name="\0"))):
        with pytest.raises(Unacceptable, match="bad_text"):
            await asking
    await put(database, "x1")
    assert await get(database, "x1") == ("",)


async def test_a_failed_statement_takes_the_whole_transaction_back(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run(PUT, name="x1", value="")
        await tx.run(PUT, name="x1", value="again")

    with pytest.raises(Exception, match=r"(?i)unique"):
        await database.write(work)
    assert await get(database, "x1") is None


async def test_a_reading_transaction_cannot_write(database: Database) -> None:
    with pytest.raises(StoreUnavailable):
        await database.read(lambda tx: tx.run(PUT, name="x1", value=""))
    with pytest.raises(RuntimeError):
        await database.read(lambda tx: tx.stamp())
    assert await get(database, "x1") is None


async def test_a_writing_transaction_reads_its_own_writes(database: Database) -> None:
    async def work(tx: Transaction) -> Row | None:
        await tx.run(PUT, name="x1", value="mine")
        return await tx.one(GET, name="x1")

    assert await database.write(work) == ("mine",)


async def test_a_writer_who_goes_away_leaves_no_transaction_behind(database: Database) -> None:
    writing = [asyncio.ensure_future(put(database, f"x{n}")) for n in range(20)]
    await asyncio.sleep(0)
    for task in writing[::2]:
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    await put(database, "x-last")
    names = {row[0] for row in await database.read(lambda tx: tx.all(ALL))}
    assert {f"x{n}" for n in range(1, 20, 2)} | {"x-last"} <= names


async def test_reads_and_writes_at_the_same_time_all_end(database: Database) -> None:
    writes = [put(database, f"x{n:03}") for n in range(30)]
    reads = [database.read(lambda tx: tx.all(ALL)) for _ in range(30)]
    await asyncio.gather(*writes, *reads)
    assert len(await database.read(lambda tx: tx.all(ALL))) == 30


async def test_a_list_is_one_parameter_of_any_length(database: Database) -> None:
    names = [f"x{n}" for n in range(3000)]
    await database.write(lambda tx: tx.many(PUT, [{"name": name, "value": ""} for name in names[:1500]]))
    found = await database.read(lambda tx: tx.all(AMONG, names=listed(tx.dialect, names)))
    assert {row[0] for row in found} == set(names[:1500])
    assert await database.read(lambda tx: tx.all(AMONG, names=listed(tx.dialect, []))) == []
    hostile = ["x'; DROP TABLE installation --", '"', "\\", "[]"]
    assert await database.read(lambda tx: tx.all(AMONG, names=listed(tx.dialect, hostile))) == []


async def test_values_that_stand_in_the_statement_come_along(database: Database) -> None:
    found = await database.read(lambda tx: tx.one(Statement(select(literal(7), literal("seven")))))
    assert found == (7, "seven")


# --- stamps


async def stamp_of(database: Database) -> int:
    async def work(tx: Transaction) -> int:
        first = await tx.stamp()
        assert await tx.stamp() == first
        return first

    return await database.write(work)


async def test_a_transaction_has_one_stamp_and_the_next_one_a_higher_one(database: Database) -> None:
    stamps = [await stamp_of(database) for _ in range(5)]
    assert stamps == sorted(set(stamps))


async def test_a_stamp_that_was_rolled_back_hides_nothing(database: Database, world: World) -> None:
    cursor = (await changes_since(database, 0)).cursor

    async def fails(tx: Transaction) -> None:
        await tx.stamp()
        raise Refused("not_found")

    for _ in range(3):
        with pytest.raises(Refused):
            await database.write(fails)
    await touch(database, world.channel_name)
    assert [name for name, _ in (await changes_since(database, cursor)).channels] == [world.channel_name]


async def touch(database: Database, name: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.run(TOUCH, name=name, new_stamp=await tx.stamp())

    await database.write(work)


async def test_stamps_outlive_the_process(store: Store, database: Database, world: World) -> None:
    last = await stamp_of(database)
    await database.close()
    again = store.database()
    try:
        await again.open()
        assert await stamp_of(again) > last
    finally:
        await again.close()


async def test_reading_from_a_cursor_misses_nothing_while_many_write(database: Database, world: World) -> None:
    cursor = (await changes_since(database, 0)).cursor
    names = [world.channel_name, world.staff_name]
    writing = asyncio.gather(*(touch(database, names[n % 2]) for n in range(60)))
    seen: list[tuple[int, int]] = []
    while not writing.done():
        changes = await changes_since(database, cursor)
        seen.append((cursor, changes.cursor))
        cursor = changes.cursor
    await writing
    last = await changes_since(database, cursor)
    assert all(before <= after for before, after in seen)
    highest = await database.read(database.cursor)
    assert last.cursor == highest
    assert (await changes_since(database, highest)).channels == []


async def test_each_change_is_found_by_the_cursor_taken_before_it(database: Database, world: World) -> None:
    for name in (world.channel_name, world.staff_name, world.channel_name):
        cursor = (await changes_since(database, 0)).cursor
        await touch(database, name)
        changes = await changes_since(database, cursor)
        assert [found for found, _ in changes.channels] == [name]
        assert changes.cursor > cursor


async def test_more_changes_than_a_page_are_found_also_where_one_transaction_goes_over_its_edge(
    database: Database, world: World
) -> None:
    cursor = (await changes_since(database, 0)).cursor
    names = [world.channel_name, world.staff_name]

    async def touch_both(tx: Transaction) -> None:
        for name in names:
            await tx.run(TOUCH, name=name, new_stamp=await tx.stamp())

    await database.write(touch_both)
    changes = await changes_since(database, cursor, page=1)
    assert sorted(name for name, _ in changes.channels) == sorted(names)
    assert changes.cursor == await database.read(database.cursor)


async def test_only_channels_that_somebody_listens_to_are_told(database: Database, world: World) -> None:
    cursor = (await changes_since(database, 0)).cursor
    await touch(database, world.channel_name)
    await touch(database, world.staff_name)
    changes = await changes_since(database, cursor, listens=lambda name: name == world.staff_name)
    assert [name for name, _ in changes.channels] == [world.staff_name]


# --- opening, closing, locks


async def test_closing_twice_is_harmless_and_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    await database.close()
    with pytest.raises(StoreUnavailable):
        await put(database, "x1")


@pytest.mark.usefixtures("impatient")
async def test_somebody_elses_lock_makes_the_store_unavailable_until_it_is_gone(
    store: Store, database: Database
) -> None:
    with store.locked(), pytest.raises(StoreUnavailable):
        await put(database, "x1")
    assert await get(database, "x1") is None
    await put(database, "x1")
    assert await get(database, "x1") == ("",)


@pytest.mark.usefixtures("impatient")
async def test_reading_goes_on_while_somebody_else_holds_the_lock(store: Store, database: Database) -> None:
    await put(database, "x1")
    with store.locked():
        assert await get(database, "x1") == ("",)
