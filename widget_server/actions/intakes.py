"""Taking the bytes of a file in: one request at a time holds it, and what it has brought counts once it is durable.

Bytes are written as they come. What a sender is told (an answered request, or a question how far it has come) is what
was synced and then taken down in the row; nothing before that place is ever written again. What was written behind it
is nobody's, and the next request may write it anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from widget_server.core.errors import TryLater, Unacceptable
from widget_server.store.objects import BLOCK, HeldElsewhere
from widget_server.store.queries import files as q

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.actions.stored_files import StoredFile
    from widget_server.store.database import Transaction
    from widget_server.store.objects import Incoming, Objects
    from widget_server.store.records import Committed

KEPT_BYTES: Final = 33_554_432
KEPT_MS: Final = 10_000
"""After so much, or so long, of one request its progress is taken down: what a killed server may cost a sender."""
EACH_AT_ONCE: Final = 4
"""Files of one person that are taken in at the same time."""
_WRITES_AT_ONCE: Final = 4
"""Of all files; each is short. Whoever waits for a sender has none of these places."""
_PATIENCE_MS: Final = 2_000


class Intakes:
    """One node's: who sends which file. One per application."""

    def __init__(self) -> None:
        self.writes: Final = asyncio.Semaphore(_WRITES_AT_ONCE)
        self._of_owners: dict[int, dict[int, Intake]] = {}

    def enter(self, intake: Intake, owner_id: int, key: int) -> Intake | None:
        """Make an intake the one that sends this file, and return the one that it takes the file over from.

        A sender that comes again after a cut may be here before its old line is known to be dead.

        Raises:
            TryLater: ``busy`` where this person sends enough other files.
        """
        of_owner = self._of_owners.setdefault(owner_id, {})
        earlier = of_owner.get(key)
        if earlier is None and len(of_owner) >= EACH_AT_ONCE:
            raise TryLater("busy", _PATIENCE_MS)
        of_owner[key] = intake
        return earlier

    def leave(self, intake: Intake, owner_id: int, key: int) -> None:
        """Make room, unless a later intake sends this file."""
        of_owner = self._of_owners.get(owner_id, {})
        if of_owner.get(key) is intake:
            del of_owner[key]
            if not of_owner:
                del self._of_owners[owner_id]


class Intake:
    """One request that brings bytes of a file. Use as an async context manager.

    Args:
        engine: the engine.
        intakes: this node's.
        objects: where the bytes go.
        name: of the object there.
        file: as it was read; it goes on where that says.

    Raises:
        TryLater: ``busy``, on entering: this person sends enough other files, or another node holds this one.
        Unacceptable: ``wrong_offset``, on entering: it stands elsewhere by now.
    """

    def __init__(self, engine: Engine, intakes: Intakes, objects: Objects, name: str, file: StoredFile) -> None:
        self._engine = engine
        self._intakes = intakes
        self._objects = objects
        self._name = name
        self._file = file
        self.kept = file.received
        """Up to where it is durable and taken down."""
        self._written = file.received
        self._collected = bytearray()
        self._part: Incoming | None = None
        self._lock = asyncio.Lock()
        """Who takes the file over waits for what is being written."""
        self._is_over = False
        self._is_loose = False
        """Whether there may be bytes of which the row knows nothing."""
        self._keep_at_ms = engine.clock.monotonic_ms() + KEPT_MS

    async def __aenter__(self) -> Self:
        earlier = self._intakes.enter(self, self._file.owner_id, self._file.id)
        try:
            async with self._lock:
                if earlier is not None:
                    await earlier.end()
                await self._begin()
        except BaseException:
            await self._leave()
            raise
        return self

    async def _begin(self) -> None:
        if self._is_over:
            raise Unacceptable("wrong_offset")
        self._is_loose = True
        try:
            self._part = await self._objects.begin(self._name, self.kept)
        except HeldElsewhere:
            raise TryLater("busy", _PATIENCE_MS) from None
        # Asked while it is held: whoever held it before may have come further, and it may have been given up.
        if await self._progress() != ("coming", self.kept):
            raise Unacceptable("wrong_offset")
        self._is_loose = False

    async def __aexit__(self, *_: object) -> None:
        await self._leave()

    async def _leave(self) -> None:
        await self.end()
        self._intakes.leave(self, self._file.owner_id, self._file.id)

    async def take(self, block: bytes) -> None:
        """Take what comes next. Large blocks are written at once, small ones when there are enough of them.

        Raises:
            Unacceptable: ``file_too_large`` where more comes than was announced; ``wrong_offset`` where a later request
                has taken the file over.
            StoreUnavailable: the store is full, or does not answer.
        """
        taken = self._written + len(self._collected) + len(block)
        if taken > self._file.size:
            raise Unacceptable("file_too_large", limit=-(-self._file.size // 1_000_000))
        if self._collected or len(block) < BLOCK:
            self._collected += block
            if len(self._collected) >= BLOCK:
                await self._write_collected()
        else:
            await self._write(block)
        if taken - self.kept >= KEPT_BYTES or self._engine.clock.monotonic_ms() >= self._keep_at_ms:
            await self.keep()

    async def _write_collected(self) -> None:
        # What cannot be written is given up: what was written before it still counts.
        data, self._collected = self._collected, bytearray()
        await self._write(data)

    async def _write(self, data: bytes | bytearray) -> None:
        async with self._lock:
            part = self._held_part()
            self._is_loose = True
            async with self._intakes.writes:
                await part.write(data)
            self._written += len(data)

    async def keep(self) -> None:
        """Make durable what has come, and take it down.

        Raises:
            Unacceptable: ``wrong_offset`` where a later request has taken the file over, or it was given up.
            StoreUnavailable: the store is full, or does not answer.
        """
        if self._collected:
            await self._write_collected()
        if self._written == self.kept:
            return
        async with self._lock:
            part = self._held_part()
            async with self._intakes.writes:
                await part.sync()
            await self._take_down()
        self._keep_at_ms = self._engine.clock.monotonic_ms() + KEPT_MS

    async def _take_down(self) -> None:
        key, was, to, now = self._file.id, self.kept, self._written, self._engine.clock.now_ms()

        async def work(tx: Transaction, _committed: Committed) -> bool:
            return bool(await tx.run(q.RECEIVE, key=key, was=was, to=to, now=now))

        if not await self._engine.committer.run(work):
            raise Unacceptable("wrong_offset")
        self.kept, self._is_loose = to, False

    async def end(self) -> None:
        """Write no more. Of a file that was given up meanwhile nothing stays: nobody else knows of it any more."""
        self._is_over = True
        async with self._lock:
            part, self._part = self._part, None
            if part is None:
                return
            try:
                if self._is_loose and (await self._progress())[0] == "removed":
                    await self._objects.delete(self._name)
            finally:
                await part.close()

    def _held_part(self) -> Incoming:
        if self._part is None:
            raise Unacceptable("wrong_offset")
        return self._part

    async def _progress(self) -> tuple[str, int]:
        """How the file stands now, and how much of it is kept; one whose row is gone is removed."""
        key = self._file.id
        row = await self._engine.database.read(lambda tx: tx.one(q.PROGRESS, key=key))
        return ("removed", 0) if row is None else (str(row[0]), int(row[1]))
