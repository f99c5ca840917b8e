"""One connection's bounded queue and its one writer, so that nobody waits for the slowest (G10)."""

from __future__ import annotations

import asyncio
import logging
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Final

import orjson

from widget_server.protocol.codes import CloseCode
from widget_server.protocol.encode import joined

log = logging.getLogger(__name__)


class Turn:
    """The lines of one node that have something to write when this turn of the loop ends: one callback for all."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: list[Outbound] = []

    def add(self, line: Outbound) -> None:
        """Have a line write what is queued by then."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._end)
        self._lines.append(line)

    def _end(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            try:
                line.flush()
            except Exception:
                log.exception("a line could not be written to")


CLOSING_S: Final = 2.0
"""How long a peer may take to read what is left when it is told to go, and as long again to answer the close."""


class Outbound:
    """Frames on their way to one client.

    The writer runs only while there is something to write, and without a task of its own as long as the transport takes
    what it is given (a task for every message would cost more than the message). Frames that are pushed in one turn of
    the loop leave together, as one message.

    :param turn: what all lines of the node share.
    :param write_now: sends one message (bytes of one frame or an array of frames) where nothing has to be waited for,
        and returns whether it did.
    :param write: sends one message and returns when the transport took it.
    :param close: closes the line with a code and a reason, and returns when it is closed.
    :param abort: drops the line at once.
    :param slow: called once when the reader did not keep up.
    """

    __slots__ = (
        "_abort",
        "_bytes",
        "_bytes_max",
        "_close",
        "_closing",
        "_frames_max",
        "_queue",
        "_scheduled",
        "_slow",
        "_task",
        "_turn",
        "_write",
        "_write_now",
    )

    def __init__(
        self,
        turn: Turn,
        write_now: Callable[[bytes], bool],
        write: Callable[[bytes], Awaitable[None]],
        close: Callable[[int, bytes], Awaitable[object]],
        abort: Callable[[], None],
        *,
        frames_max: int,
        bytes_max: int,
        slow: Callable[[], None],
    ) -> None:
        self._turn = turn
        self._write_now = write_now
        self._write = write
        self._close = close
        self._abort = abort
        self._frames_max = frames_max
        self._bytes_max = bytes_max
        self._slow = slow
        self._queue: list[bytes] = []
        self._bytes = 0
        self._closing: tuple[int, int | None] | None = None
        self._scheduled = False
        self._task: asyncio.Task[None] | None = None

    @property
    def closing(self) -> bool:
        """Whether the line is being closed; frames pushed now are dropped."""
        return self._closing is not None

    def push(self, data: bytes) -> None:
        """Queue one frame. A full queue closes this line with the "slow" code; the client resumes."""
        if self._closing is not None:
            return
        self._queue.append(data)
        self._bytes += len(data)
        if len(self._queue) > self._frames_max or self._bytes > self._bytes_max:
            if self._task is not None:
                self._drop_slow()
            else:
                # A burst within one turn of the loop: nothing was offered to the reader yet.
                self.flush()
        elif not self._scheduled and self._task is None:
            self._scheduled = True
            self._turn.add(self)

    def end(self, code: int, retry_after_ms: int | None = None) -> None:
        """Close after what is queued. The first code counts."""
        if self._closing is not None:
            return
        self._closing = (code, retry_after_ms)
        if self._task is None:
            self._task = asyncio.create_task(self._finish())
        else:
            # The writer waits for a reader that may never come back: the close frame must not wait as long.
            asyncio.get_running_loop().call_later(2 * CLOSING_S, self._abort_stuck, self._task)

    async def finished(self) -> None:
        """Return when the line is closed or what was queued has left."""
        if self._scheduled:
            self.flush()
        if self._task is not None:
            await asyncio.shield(self._task)

    def _drop_slow(self) -> None:
        self._slow()
        self._queue.clear()
        self.end(CloseCode.SLOW)

    def _abort_stuck(self, writer: asyncio.Task[None]) -> None:
        if not writer.done():
            self._abort()

    def flush(self) -> None:
        """Write what is queued: at once where the transport takes it, else in a task that waits for it."""
        self._scheduled = False
        if self._task is not None or not self._queue:
            return
        if self._write_now(joined(self._queue)):
            self._queue.clear()
            self._bytes = 0
            return
        writing = self._write_all()
        try:
            awaited = writing.send(None)
        except StopIteration:
            return
        self._task = asyncio.create_task(self._wait(writing, awaited))

    async def _wait(self, writing: Coroutine[Any, Any, None], awaited: Any) -> None:
        try:
            await _carried_on(writing, awaited)
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Write what is left, then close if that was asked for."""
        try:
            await self._write_all()
            if self._closing is not None:
                await self._shut(*self._closing)
        finally:
            self._task = None

    async def _write_all(self) -> None:
        try:
            while self._queue:
                frames, self._queue, self._bytes = self._queue, [], 0
                await self._write(joined(frames))
        except (ConnectionError, RuntimeError) as error:
            # The peer went away while we wrote; its reader side notices and cleans up.
            log.debug("a line broke while writing: %s", type(error).__name__)
            self._queue.clear()

    async def _shut(self, code: int, retry_after_ms: int | None) -> None:
        reason = b"" if retry_after_ms is None else orjson.dumps({"retry_after": retry_after_ms})
        try:
            await asyncio.wait_for(self._close(code, reason), CLOSING_S)
        except TimeoutError:
            self._abort()
        except (ConnectionError, RuntimeError) as error:
            log.debug("a line broke while closing: %s", type(error).__name__)


@types.coroutine
def _carried_on(begun: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """Go on inside a task with a coroutine that was begun without one and now waits for ``awaited``."""
    while True:
        try:
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - whatever it is, the coroutine gets it
                awaited = begun.throw(error)
            else:
                awaited = begun.send(sent)
        except StopIteration:
            return
