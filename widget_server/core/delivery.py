"""The delivery of one message, as its author sees it: one transition table for Python and TypeScript.

``pending`` is known to the author's device alone, ``sent`` is committed by the server, ``delivered`` is held by a
device of the other side, ``seen`` was in a visible and focused view there. ``failed`` waits for a retry. The server
stores no state per message: it keeps watermarks per reader, and the state is derived from them (guarantee G07).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Delivery(StrEnum):
    """Where one message stands on its way from its author to the other side."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    SEEN = "seen"
    FAILED = "failed"


class DeliveryEvent(StrEnum):
    """What can happen to a message on its way."""

    ACKED = "acked"
    REACHED = "reached"
    VIEWED = "viewed"
    REFUSED = "refused"
    RETRIED = "retried"


_D = Delivery
_E = DeliveryEvent

TRANSITIONS: Final[dict[Delivery, dict[DeliveryEvent, Delivery]]] = {
    _D.PENDING: {_E.ACKED: _D.SENT, _E.REACHED: _D.DELIVERED, _E.VIEWED: _D.SEEN, _E.REFUSED: _D.FAILED},
    _D.SENT: {_E.REACHED: _D.DELIVERED, _E.VIEWED: _D.SEEN},
    _D.DELIVERED: {_E.VIEWED: _D.SEEN},
    _D.SEEN: {},
    _D.FAILED: {_E.RETRIED: _D.PENDING, _E.ACKED: _D.SENT, _E.REACHED: _D.DELIVERED, _E.VIEWED: _D.SEEN},
}


def advance(state: Delivery, event: DeliveryEvent) -> Delivery:
    """The state after ``event``; an event without an entry is stale news and changes nothing.

    A failed message can still turn out to be stored (its ack was lost), hence the entries under ``failed``.
    """
    return TRANSITIONS[state].get(event, state)


NOT_TOLD: Final = -1
"""In the place of a ``seen`` that is nobody else's business."""


class Marks(NamedTuple):
    """One side's two watermarks in a channel: every message up to that ``seq`` is delivered, or seen."""

    delivered: int = 0
    seen: int = 0

    def without_seen(self) -> Marks:
        """What others are told of a side that keeps to itself what it has seen (P6)."""
        return Marks(self.delivered, NOT_TOLD)


def raised(marks: Marks, delivered: int, seen: int, last_seq: int) -> Marks:
    """``marks`` after a receipt: cut to ``last_seq``, only ever rising, and what is seen is delivered too (G07)."""
    seen = max(marks.seen, min(seen, last_seq))
    return Marks(max(marks.delivered, min(delivered, last_seq), seen), seen)


def state_of(seq: int, others: Marks) -> Delivery:
    """The state of a committed message with number ``seq``, given the watermarks of the other side."""
    if seq <= others.seen:
        return Delivery.SEEN
    if seq <= others.delivered:
        return Delivery.DELIVERED
    return Delivery.SENT
