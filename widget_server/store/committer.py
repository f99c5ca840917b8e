"""Group commit: everything that arrived while the previous commit ran goes into the next one, in one hop.

No timer: batches form by themselves. Nothing is answered or published before its commit has returned (G01), a row that
fails fails alone, and a full queue answers "busy" at once (G12).

Where other nodes write too, a channel that one of them holds is left out of the batch and set *aside*: it commits next
in batches of its own, which wait for it, and what comes for it meanwhile goes behind. Transaction functions then run
beside the batches, each on its own connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from widget_server.core.errors import ProductError, TryLater
from widget_server.store.batch import SKIPPED, Contended, Data, Outcomes, apply
from widget_server.store.database import Database, Held, StoreUnavailable, SyncFailed, Transaction
from widget_server.store.records import Committed, Function, Write

log = logging.getLogger(__name__)

Sink = Callable[[Committed], None]
"""Takes what a commit brought, in order of version, right after it; must not block or raise."""

_ASIDE_AT_ONCE: Final = 3
"""How many contended channels are waited for at a time: each waits on a connection of its own."""
_FUNCTIONS_AT_ONCE: Final = 4


class Committer:
    """The store's only way in for writes.

    :param sink: what the application wires to the hub.
    :param queue_max: operations that may wait; one more is refused with ``busy``.
    :param batch_max: operations in one commit.
    :param fatal: called once when the disk refused to sync: the process must stop.
    """

    def __init__(
        self,
        database: Database,
        sink: Sink,
        *,
        queue_max: int = 10_000,
        batch_max: int = 500,
        fatal: Callable[[BaseException], None],
    ) -> None:
        self._database = database
        self._sink = sink
        self._queue: deque[Write] = deque()
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._fatal = fatal
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._open = 0
        """Operations that were taken and are not answered."""
        self._flying = 0
        """Those of them that are in the commit that runs."""
        self._task: asyncio.Task[None] | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._aside: dict[int, deque[Data]] = {}
        self._flying_aside: set[int] = set()
        self._aside_turn = asyncio.Semaphore(_ASIDE_AT_ONCE)
        self._functions: deque[Function] = deque()
        self._running_functions = 0
        self._busy_lines: set[str] = set()
        self._broken = False

    @property
    def depth(self) -> int:
        """How many operations wait."""
        return self._open - self._flying

    def start(self) -> None:
        """Begin to commit; needs a running loop."""
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Commit all that waits, then end."""
        if self._task is None:
            return
        await self.drained()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def drained(self) -> None:
        """Return when nothing waits and nothing runs."""
        await self._idle.wait()

    def submit(self, write: Write) -> None:
        """Queue ``write``; its ``done`` is called after the commit (receipts have none).

        :raises TryLater: ``busy`` when the queue is full, ``unavailable`` after the disk has failed.
        """
        if self._broken:
            raise TryLater("unavailable", 5000)
        if self._open - self._flying >= self._queue_max:
            raise TryLater("busy", 1000)
        if not self._open:
            self._idle.clear()
        if not self._queue:
            self._wake.set()
        self._open += 1
        self._queue.append(write)

    async def run(self, fn: Callable[[Transaction, Committed], Any]) -> Any:
        """Queue a transaction function and wait for its result.

        :raises ProductError: what the function refused, or a :class:`TryLater` of the queue or the database.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def done(outcome: Any) -> None:
            if future.done():
                return
            if isinstance(outcome, ProductError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self.submit(Function(fn, done))
        return await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._commit_next()
                self._flying = 0

    async def _commit_next(self) -> None:
        first = self._queue[0]
        if isinstance(first, Function):
            self._queue.popleft()
            if self._database.one_writer:
                self._flying = 1
                await self._function(first)
            else:
                self._functions.append(first)
                self._start_functions()
            return
        batch: list[Data] = []
        while self._queue and len(batch) < self._batch_max:
            write = self._queue[0]
            if isinstance(write, Function):
                break
            self._queue.popleft()
            behind = self._aside.get(write.channel_id) if self._aside else None
            if behind is None:
                batch.append(write)
            else:
                behind.append(write)
        if batch:
            self._flying = len(batch)
            try:
                await self._data(batch)
            except Exception as error:  # noqa: BLE001  # a batch must never end the committer
                self._give_up(batch, error)

    async def _data(self, batch: Sequence[Data], *, wait: bool = False) -> None:
        try:
            outcomes, committed = await self._transact(batch, wait=wait)
        except (StoreUnavailable, SyncFailed):
            raise
        except Contended as held:
            self._set_aside([write for write in batch if write.channel_id in held.channel_ids])
            others = [write for write in batch if write.channel_id not in held.channel_ids]
            if others:
                await self._data(others)
            return
        except Exception:
            if len(batch) == 1:
                raise
            log.exception("a batch failed; its members run again alone", extra={"members": len(batch)})
            for write in batch:
                try:
                    await self._data([write], wait=wait)
                except Exception as error:  # noqa: BLE001  # the others must still be tried
                    self._refuse([write], error)
            return
        self._publish(committed)
        for write, outcome in outcomes:
            if outcome is not SKIPPED:
                _answer(write, outcome)
        skipped = [write for write, outcome in outcomes if outcome is SKIPPED] if not self._database.one_writer else []
        self._settle(len(outcomes) - len(skipped))
        self._set_aside(skipped)

    async def _transact(self, batch: Sequence[Data], *, wait: bool) -> tuple[Outcomes, Committed]:
        committed = Committed()

        async def work(tx: Transaction) -> Outcomes:
            fresh = Committed()
            outcomes = await apply(tx, batch, fresh, wait=wait)
            committed.events, committed.marks, committed.sites = fresh.events, fresh.marks, fresh.sites
            committed.leaves, committed.files, committed.places = fresh.leaves, fresh.files, fresh.places
            committed.readers, committed.stirred = fresh.readers, fresh.stirred
            return outcomes

        return await self._database.write(work), committed

    # --- channels that others hold

    def _set_aside(self, writes: Sequence[Data]) -> None:
        for write in writes:
            behind = self._aside.get(write.channel_id)
            if behind is None:
                behind = self._aside[write.channel_id] = deque()
                _ = self._start(self._wait_for(write.channel_id, behind))
            behind.append(write)

    async def _wait_for(self, channel_id: int, behind: deque[Data]) -> None:
        """Commit what stands aside for a channel until nothing does; it then goes with the others again."""
        while behind:
            async with self._aside_turn:
                batch = [behind.popleft() for _ in range(min(len(behind), self._batch_max))]
                if not batch:
                    break
                self._flying_aside.add(channel_id)
                try:
                    await self._data(batch, wait=True)
                except Exception as error:  # noqa: BLE001  # as in a batch of the others
                    self._refuse([*batch, *behind], error)
                    behind.clear()
                    if _is_down(error):
                        self._refuse_aside(error)
                finally:
                    self._flying_aside.discard(channel_id)
        del self._aside[channel_id]

    def _refuse_aside(self, error: BaseException) -> None:
        """What waits for its turn would wait as long again (G14).

        What is behind a batch under way is refused with that one, not before it: the first that is refused is the one
        that its sender begins again with.
        """
        for channel_id, behind in self._aside.items():
            if channel_id not in self._flying_aside:
                self._refuse([*behind], error)
                behind.clear()

    # --- functions

    def _start_functions(self) -> None:
        """Begin those that may: so many at once, and of one ``line`` one after the other."""
        for function in list(self._functions):
            if self._running_functions >= _FUNCTIONS_AT_ONCE:
                return
            if function.line not in self._busy_lines:
                self._functions.remove(function)
                self._running_functions += 1
                if function.line:
                    self._busy_lines.add(function.line)
                _ = self._start(self._function_beside(function))

    async def _function_beside(self, function: Function) -> None:
        await self._function(function)
        self._running_functions -= 1
        self._busy_lines.discard(function.line)
        self._start_functions()

    def _refuse_functions(self, function: Function, error: BaseException) -> None:
        """Refuse a function, and with it what would overtake it or would wait as long again (G14)."""
        if _is_down(error):
            # Those of a line that is under way are refused with what is before them, not earlier.
            others = self._busy_lines - {function.line}
            behind = [other for other in self._functions if other.line not in others]
        elif isinstance(error, StoreUnavailable) and function.line:
            behind = [other for other in self._functions if other.line == function.line]
        else:
            behind = []
        for other in behind:
            self._functions.remove(other)
        self._refuse([function, *behind], error)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        return task

    async def _function(self, function: Function) -> None:
        committed = Committed()

        async def work(tx: Transaction) -> Any:
            fresh = Committed()
            result = await function.fn(tx, fresh)
            committed.events, committed.marks = fresh.events, fresh.marks
            committed.sites, committed.people = fresh.sites, fresh.people
            committed.news, committed.notices = fresh.news, fresh.notices
            committed.leaves, committed.files, committed.places = fresh.leaves, fresh.files, fresh.places
            committed.readers, committed.stirred, committed.rooms = fresh.readers, fresh.stirred, fresh.rooms
            return result

        try:
            result = await self._database.write(work)
        except ProductError as refusal:
            _answer(function, refusal)
            self._settle(1)
        except Exception as error:  # noqa: BLE001  # a function must never end the committer
            if self._database.one_writer:
                self._give_up([function], error)
            else:
                self._refuse_functions(function, error)
        else:
            _answer(function, result)
            self._settle(1)
            self._publish(committed)

    # --- what came of it

    def _settle(self, count: int) -> None:
        self._open -= count
        if not self._open:
            self._idle.set()

    def _publish(self, committed: Committed) -> None:
        try:
            self._sink(committed)
        except Exception:
            log.exception("publishing failed; readers are brought up to date by stamps")

    def _give_up(self, batch: Sequence[Write], error: BaseException) -> None:
        if isinstance(error, StoreUnavailable):
            # What waits behind would wait as long again (G14), and overtake what is refused now. What waits for others
            # that are under way is refused with those, not before them.
            waiting = list(self._queue)
            self._queue.clear()
            batch = [*batch, *(write for write in waiting if not self._falls_in_behind(write))]
        self._refuse(batch, error)

    def _falls_in_behind(self, write: Write) -> bool:
        """Put a write behind those of its channel or line that are under way; whether there are any."""
        if isinstance(write, Function):
            if not write.line or write.line not in self._busy_lines:
                return False
            self._functions.append(write)
            return True
        if write.channel_id not in self._aside:
            return False
        self._aside[write.channel_id].append(write)
        return True

    def _refuse(self, batch: Sequence[Write], error: BaseException) -> None:
        if isinstance(error, SyncFailed):
            self._broken = True
            log.critical("the disk refused to sync; stopping")
            self._fatal(error)
            outcome: ProductError = TryLater("unavailable", 5000)
        elif isinstance(error, StoreUnavailable):
            log.error("the store cannot be written: %s", error)
            outcome = TryLater("unavailable", 1000)
        else:
            log.error("a write failed", exc_info=error)
            outcome = TryLater("internal", 5000)
        for write in batch:
            _answer(write, outcome)
        self._settle(len(batch))


def _is_down(error: BaseException) -> bool:
    """Whether nobody else will fare better just now."""
    return isinstance(error, StoreUnavailable) and not isinstance(error, Held)


def _answer(write: Write, outcome: Any) -> None:
    done = getattr(write, "done", None)
    if done is None:
        return
    try:
        done(outcome)
    except Exception:
        log.exception("an answer could not be handed over")
