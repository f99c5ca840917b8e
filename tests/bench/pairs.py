"""One visitor and one agent, and what is checked of every message that goes from one to the other."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.wire import Endpoint

BODY_CHARS = 80
_NUMBER_CHARS = 8


def body_of(number: int) -> str:
    """The 80-byte text of a pair's message ``number``."""
    return f"{number:0{_NUMBER_CHARS}d}".ljust(BODY_CHARS, ".")


def client_id_of(pair: int, number: int) -> str:
    """The id of a pair's message: rising over time and over all pairs together, as UUIDv7 do."""
    return f"019a{number >> 16:04x}-{number & 0xFFFF:04x}-7000-8000-{pair:012x}"


def number_in(body: str | bytes) -> int:
    """The number that `body_of` wrote."""
    return int(body[:_NUMBER_CHARS])


class CheckFailed(Exception):
    """A server lost, doubled, reordered or refused a message: its figures mean nothing."""


class Pair:
    """A visitor who sends messages 0, 1, 2 … and an agent who must get each once and in order, as the visitor the acks.

    A message is done when it is acked and delivered; `window` messages may be under way.

    Args:
        visitor: the visitor's socket.
        agent: the agent's socket.
        frame_of: the bytes that send a message, by its number.
    """

    __slots__ = (
        "_all_done",
        "_owed",
        "_sent_at",
        "acked",
        "agent",
        "delivered",
        "frame_of",
        "latencies_ns",
        "receipts",
        "sent",
        "stopping",
        "visitor",
        "window",
    )

    def __init__(self, visitor: Endpoint, agent: Endpoint, frame_of: Callable[[int], bytes]) -> None:
        self.visitor = visitor
        self.agent = agent
        self.frame_of = frame_of
        self.sent = self.acked = self.delivered = 0
        self.window = 1
        self.stopping = True
        self.receipts: Receipts | None = None
        self.latencies_ns: list[int] = []
        self._owed: int | None = None
        self._sent_at: list[int] = []
        self._all_done: asyncio.Future[None] | None = None

    def run_freely(self, window: int) -> None:
        """Send as fast as answers come, with ``window`` under way, until `stop`."""
        self.window, self._owed, self.stopping = window, None, False
        self.pump()

    def run_on_demand(self) -> None:
        """Send what `owe` asks for, one at a time."""
        self.window, self._owed, self.stopping = 1, 0, False

    def owe(self) -> None:
        """One more message is due."""
        assert self._owed is not None
        self._owed += 1
        self.pump()

    async def stop(self) -> None:
        """Send no more, and return when everything sent is done."""
        self.stopping = True
        if min(self.acked, self.delivered) < self.sent:
            self._all_done = asyncio.get_running_loop().create_future()
            await self._all_done
        if self.receipts is not None:
            await self.receipts.settled(self.sent)

    def drop(self) -> None:
        """End both connections without a close frame."""
        self.visitor.drop()
        self.agent.drop()

    def pump(self) -> None:
        """Send what the window and the demand allow."""
        free = self.window - (self.sent - min(self.acked, self.delivered))
        if self._owed is not None:
            free = min(free, self._owed)
        if self.stopping or free <= 0:
            return
        first = self.sent
        if free == 1:
            frames = self.frame_of(first)
        else:
            frames = b"".join([self.frame_of(number) for number in range(first, first + free)])
        self.sent = first + free
        if self._owed is not None:
            self._owed -= free
        self._sent_at.extend([time.perf_counter_ns()] * free)
        self.visitor.write(frames)

    def took_ack(self, number: int) -> None:
        """The visitor was told that ``number`` is stored."""
        if number != self.acked or number >= self.sent:
            raise CheckFailed(f"ack of {number} where {self.acked} of {self.sent} was due")
        self.acked = number + 1
        if number < self.delivered:
            self._finish(number)

    def took_delivery(self, number: int) -> None:
        """The agent got ``number``."""
        if number != self.delivered or number >= self.sent:
            raise CheckFailed(f"delivery of {number} where {self.delivered} of {self.sent} was due")
        self.delivered = number + 1
        if self.receipts is not None:
            self.receipts.owe(number)
        if number < self.acked:
            self._finish(number)

    def after_batch(self) -> None:
        """Everything that arrived together has been taken."""
        if self.receipts is not None:
            self.receipts.flush()
        if not self.stopping:
            self.pump()
        elif self._all_done is not None and min(self.acked, self.delivered) == self.sent and not self._all_done.done():
            self._all_done.set_result(None)

    def _finish(self, number: int) -> None:
        self.latencies_ns.append(time.perf_counter_ns() - self._sent_at[number])


class Receipts:
    """A receipt of both sides for every message, and the arrival of the last ones.

    Args:
        pair: whose.
        agent_frame: the bytes of the agent's receipt up to a number.
        visitor_frame: the same for the visitor.
    """

    def __init__(self, pair: Pair, agent_frame: Callable[[int], bytes], visitor_frame: Callable[[int], bytes]) -> None:
        self._pair = pair
        self._agent_frame = agent_frame
        self._visitor_frame = visitor_frame
        self._owed: list[int] = []
        self.reached_agent = self.reached_visitor = 0
        self._waiting: tuple[int, asyncio.Future[None]] | None = None

    def owe(self, number: int) -> None:
        """Message ``number`` is held by the agent: both sides will say what they hold and have seen."""
        self._owed.append(number)

    def flush(self) -> None:
        """Send the receipts that are due, one for each message and side."""
        if self._owed:
            self._pair.agent.write(b"".join([self._agent_frame(number) for number in self._owed]))
            self._pair.visitor.write(b"".join([self._visitor_frame(number) for number in self._owed]))
            self._owed.clear()

    def took(self, *, agent: int | None = None, visitor: int | None = None) -> None:
        """The agent, or the visitor, was told how many messages the other side has seen."""
        if agent is not None:
            self.reached_agent = agent
        if visitor is not None:
            self.reached_visitor = visitor
        if self._waiting is not None and min(self.reached_agent, self.reached_visitor) >= self._waiting[0]:
            self._waiting[1].set_result(None)
            self._waiting = None

    async def settled(self, count: int) -> None:
        """Return when both sides know that the other has seen ``count`` messages."""
        if min(self.reached_agent, self.reached_visitor) < count:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting = (count, future)
            await future
