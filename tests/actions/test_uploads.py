"""Announcing and receiving files: shares that are exact, parts that count once, on both databases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.state import fresh_id
from widget_server.actions.actors import Visitor
from widget_server.actions.inspection import do_expire_files, do_inspect, do_let_go
from widget_server.actions.pictures import Pictures
from widget_server.actions.stored_files import StoredFile
from widget_server.actions.uploads import (
    EACH_AT_ONCE,
    Announced,
    FileTerms,
    FileWorks,
    do_announce,
    do_cancel,
    do_receive,
    find_file,
    object_name,
)
from widget_server.core.errors import ProductError, Refused, TryLater, Unacceptable
from widget_server.core.ids import token_hash
from widget_server.store.objects import FolderObjects, MissingObject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.actions.works import Works

MEGABYTE = 1_000_000


def visitor(works: Works, name: str) -> Visitor:
    return Visitor(works.site.id, works.site.key, token_hash(name))


@pytest.fixture
async def filed(works: Works, tmp_path: Path) -> Works:
    works.engine.files = FileWorks(FolderObjects(tmp_path / "files"), FileTerms(2, 5, 12, 30, 24))
    return works


async def blocks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def announced(works: Works, who: Visitor, size: int, name: str = "notes.txt") -> StoredFile | ProductError:
    try:
        return await do_announce(works.engine, who, Announced(name, size, fresh_id()))
    except ProductError as error:
        return error


async def test_of_many_at_once_exactly_as_many_are_taken_as_the_share_has_room_for(filed: Works) -> None:
    who = [visitor(filed, "Ada") for _ in range(20)]
    await announced(filed, who[0], 1)
    taken = await asyncio.gather(*(announced(filed, each, MEGABYTE) for each in who))
    assert sum(isinstance(one, StoredFile) for one in taken) == 4
    assert {str(one) for one in taken if isinstance(one, ProductError)} == {"quota_full(limit=5)"}


async def test_people_of_one_site_share_what_the_site_has(filed: Works) -> None:
    people = [visitor(filed, f"visitor {number}") for number in range(20)]
    taken = await asyncio.gather(*(announced(filed, each, MEGABYTE) for each in people))
    assert sum(isinstance(one, StoredFile) for one in taken) == 12
    assert {one.name for one in taken if isinstance(one, ProductError)} == {"site_quota_full"}


async def test_what_is_given_up_makes_room_again(filed: Works) -> None:
    ada = visitor(filed, "Ada")
    files: list[Any] = [await announced(filed, ada, MEGABYTE) for _ in range(5)]
    assert isinstance(await announced(filed, ada, MEGABYTE), Unacceptable)
    await do_cancel(filed.engine, files[0])
    assert isinstance(await announced(filed, ada, MEGABYTE), StoredFile)


async def test_the_same_key_is_the_same_file_and_another_file_is_a_conflict(filed: Works) -> None:
    ada, key = visitor(filed, "Ada"), fresh_id()
    first = await do_announce(filed.engine, ada, Announced("notes.txt", 7, key))
    both = await asyncio.gather(*(do_announce(filed.engine, ada, Announced("notes.txt", 7, key)) for _ in range(5)))
    assert {file.public_id for file in both} == {first.public_id}
    with pytest.raises(Unacceptable, match="conflict"):
        await do_announce(filed.engine, ada, Announced("notes.txt", 8, key))


async def test_of_two_that_send_the_same_part_at_once_one_counts(filed: Works) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), 10)
    outcomes = await asyncio.gather(
        *(do_receive(filed.engine, file, 0, blocks(b"01234", b"56789")) for _ in range(2)), return_exceptions=True
    )
    assert sorted(map(str, outcomes)) == ["10", "wrong_offset"]
    assert await do_inspect(filed.engine, Pictures()) == 1
    found = await filed.engine.database.read(lambda tx: find_file(tx, file.public_id))
    assert (found.file.state, found.file.content_type) == ("ready", "text/plain")


class Late:
    """A part whose end comes when it is told to."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.begun = asyncio.Event()
        self.end = asyncio.Event()

    async def blocks(self) -> AsyncIterator[bytes]:
        yield self._data
        self.begun.set()
        await self.end.wait()


