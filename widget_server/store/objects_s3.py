"""Files in a store that speaks S3. The client is an extra: ``pip install "widget-server[s3]"``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from widget_server.store.database import StoreUnavailable
from widget_server.store.objects import BLOCK, Incoming, MissingObject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_JOINED_BYTES: Final = 8_388_608
_PART_BYTES: Final = 4_194_304
"""So much of an upload waits in memory until it is an object of its own: each costs a request."""
_WAITING_BYTES: Final = 67_108_864
"""Where so much waits of all uploads together, parts are smaller."""


class Bucket(NamedTuple):
    """Where the objects are, as the settings say."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    key: str | None
    secret: str | None


def open_bucket(bucket: Bucket) -> S3Objects:
    """Return the objects of a bucket; nothing is asked of it yet."""
    config: Any = {"region": bucket.region}
    if bucket.key is not None and bucket.secret is not None:
        config |= {"access_key_id": bucket.key, "secret_access_key": bucket.secret}
    if bucket.endpoint is not None:
        config["endpoint"] = bucket.endpoint
    plain = bucket.endpoint is not None and bucket.endpoint.startswith("http://")
    store = S3Store(
        bucket.bucket,
        prefix=bucket.prefix or None,
        config=config,
        client_options={"allow_http": plain, "timeout": timedelta(seconds=60)},
    )
    return S3Objects(store)


class S3Objects:
    """Objects behind ``obstore``: S3, and in tests its store in memory.

    There is no writing into an object there: each part is one of its own, called by its offset, until all are joined.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        self.waiting = 0
        """Bytes of all uploads that are not an object yet."""

    async def begin(self, name: str, offset: int) -> Incoming:
        """Go on; nobody is kept from writing here, and no part takes another one's place that is longer."""
        return _Parts(self, name, offset)

    async def put_part(self, name: str, offset: int, data: bytes) -> None:
        """Keep a part as an object.

        Raises:
            StoreUnavailable: the store does not take it.
        """
        path = f"{name}.parts/{offset:012d}-{len(data):012d}"
        try:
            await obstore.put_async(self._store, path, data, use_multipart=False)
        except (BaseError, OSError) as error:
            raise StoreUnavailable(f"the bucket of files: {type(error).__name__}") from error

    async def finish(self, name: str, size: int) -> None:
        """Copy the parts into one, and remove them."""
        parts = await self._parts(name)
        if not parts:
            if await self._size(name) != size:
                raise MissingObject(name)
            return
        await obstore.put_async(self._store, name, self._joined(name, parts, size), chunk_size=_JOINED_BYTES)
        await self._remove([path for _, path, _ in parts])

    async def _joined(self, name: str, parts: list[tuple[int, str, int]], size: int) -> AsyncIterator[bytes]:
        at = 0
        for offset, path, length in parts:
            # A part that came again, cut otherwise, may overlap the next one.
            if offset > at:
                break
            if offset + length <= at or at >= size:
                continue
            result = await obstore.get_async(self._store, path)
            skipped = at - offset
            async for block in result.stream(min_chunk_size=BLOCK):
                data = bytes(block)
                if skipped >= len(data):
                    skipped -= len(data)
                    continue
                data = data[skipped : skipped + size - at]
                skipped = 0
                at += len(data)
                if data:
                    yield data
        if at != size:
            raise MissingObject(name)

    async def _parts(self, name: str) -> list[tuple[int, str, int]]:
        found = []
        async for batch in obstore.list(self._store, f"{name}.parts"):
            found += [(_offset_in(str(each["path"])), str(each["path"]), each["size"]) for each in batch]
        return sorted(found)

    async def _size(self, name: str) -> int | None:
        try:
            return int((await obstore.head_async(self._store, name))["size"])
        except FileNotFoundError:
            return None

    async def put(self, name: str, data: bytes) -> None:
        """Keep it."""
        await obstore.put_async(self._store, name, data)

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Ask for the range."""
        if start >= end:
            return
        try:
            result = await obstore.get_async(self._store, name, options={"range": (start, end)})
        except FileNotFoundError:
            raise MissingObject(name) from None
        async for block in result.stream(min_chunk_size=BLOCK):
            yield bytes(block)

    async def delete(self, name: str) -> None:
        """Remove it and its parts."""
        await self._remove([name, *(path for _, path, _ in await self._parts(name))])

    async def _remove(self, paths: list[str]) -> None:
        for path in paths:
            try:
                await obstore.delete_async(self._store, path)
            except FileNotFoundError:
                continue

    async def check(self) -> str | None:
        """Whether the bucket answers."""
        try:
            await self._size("check")
        except (BaseError, OSError) as error:
            return f"the bucket of files does not answer: {type(error).__name__}"
        return None

    async def close(self) -> None:
        """Its connections end with it."""


class _Parts:
    """What one request brings of an object: collected until it is worth a request to the store."""

    def __init__(self, objects: S3Objects, name: str, offset: int) -> None:
        self._objects = objects
        self._name = name
        self._at = offset
        self._held: list[bytes] = []
        self._length = 0

    async def write(self, data: bytes | bytearray) -> None:
        """Collect, and keep as a part what is enough."""
        self._held.append(bytes(data))
        self._length += len(data)
        self._objects.waiting += len(data)
        if self._length >= _PART_BYTES or self._objects.waiting >= _WAITING_BYTES:
            await self.sync()

    async def sync(self) -> None:
        """Keep as a part whatever there is."""
        if self._length:
            await self._objects.put_part(self._name, self._at, b"".join(self._held))
            self._at += self._length
            self._forget()

    async def close(self) -> None:
        """Forget what was not kept."""
        self._forget()

    def _forget(self) -> None:
        self._objects.waiting -= self._length
        self._held, self._length = [], 0


def _offset_in(path: str) -> int:
    """Where a part begins, by its name: the offset, and behind a dash how long it is."""
    return int(path.rpartition("/")[2].partition("-")[0])
