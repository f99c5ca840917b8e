"""Group commit: everything that arrived while the previous commit ran goes into the next one, in one hop.

No timer: batches form by themselves. Nothing is answered or published before its commit has returned (G01), a row that
fails fails alone, and a full queue answers "busy" at once (G12).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from widget_server.core.errors import ProductError, TryLater
from widget_server.store.batch import Data, Outcomes, apply
from widget_server.store.database import Database, StoreUnavailable, SyncFailed, Transaction
from widget_server.store.records import Committed, Function, Write

log = logging.getLogger(__name__)

Sink = Callable[[Committed], None]
"""Takes what a commit brought, in order of version, right after it; must not block or raise."""


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
        self._task: asyncio.Task[None] | None = None
        self._broken = False

    @property
    def depth(self) -> int:
        """How many operations wait."""
        return len(self._queue)

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
        if len(self._queue) >= self._queue_max:
            raise TryLater("busy", 1000)
        if not self._queue:
            self._idle.clear()
            self._wake.set()
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
            self._idle.set()

    async def _commit_next(self) -> None:
        first = self._queue[0]
        if isinstance(first, Function):
            self._queue.popleft()
            await self._function(first)
            return
        batch: list[Data] = []
        while self._queue and len(batch) < self._batch_max:
            write = self._queue[0]
            if isinstance(write, Function):
                break
            batch.append(write)
            self._queue.popleft()
        try:
            await self._data(batch)
        except Exception as error:  # noqa: BLE001  # a batch must never end the committer
            self._give_up(batch, error)

    async def _data(self, batch: Sequence[Data]) -> None:
        try:
            outcomes, committed = await self._transact(batch)
        except (StoreUnavailable, SyncFailed):
            raise
        except Exception:
            if len(batch) == 1:
                raise
            log.exception("a batch failed; its members run again alone", extra={"members": len(batch)})
            for write in batch:
                try:
                    await self._data([write])
                except Exception as error:  # noqa: BLE001  # the others must still be tried
                    self._give_up([write], error)
            return
        self._publish(committed)
        for write, outcome in outcomes:
            _answer(write, outcome)

    async def _transact(self, batch: Sequence[Data]) -> tuple[Outcomes, Committed]:
        committed = Committed()

        async def work(tx: Transaction) -> Outcomes:
            fresh = Committed()
            outcomes = await apply(tx, batch, fresh)
            committed.events, committed.marks, committed.sites = fresh.events, fresh.marks, fresh.sites
            return outcomes

        return await self._database.write(work), committed

    async def _function(self, function: Function) -> None:
        committed = Committed()

        async def work(tx: Transaction) -> Any:
            fresh = Committed()
            result = await function.fn(tx, fresh)
            committed.events, committed.marks = fresh.events, fresh.marks
            committed.sites, committed.people = fresh.sites, fresh.people
            return result

        try:
            result = await self._database.write(work)
        except ProductError as refusal:
            _answer(function, refusal)
        except Exception as error:  # noqa: BLE001  # a function must never end the committer
            self._give_up([function], error)
        else:
            _answer(function, result)
            self._publish(committed)

    def _publish(self, committed: Committed) -> None:
        try:
            self._sink(committed)
        except Exception:
            log.exception("publishing failed; readers are brought up to date by stamps")

    def _give_up(self, batch: Sequence[Write], error: BaseException) -> None:
        if isinstance(error, SyncFailed):
            self._broken = True
            log.critical("the disk refused to sync; stopping")
            self._fatal(error)
            outcome: ProductError = TryLater("unavailable", 5000)
        elif isinstance(error, StoreUnavailable):
            log.error("the store cannot be written: %s", error)
            outcome = TryLater("unavailable", 1000)
            # What waits behind would wait as long again (G14), and overtake what is refused now.
            batch = [*batch, *self._queue]
            self._queue.clear()
        else:
            log.error("a write failed", exc_info=error)
            outcome = TryLater("internal", 5000)
        for write in batch:
            _answer(write, outcome)


def _answer(write: Write, outcome: Any) -> None:
    done = getattr(write, "done", None)
    if done is None:
        return
    try:
        done(outcome)
    except Exception:
        log.exception("an answer could not be handed over")
