"""Announcing and receiving files: shares that are exact, parts that count once, on both databases."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any

import pytest
from obstore.store import MemoryStore

from tests.clients.state import fresh_id
from widget_server.actions import intakes
from widget_server.actions.actors import Visitor
from widget_server.actions.inspection import do_expire_files, do_inspect, do_let_go
from widget_server.actions.intakes import EACH_AT_ONCE
from widget_server.actions.pictures import Pictures
from widget_server.actions.stored_files import StoredFile
from widget_server.actions.uploads import (
    Announced,
    FileTerms,
    FileWorks,
    do_announce,
    do_cancel,
    do_receive,
    find_file,
    object_name,
)
from widget_server.core.errors import Malformed, ProductError, Refused, TryLater, Unacceptable
from widget_server.core.ids import token_hash
from widget_server.store.database import StoreUnavailable
from widget_server.store.objects import BLOCK, FolderObjects, MissingObject
from widget_server.store.objects_s3 import S3Objects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.actions.works import Works
    from widget_server.store.objects import Incoming

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
    """A part of which the first block comes at once, and what follows when it is told to."""

    def __init__(self, data: bytes, more: bytes = b"") -> None:
        self._data = data
        self._more = more
        self.begun = asyncio.Event()
        self.end = asyncio.Event()

    async def blocks(self) -> AsyncIterator[bytes]:
        yield self._data
        self.begun.set()
        await self.end.wait()
        if self._more:
            yield self._more


async def received(works: Works, file: StoredFile) -> int:
    found = await works.engine.database.read(lambda tx: find_file(tx, file.public_id))
    return found.file.received


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
    """Writes, or syncs, when it is told to."""

    def __init__(self, folder: Path, slow: str = "write") -> None:
        super().__init__(folder)
        self._slow = slow
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def begin(self, name: str, offset: int) -> Incoming:
        part = await super().begin(name, offset)
        work = getattr(part, self._slow)

        async def slowly(*data: bytes) -> None:
            self.begun.set()
            await self.go_on.wait()
            await work(*data)

        setattr(part, self._slow, slowly)
        return part


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


async def test_a_resumed_upload_takes_the_file_over_from_a_line_that_is_dead(filed: Works, tmp_path: Path) -> None:
    size = 3 * BLOCK
    file: Any = await announced(filed, visitor(filed, "Ada"), size)
    late = Late(b"o" * BLOCK, b"o" * BLOCK)
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, late.blocks()))
    await late.begun.wait()
    fresh = Late(b"f" * size)
    resumed = asyncio.create_task(do_receive(filed.engine, file, 0, fresh.blocks()))
    await fresh.begun.wait()
    late.end.set()
    with pytest.raises(Unacceptable, match="wrong_offset"):
        await sending
    fresh.end.set()
    assert await resumed == size
    assert kept_below(tmp_path / "files") == [b"f" * size]


async def test_what_was_written_and_not_kept_is_written_anew(filed: Works, tmp_path: Path) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), 2 * BLOCK)
    late = Late(b"o" * (BLOCK + 7))
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, late.blocks()))
    await late.begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await received(filed, file) == 0
    assert await do_receive(filed.engine, file, 0, blocks(b"f" * 2 * BLOCK)) == 2 * BLOCK
    assert kept_below(tmp_path / "files") == [b"f" * 2 * BLOCK]


@pytest.mark.parametrize("length", [5, BLOCK + 5])
async def test_what_came_before_the_sender_broke_off_is_kept(filed: Works, tmp_path: Path, length: int) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), BLOCK + 10)

    async def breaking_off() -> AsyncIterator[bytes]:
        yield b"0" * length
        raise Malformed("bad_request", where="the body")

    with pytest.raises(Malformed):
        await do_receive(filed.engine, file, 0, breaking_off())
    assert await received(filed, file) == length
    rest = b"1" * (BLOCK + 10 - length)
    assert await do_receive(filed.engine, file._replace(received=length), length, blocks(rest)) == BLOCK + 10
    assert kept_below(tmp_path / "files") == [b"0" * length + rest]


@pytest.mark.parametrize("why", ["bytes", "time"])
async def test_of_a_long_upload_progress_is_kept_on_the_way(
    filed: Works, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), 10)
    first, goes_on, second = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def coming() -> AsyncIterator[bytes]:
        yield b"01"
        first.set()
        await goes_on.wait()
        yield b"23"
        second.set()
        await asyncio.Event().wait()

    if why == "bytes":
        monkeypatch.setattr(intakes, "KEPT_BYTES", 2)
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, coming()))
    await first.wait()
    assert await received(filed, file) == (2 if why == "bytes" else 0)
    filed.clock.now += intakes.KEPT_MS
    goes_on.set()
    await second.wait()
    assert await received(filed, file) == 4
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_nothing_counts_before_the_disk_has_it(filed: Works, tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "slow", "sync")
    filed.engine.files = FileWorks(store, FileTerms())
    file: Any = await announced(filed, visitor(filed, "Ada"), 5)
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, blocks(b"01234")))
    await store.begun.wait()
    assert kept_below(tmp_path / "slow") == [b"01234"]
    assert await received(filed, file) == 0
    store.go_on.set()
    assert await sending == 5
    assert await received(filed, file) == 5


async def test_of_two_nodes_one_writes_a_file_and_the_other_one_says_when_to_come_back(
    filed: Works, tmp_path: Path
) -> None:
    other = copy.copy(filed.engine)
    other.files = FileWorks(FolderObjects(tmp_path / "files"), FileTerms())
    file: Any = await announced(filed, visitor(filed, "Ada"), 10)
    late = Late(b"01234")
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, late.blocks()))
    await late.begun.wait()
    with pytest.raises(TryLater, match="busy"):
        await do_receive(other, file, 0, blocks(b"OTHER"))
    late.end.set()
    assert await sending == 5
    with pytest.raises(Unacceptable, match="wrong_offset"):
        await do_receive(other, file, 0, blocks(b"OTHER"))
    assert await do_receive(other, file._replace(received=5), 5, blocks(b"56789")) == 10
    assert kept_below(tmp_path / "files") == [b"0123456789"]


async def test_a_full_disk_is_told_as_such_and_the_upload_goes_on_when_there_is_room(
    filed: Works, tmp_path: Path
) -> None:
    file: Any = await announced(filed, visitor(filed, "Ada"), 5)
    part = tmp_path / "files" / f"{object_name(file.public_id)}.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(StoreUnavailable, match="No space left"):
        await do_receive(filed.engine, file, 0, blocks(b"01234"))
    part.unlink()
    assert await received(filed, file) == 0
    assert await do_receive(filed.engine, file, 0, blocks(b"01234")) == 5


async def test_of_a_file_given_up_while_it_comes_a_bucket_keeps_nothing(filed: Works) -> None:
    bucket = MemoryStore()
    filed.engine.files = FileWorks(S3Objects(bucket), FileTerms())
    file: Any = await announced(filed, visitor(filed, "Ada"), 9 * MEGABYTE)
    late = Late(b"0" * 5 * MEGABYTE, b"0" * 4 * MEGABYTE)
    sending = asyncio.create_task(do_receive(filed.engine, file, 0, late.blocks()))
    await late.begun.wait()
    await do_cancel(filed.engine, file)
    assert await do_let_go(filed.engine) == 1
    late.end.set()
    with pytest.raises(Unacceptable, match="wrong_offset"):
        await sending
    assert bucket.list().collect() == []


async def test_many_who_send_slowly_keep_nobody_from_sending(filed: Works) -> None:
    slow = [visitor(filed, f"visitor {number}") for number in range(40)]
    files: list[Any] = [await announced(filed, each, 5) for each in slow]
    parts = [Late(b"0123") for _ in files]
    sending = [
        asyncio.create_task(do_receive(filed.engine, file, 0, part.blocks()))
        for file, part in zip(files, parts, strict=True)
    ]
    for part in parts:
        await part.begun.wait()
    file: Any = await announced(filed, visitor(filed, "Ada"), 5)
    assert await do_receive(filed.engine, file, 0, blocks(b"01234")) == 5
    for part in parts:
        part.end.set()
    assert await asyncio.gather(*sending) == [4] * 40


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
