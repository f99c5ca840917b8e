"""The stores of bytes: one contract, a folder and what speaks S3 (here obstore's store in memory)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from obstore.store import MemoryStore

from widget_server.store import objects_s3
from widget_server.store.objects import FolderObjects, HeldElsewhere, MissingObject
from widget_server.store.objects_s3 import S3Objects

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.store.objects import Objects

NAME = "ab/cdef"


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    return FolderObjects(tmp_path / "files") if request.param == "folder" else S3Objects(MemoryStore())


async def read(objects: Objects, start: int, end: int, name: str = NAME) -> bytes:
    return b"".join([block async for block in objects.read(name, start, end)])


async def add(objects: Objects, offset: int, data: bytes) -> None:
    part = await objects.begin(NAME, offset)
    await part.write(data)
    await part.sync()
    await part.close()


async def test_parts_become_one_object_also_when_they_came_again_cut_otherwise(objects: Objects) -> None:
    await add(objects, 0, b"01234")
    await add(objects, 5, b"567")
    await add(objects, 5, b"56")
    await add(objects, 7, b"789")
    await objects.finish(NAME, 10)
    assert await read(objects, 0, 10) == b"0123456789"
    assert await read(objects, 3, 6) == b"345"
    await objects.finish(NAME, 10)
    assert await read(objects, 0, 10) == b"0123456789"


async def test_a_folder_lets_one_write_an_object_at_a_time(tmp_path: Path) -> None:
    node, other = FolderObjects(tmp_path), FolderObjects(tmp_path)
    part = await node.begin(NAME, 0)
    with pytest.raises(HeldElsewhere):
        await other.begin(NAME, 0)
    await part.close()
    await part.close()
    await (await other.begin(NAME, 0)).close()


async def test_of_two_that_write_into_a_bucket_the_shorter_part_takes_nothing_away() -> None:
    bucket = S3Objects(MemoryStore())
    late = await bucket.begin(NAME, 0)
    await late.write(b"01")
    await add(bucket, 0, b"01234")
    await late.sync()
    await add(bucket, 5, b"56789")
    await bucket.finish(NAME, 10)
    assert await read(bucket, 0, 10) == b"0123456789"


async def test_what_waits_for_a_bucket_is_bounded_over_all_uploads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects_s3, "_WAITING_BYTES", 10)
    bucket = S3Objects(MemoryStore())
    parts = [await bucket.begin(f"{NAME}{number}", 0) for number in range(5)]
    for part in parts:
        await part.write(b"0123")
    assert bucket.waiting < 10
    for part in parts:
        await part.close()
    assert bucket.waiting == 0


async def test_what_is_not_all_there_is_not_finished(objects: Objects) -> None:
    await add(objects, 0, b"01234")
    with pytest.raises(MissingObject):
        await objects.finish(NAME, 10)
    with pytest.raises(MissingObject):
        await read(objects, 0, 5)


async def test_an_object_is_replaced_as_a_whole_and_gone_with_all_its_parts(objects: Objects) -> None:
    await objects.put(NAME, b"first")
    await objects.put(NAME, b"2nd")
    assert await read(objects, 0, 3) == b"2nd"
    await add(objects, 0, b"x")
    await objects.delete(NAME)
    await objects.delete(NAME)
    for _ in range(2):
        with pytest.raises(MissingObject):
            await read(objects, 0, 3)
        with pytest.raises(MissingObject):
            await objects.finish(NAME, 1)


async def test_objects_with_names_that_begin_alike_are_apart(objects: Objects) -> None:
    await objects.put(NAME, b"one")
    await objects.put(f"{NAME}-small", b"two")
    await objects.delete(NAME)
    assert await read(objects, 0, 3, f"{NAME}-small") == b"two"


async def test_a_store_that_can_be_used_says_nothing(objects: Objects) -> None:
    assert await objects.check() is None
