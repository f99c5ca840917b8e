"""Challenges: what a browser, or somebody it comes from, has to answer within minutes, and once on all nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.store.queries import challenges as queries

if TYPE_CHECKING:
    from widget_server.store.database import Transaction


class Challenge(NamedTuple):
    """What was asked of one browser."""

    value: bytes
    """Random bytes."""
    expires_at: int
    """UTC ms."""


async def use_up(tx: Transaction, challenge: Challenge, now_ms: int) -> bool:
    """Return whether this is the first answer, in the transaction of what it opens."""
    await tx.run(queries.FORGET, now=now_ms)
    return await tx.run(queries.USE, nonce=challenge.value.hex(), expires_at=challenge.expires_at) == 1
