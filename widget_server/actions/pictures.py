"""Pictures of people, and the installation's own: taken in only after they were decoded and written anew (S30)."""

from __future__ import annotations

import asyncio
import base64
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.core.pictures import (
    MAX_MEGABYTES,
    SIDE,
    check_picture,
    check_pixels,
    drawn,
    is_picture_hash,
    picture_hash,
    shape_of,
)
from widget_server.store.queries import pictures as queries

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from widget_server.store.database import Database, Transaction

Form = Literal["square", "whole", "bounded"]

WEBP: Final = "image/webp"
SVG: Final = "image/svg+xml"

_PROGRAM: Final = Path(__file__).with_name("decoding.py")
_AT_ONCE: Final = 2
_WAITING_MAX: Final = 20
_PATIENCE_MS: Final = 5_000
_SECONDS: Final = 8.0
"""How long one may take by the clock, on a busy machine; it may work for two (``decoding``)."""
_WRITTEN_MAX: Final = 400_000
_LARGE_MAX: Final = 10_000_000
"""Of a picture that is sent with a message: at most four million pixels."""
_BLOCK: Final = 65_536


class Picture(NamedTuple):
    """A picture as it is served."""

    hash: str
    content_type: str
    body: bytes


class Pictures:
    """Decodes what people send, in a process of its own for each. One per application.

    Pillow is an extra; where it is missing nothing is offered.
    """

    def __init__(self) -> None:
        self.are_taken: Final = find_spec("PIL") is not None
        """Whether pictures can be sent at all."""
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def reencode(self, data: bytes, form: Form = "square") -> bytes:
        """Return a picture as a small WebP that says nothing but its pixels.

        Args:
            data: a file as it was sent.
            form: whether it is cut to a square, or made to fit into one as a whole.

        Raises:
            Unacceptable: ``bad_picture`` or ``too_many_pixels``.
            TryLater: ``busy``.
        """
        return await self._in_turn(data, check_picture(data).kind, form, SIDE)

    async def reencode_bounded(self, data: bytes, side: int) -> bytes:
        """Return a picture as a WebP of at most ``side`` pixels each way; a smaller one keeps its size.

        Raises:
            Unacceptable: ``bad_file`` or ``too_many_pixels``.
            TryLater: ``busy``.
        """
        shape = shape_of(data)
        if shape is None:
            raise Unacceptable("bad_file")
        try:
            return await self._in_turn(data, check_pixels(shape).kind, "bounded", side)
        except Unacceptable as error:
            raise error if error.name == "too_many_pixels" else Unacceptable("bad_file") from None

    async def _in_turn(self, data: bytes, kind: str, form: Form, side: int) -> bytes:
        if not self.are_taken or self._waiting >= _WAITING_MAX:
            raise TryLater("busy", _PATIENCE_MS)
        self._waiting += 1
        try:
            async with self._turns:
                return await _decoded(data, kind, form, side)
        finally:
            self._waiting -= 1


async def _decoded(data: bytes, kind: str, form: Form, side: int) -> bytes:
    most = _LARGE_MAX if form == "bounded" else _WRITTEN_MAX
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # Neither this directory, nor the environment, nor a user's own modules have a say.
        "-I",
        str(_PROGRAM),
        kind,
        form,
        str(side),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd="/",
    )
    written = b""
    try:
        async with asyncio.timeout(_SECONDS):
            written = await _exchange(process, data, most)
            if len(written) <= most:
                await process.wait()
    except TimeoutError:
        written = b""
    finally:
        if process.returncode is None:
            process.kill()
        # Its pipe is closed by whoever reads it to the end.
        while await cast("StreamReader", process.stdout).read(_BLOCK):
            pass
        await process.wait()
    if process.returncode != 0 or written[:4] != b"RIFF" or len(written) > most:
        raise Unacceptable("bad_picture", limit=MAX_MEGABYTES)
    return written


async def _exchange(process: asyncio.subprocess.Process, data: bytes, most: int) -> bytes:
    """Hand the picture over and return what comes back, no more of it than may be."""
    stdin, stdout = cast("StreamWriter", process.stdin), cast("StreamReader", process.stdout)
    # A program that ends before it has read everything says why by its exit code.
    with suppress(ConnectionError):
        stdin.write(data)
        await stdin.drain()
    stdin.close()
    parts, length = [], 0
    while length <= most and (part := await stdout.read(_BLOCK)):
        parts.append(part)
        length += len(part)
    return b"".join(parts)


async def keep(tx: Transaction, body: bytes, now_ms: int) -> str:
    """Write a picture and return its hash. The same one again changes nothing."""
    name = picture_hash(body)
    await tx.run(queries.KEEP, hash=name, content_type=WEBP, body=base64.b64encode(body).decode(), created_at=now_ms)
    return name


async def drop(tx: Transaction, name: str | None, *, logo: str | None) -> None:
    """Remove a picture that nobody shows any more; ``logo`` is the one of the installation."""
    if name is not None and name != logo:
        await tx.run(queries.DROP_UNUSED, unused=name)


async def access_picture(db: Database, name: str) -> Picture:
    """Return the stored picture with this hash.

    Raises:
        Refused: ``not_found``.
    """
    row = await db.read(lambda tx: tx.one(queries.BY_HASH, hash=name)) if is_picture_hash(name) else None
    if row is None:
        raise Refused("not_found")
    return Picture(row[0], row[1], base64.b64decode(row[2]))


async def access_picture_of(db: Database, public_id: str) -> Picture:
    """Return the picture of somebody with an account: their own, or one that is drawn.

    Raises:
        Refused: ``not_found``.
    """
    row = await db.read(lambda tx: tx.one(queries.OF_PERSON, public_id=public_id))
    if row is None:
        raise Refused("not_found")
    name, deleted_at, own, content_type, body = row
    if own is not None and body is not None:
        return Picture(own, content_type, base64.b64decode(body))
    svg = drawn(public_id, "" if deleted_at is not None else name or "").encode()
    return Picture(picture_hash(svg), SVG, svg)