def kept_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_what_comes_late_for_a_file_that_was_given_up_leaves_no_bytes(filed: Works, tmp_path: Path) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), 5)
    late = Late(b"01234")
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, late.blocks()))
    await late.begun.wait()
    await do_cancel(filed.engine, file)
    assert await do_let_go(filed.engine) == 1
    late.end.set()
    with pytest.raises(Unacceptable, match="wrong_offset"):
        await sending
    assert kept_below(tmp_path / "files") == []


class SlowStore(FolderObjects):
    """Writes when it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def add(self, name: str, offset: int, data: bytes) -> None:
        self.begun.set()
        await self.go_on.wait()
        await super().add(name, offset, data)


async def test_what_is_written_while_a_file_is_given_up_leaves_no_bytes(filed: Works, tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "slow")
    filed.engine.files = FileWorks(store, FileTerms())
    file: Any = await announced(filed, visitor(filed, "Ada"), 5)
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, blocks(b"01234")))
    await store.begun.wait()
    await do_cancel(filed.engine, file)
    assert await do_let_go(filed.engine) == 1
    store.go_on.set()
    with pytest.raises(Unacceptable, match="wrong_offset"):
        await sending
    assert kept_below(tmp_path / "slow") == []


async def test_what_comes_late_writes_nothing_over_what_was_acknowledged(filed: Works, tmp_path: Path) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), 10)
    late = Late(b"OTHER")
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, late.blocks()))
    await late.begun.wait()
    assert await do_receive(filed.engine, file, 0, blocks(b"01234")) == 5
    late.end.set()
    with pytest.raises(Unacceptable, match="wrong_offset"):
        await sending
    assert kept_below(tmp_path / "files") == [b"01234"]


async def test_who_sends_many_at_once_leaves_places_for_others(filed: Works) -> None:
    ada, bob = visitor(filed, "Ada"), visitor(filed, "Bob")
    files: list[Any] = [await announced(filed, ada, 5) for _ in range(EACH_AT_ONCE + 1)]
    other: Any = await announced(filed, bob, 5)
    parts = [Late(b"01234") for _ in files]
    sending = [
        asyncio.create_task(do_receive(filed.engine, file, 0, part.blocks()))
        for file, part in zip(files[:-1], parts, strict=False)
    ]
    for part in parts[:-1]:
        await part.begun.wait()
    with pytest.raises(TryLater, match="busy"):
        await do_receive(filed.engine, files[-1], 0, blocks(b"01234"))
    assert await do_receive(filed.engine, other, 0, blocks(b"01234")) == 5
    for part in parts:
        part.end.set()
    assert await asyncio.gather(*sending) == [5] * EACH_AT_ONCE
    assert await do_receive(filed.engine, files[-1], 0, blocks(b"01234")) == 5


async def test_more_than_was_announced_is_not_taken(filed: Works) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), 4)
    with pytest.raises(Unacceptable, match="file_too_large"):
        await do_receive(filed.engine, file, 0, blocks(b"0123", b"4"))


async def test_what_is_never_finished_or_sent_goes_with_its_bytes_after_a_day(filed: Works) -> None:
    works = filed.engine.files
    assert works is not None
    file: Any = await announced(filed, visitor(filed, "Ada"), 4)
    await do_receive(filed.engine, file, 0, blocks(b"0123"))
    await do_inspect(filed.engine, Pictures())
    filed.clock.now += 23 * 3_600_000
    assert await do_expire_files(filed.engine) == 0
    filed.clock.now += 2 * 3_600_000
    assert await do_expire_files(filed.engine) == 1
    assert await do_let_go(filed.engine) == 1
    with pytest.raises(Refused, match="not_found"):
        await filed.engine.database.read(lambda tx: find_file(tx, file.public_id))
    with pytest.raises(MissingObject):
        _ = [block async for block in works.objects.read(object_name(file.public_id), 0, 4)]


async def test_where_no_files_are_taken_none_is_announced(filed: Works, tmp_path: Path) -> None:
    filed.engine.files = FileWorks(FolderObjects(tmp_path), FileTerms(0))
    assert str(await announced(filed, visitor(filed, "Ada"), 1)) == "files_off"
