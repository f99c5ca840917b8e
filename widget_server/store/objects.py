"""Where the bytes of files are: one small protocol, and the folder that is used unless something else is set.

Names are made by us (``actions.files``), never by a client: two letters, a slash, and what tells objects apart.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BLOCK: Final = 262_144
"""Bytes that are read and handed on at a time."""


class MissingObject(Exception):
    """There are no such bytes (any more)."""


class Objects(Protocol):
    """A store of bytes by name."""

    async def add(self, name: str, offset: int, data: bytes) -> None:
        """Keep a part of what is on its way; it survives whatever happens to this process once this has returned.

        A part may come again, cut otherwise: the later one holds.
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


class FolderObjects:
    """A folder, of this machine or one that several nodes share.

    What is on its way has the name with ``.part`` behind it, and gets its own when it is whole.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def add(self, name: str, offset: int, data: bytes) -> None:
        """Write, and wait for the disk."""
        await asyncio.to_thread(self._add, name, offset, data)

    def _add(self, name: str, offset: int, data: bytes) -> None:
        path = self._path(name, ".part")
        try:
            handle = os.open(path, os.O_WRONLY)
        except FileNotFoundError:
            _make_folder(path.parent)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            _sync_folder(path.parent)
        try:
            rest, at = memoryview(data), offset
            while rest:
                written = os.pwrite(handle, rest, at)
                rest, at = rest[written:], at + written
            os.fdatasync(handle)
        finally:
            os.close(handle)

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
