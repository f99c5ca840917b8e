"""Where the bytes of files are: one small protocol, and the folder that is used unless something else is set.

Names are made by us (``actions.files``), never by a client: two letters, a slash, and what tells objects apart.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator
    from pathlib import Path

BLOCK: Final = 262_144
"""Bytes that are read and handed on at a time."""
_WRITING: Final = os.O_WRONLY | os.O_CREAT


class MissingObject(Exception):
    """There are no such bytes (any more)."""


class HeldElsewhere(Exception):
    """Somebody else writes this object at the moment, perhaps another node."""


class Incoming(Protocol):
    """One object on its way, as one request writes it from some offset on. It is closed on every path."""

    async def write(self, data: bytes | bytearray) -> None:
        """Add what comes next; the data may be changed again once this has returned.

        Raises:
            StoreUnavailable: the store is full, or does not answer.
        """
        ...

    async def sync(self) -> None:
        """Return once all that was written survives whatever happens to this process and its machine.

        Raises:
            StoreUnavailable: as above.
        """
        ...

    async def close(self) -> None:
        """Write no more, and let others do. What was not synced may be lost. Harmless to repeat."""
        ...


class Objects(Protocol):
    """A store of bytes by name."""

    async def begin(self, name: str, offset: int) -> Incoming:
        """Go on with an object that is on its way, from ``offset`` on, where all that comes before is synced.

        What was written behind ``offset`` may come again, cut otherwise.

        Raises:
            HeldElsewhere: somebody else writes it, and this store lets one do so at a time.
            StoreUnavailable: the store is full, or does not answer.
        """
        ...

    async def finish(self, name: str, size: int) -> None:
        """Make one object of the parts. Harmless to repeat.

        Raises:
            MissingObject: not all of them are there.
        """
        ...

    async def put(self, name: str, data: bytes) -> None:
        """Keep a small object as a whole, in place of what was there."""
        ...

    def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to ``end``, block by block.

        Raises:
            MissingObject: at the first block.
        """
        ...

    async def delete(self, name: str) -> None:
        """Remove the object and whatever was on its way to it. Harmless to repeat."""
        ...

    async def check(self) -> str | None:
        """What is wrong with the store; None: nothing."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class _PartFile:
    """A file that grows, held by a lock of the system: it ends with its process, and holds on shared folders as well.

    Args:
        path: of the file; it is made where there is none.
        offset: where to go on.
    """

    def __init__(self, path: Path, offset: int) -> None:
        self._path = path
        self._at = offset
        self._is_new = offset == 0
        """Whether its name may not be durable yet."""
        self._handle = -1
        self._lock = threading.Lock()
        """A request that is given up lets go while its thread still works."""

    def open(self) -> None:
        """Open and hold it; there it is then.

        Raises:
            HeldElsewhere: another request holds it, here or on another node.
            StoreUnavailable: it cannot be made.
        """
        with self._lock, _telling():
            try:
                self._handle = os.open(self._path, _WRITING, 0o600)
            except FileNotFoundError:
                _make_folder(self._path.parent)
                self._handle = os.open(self._path, _WRITING, 0o600)
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HeldElsewhere(self._path.name) from None

    async def write(self, data: bytes | bytearray) -> None:
        """Hand it to the system; nobody waits for the disk yet."""
        await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes | bytearray) -> None:
        with self._lock, _telling():
            rest, at = memoryview(data), self._at
            while rest:
                written = os.pwrite(self._handle, rest, at)
                rest, at = rest[written:], at + written
            self._at = at

    async def sync(self) -> None:
        """Wait for the disk."""
        await asyncio.to_thread(self._sync)

    def _sync(self) -> None:
        with self._lock, _telling():
            os.fdatasync(self._handle)
            if self._is_new:
                _sync_folder(self._path.parent)
                self._is_new = False

    async def close(self) -> None:
        """Let go of it."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._lock:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1


@contextmanager
def _telling() -> Generator[None]:
    """Tell what the system refuses as the state of the store that it is."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"the folder of files: {error.strerror}") from error


class FolderObjects:
    """A folder, of this machine or one that several nodes share.

    What is on its way has the name with ``.part`` behind it, and gets its own when it is whole.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def begin(self, name: str, offset: int) -> Incoming:
        """Open it, and hold it against every other process that does."""
        part = _PartFile(self._path(name, ".part"), offset)
        try:
            await asyncio.to_thread(part.open)
        except BaseException:
            await part.close()
            raise
        return part

    async def finish(self, name: str, size: int) -> None:
        """Give it its name."""
        await asyncio.to_thread(self._finish, name, size)

    def _finish(self, name: str, size: int) -> None:
        part, path = self._path(name, ".part"), self._path(name)
        try:
            if part.stat().st_size < size:
                raise MissingObject(name)
            os.truncate(part, size)
            part.replace(path)
        except FileNotFoundError:
            if not path.exists() or path.stat().st_size != size:
                raise MissingObject(name) from None
        _sync_folder(path.parent)

    async def put(self, name: str, data: bytes) -> None:
        """Write beside it, and put it into its place."""
        await asyncio.to_thread(self._put, name, data)

    def _put(self, name: str, data: bytes) -> None:
        path, fresh = self._path(name), self._path(name, ".new")
        _make_folder(path.parent)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(path.parent)

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Read block by block; a file that is removed meanwhile is read to its end."""
        try:
            handle = await asyncio.to_thread(os.open, self._path(name), os.O_RDONLY)
        except FileNotFoundError:
            raise MissingObject(name) from None
        try:
            at = start
            while at < end:
                block = await asyncio.to_thread(os.pread, handle, min(BLOCK, end - at), at)
                if not block:
                    raise MissingObject(name)
                at += len(block)
                yield block
        finally:
            os.close(handle)

    async def delete(self, name: str) -> None:
        """Unlink it."""
        await asyncio.to_thread(self._delete, name)

    def _delete(self, name: str) -> None:
        for ending in ("", ".part", ".new"):
            with suppress(FileNotFoundError):
                self._path(name, ending).unlink()

    async def check(self) -> str | None:
        """Whether the folder can be written into."""

        def look() -> str | None:
            try:
                _make_folder(self._folder)
            except OSError as error:
                return f"the folder of files cannot be made: {error.strerror}"
            return None if os.access(self._folder, os.W_OK) else "the folder of files is not writable"

        return await asyncio.to_thread(look)

    async def close(self) -> None:
        """Nothing is held."""

    def _path(self, name: str, ending: str = "") -> Path:
        return self._folder / f"{name}{ending}"


def _make_folder(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Make the names in a folder as durable as what they name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
