"""Calls that may be repeated: under one key a call is carried out once, and a repeat gets the first answer again.

Keys are their token's own (S48) and open nothing. Answers are kept for a day, sealed: some tell a secret once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.sealing import Unopenable
from widget_server.core.errors import TryLater, Unacceptable
from widget_server.store.queries import repeats as queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.engine import Clock
    from widget_server.actions.sealing import Sealer
    from widget_server.store.database import Database, Transaction

KEPT_MS: Final = 86_400_000
_RUNS_MS: Final = 120_000
"""After this long a call without an answer is thought to have ended with its process."""
_PATIENCE_MS: Final = 1_000


class Kept(NamedTuple):
    """An answer: its HTTP status and body."""

    status: int
    body: str


class Repeats:
    """The installation's kept answers."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock

    async def once(self, owner: str, key: str, digest: str, call: Callable[[], Awaitable[Kept]]) -> tuple[Kept, bool]:
        """Carry a call out, or return what it was answered before; and whether that was before.

        A call that is refused leaves nothing behind: it may be made again under the same key.

        Args:
            owner: whose key it is.
            key: the caller's.
            digest: of what is called with which body.
            call: does it.

        Raises:
            Unacceptable: ``conflict`` where the key was used for something else.
            TryLater: ``busy`` while the first call runs.
        """
        before = await self._claim(owner, key, digest)
        if before is not None:
            return before, True
        try:
            answer = await call()
        except BaseException:
            await self._database.write(lambda tx: tx.run(queries.FORGET, of_owner=owner, of_key=key))
            raise
        body = self._sealer.seal(answer.body, _place(owner, key))
        await self._database.write(
            lambda tx: tx.run(queries.KEEP, of_owner=owner, of_key=key, new_status=answer.status, new_body=body)
        )
        return answer, False

    async def _claim(self, owner: str, key: str, digest: str) -> Kept | None:
        now = self._clock.now_ms()

        async def claim(tx: Transaction) -> tuple[str, int | None, str | None] | None:
            await tx.run(
                queries.FORGET_OLD, of_owner=owner, of_key=key, kept_since=now - KEPT_MS, running_since=now - _RUNS_MS
            )
            if await tx.run(queries.CLAIM, owner=owner, key=key, digest=digest, now=now):
                return None
            row = await tx.one(queries.FIND, of_owner=owner, of_key=key)
            # Between the two the first call may have been refused, and its row be gone.
            return (digest, None, None) if row is None else (row[0], row[1], row[2])

        found = await self._database.write(claim)
        if found is None:
            return None
        first, status, body = found
        if first != digest:
            raise Unacceptable("conflict")
        if status is None or body is None:
            raise TryLater("busy", _PATIENCE_MS)
        try:
            return Kept(status, self._sealer.open(body, _place(owner, key)))
        except Unopenable:
            raise Unacceptable("conflict") from None


async def do_sweep_answers(db: Database, now_ms: int) -> int:
    """Forget the answers that are past their day, and return how many there were."""
    return await db.write(lambda tx: tx.run(queries.SWEEP, kept_since=now_ms - KEPT_MS))


def _place(owner: str, key: str) -> str:
    return f"answer to {owner} under {key}"
