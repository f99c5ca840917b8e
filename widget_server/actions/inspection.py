"""Looking at files that have come: what they are by their content, and pictures written anew (S30).

It is the worker's. A file is taken for a while (a lease), so that one node looks at it and another one does when that
node dies. Nothing is told of a file before its bytes are where they stay.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.actions.stored_files import StoredFile, stored_file
from widget_server.actions.uploads import object_name, small_name, works_of
from widget_server.core.errors import TryLater, Unacceptable
from widget_server.core.file_kinds import HEAD_BYTES, FileKind, kind_of, name_of_picture
from widget_server.core.pictures import shape_of
from widget_server.store.objects import MissingObject
from widget_server.store.queries import files as q

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.engine import Engine
    from widget_server.actions.pictures import Pictures
    from widget_server.actions.uploads import FileWorks
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

LARGE_SIDE: Final = 2_048
SMALL_SIDE: Final = 640
PICTURE_BYTES: Final = 20_000_000
"""Of a picture as it came: all of it is handed to the process that decodes."""
_LEASE_MS: Final = 60_000


class _Looked(NamedTuple):
    """What a file turned out to be, with its bytes in place."""

    kind: FileKind
    name: str
    size: int
    stored: int
    width: int | None = None
    height: int | None = None
    small: int | None = None


async def do_inspect(engine: Engine, pictures: Pictures) -> int:
    """Look at files that have come, and return at how many."""
    now = engine.clock.now_ms()
    rows = await engine.database.read(lambda tx: tx.all(q.COME, now=now))
    looked = 0
    for row in rows:
        file = stored_file(row)
        if await _take(engine, file):
            await _inspect(engine, pictures, file)
            looked += 1
    return looked


async def _take(engine: Engine, file: StoredFile) -> bool:
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _committed: Committed) -> bool:
        return bool(await tx.run(q.TAKE, key=file.id, now=now, until=now + _LEASE_MS))

    taken: bool = await engine.committer.run(work)
    return taken


async def _inspect(engine: Engine, pictures: Pictures, file: StoredFile) -> None:
    works = works_of(engine)
    try:
        looked = await _look(works, pictures, file)
    except Unacceptable as error:
        limit = error.facts.get("limit")
        why = error.name if limit is None else f"{error.name} {limit}"
        await _refuse(engine, works, file, why)
    except MissingObject:
        await _refuse(engine, works, file, "bad_file")
    except TryLater:
        # It is looked at again when the lease is over.
        return
    else:
        await _accept(engine, file, looked)
    works.tell(file.public_id)


async def _look(works: FileWorks, pictures: Pictures, file: StoredFile) -> _Looked:
    name = object_name(file.public_id)
    await works.objects.finish(name, file.size)
    head = await _bytes(works, name, min(HEAD_BYTES, file.size))
    kind = kind_of(head, file.name)
    if kind is None:
        raise Unacceptable("bad_file")
    if kind.kind == "picture":
        return await _picture(works, pictures, file, kind)
    if kind.is_text:
        await _check_text(works, name, file.size)
    return _Looked(kind, file.name, file.size, file.size)


async def _picture(works: FileWorks, pictures: Pictures, file: StoredFile, kind: FileKind) -> _Looked:
    """Write a picture anew, whole and small, in place of what came."""
    name = object_name(file.public_id)
    if file.size > PICTURE_BYTES:
        raise Unacceptable("file_too_large", limit=PICTURE_BYTES // 1_000_000)
    large = await pictures.reencode_bounded(await _bytes(works, name, file.size), LARGE_SIDE)
    small = await pictures.reencode_bounded(large, SMALL_SIDE)
    shape = shape_of(large)
    if shape is None:
        raise Unacceptable("bad_file")
    await works.objects.put(small_name(file.public_id), small)
    await works.objects.put(name, large)
    stored = len(large) + len(small)
    return _Looked(kind, name_of_picture(file.name), len(large), stored, shape.width, shape.height, len(small))


async def _bytes(works: FileWorks, name: str, size: int) -> bytes:
    return b"".join([block async for block in works.objects.read(name, 0, size)])


async def _check_text(works: FileWorks, name: str, size: int) -> None:
    """See that a text is one to its end. Raises ``Unacceptable``: ``bad_file``."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        async for block in works.objects.read(name, 0, size):
            if "\x00" in decoder.decode(block):
                raise Unacceptable("bad_file")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Unacceptable("bad_file") from None


async def _accept(engine: Engine, file: StoredFile, looked: _Looked) -> None:
    now = engine.clock.now_ms()
    details = {} if looked.small is None else {"small": looked.small}

    async def work(tx: Transaction, _committed: Committed) -> None:
        await tx.run(
            q.READY,
            key=file.id,
            new_name=looked.name,
            new_kind=looked.kind.kind,
            new_type=looked.kind.type,
            new_size=looked.size,
            new_stored=looked.stored,
            new_width=looked.width,
            new_height=looked.height,
            new_details=orjson.dumps(details).decode(),
            now=now,
        )

    await engine.committer.run(work)


async def _refuse(engine: Engine, works: FileWorks, file: StoredFile, why: str) -> None:
    """Say why, and let the bytes go; the row stays so that its sender is told."""
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _committed: Committed) -> None:
        await tx.run(q.REFUSE, key=file.id, why=why, now=now)

    await engine.committer.run(work)
    await _delete_bytes(works, file.public_id)


async def do_let_go(engine: Engine) -> int:
    """Remove the bytes of files that are not wanted any more, then their rows; return of how many."""
    works = works_of(engine)
    rows = await engine.database.read(lambda tx: tx.all(q.REMOVED))
    for key, public_id in rows:
        await _delete_bytes(works, public_id)
        await engine.committer.run(_forgetting(key))
    return len(rows)


def _forgetting(key: int) -> Callable[[Transaction, Committed], Awaitable[None]]:
    async def work(tx: Transaction, _committed: Committed) -> None:
        await tx.run(q.FORGET, key=key)

    return work


async def _delete_bytes(works: FileWorks, public_id: str) -> None:
    await works.objects.delete(object_name(public_id))
    await works.objects.delete(small_name(public_id))


async def do_expire_files(engine: Engine) -> int:
    """Give up files that were begun and not finished, or never sent; return how many."""
    now = engine.clock.now_ms()
    before = now - works_of(engine).terms.hours * 3_600_000

    async def work(tx: Transaction, _committed: Committed) -> int:
        return await tx.run(q.EXPIRE, before=before, now=now)

    expired: int = await engine.committer.run(work)
    return expired
