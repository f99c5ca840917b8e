"""When things happened in one run: what senders waited for, and how long it took after a fault."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from tests.clients.state import ClientState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.clients.state import Answer, Frame, Pending

_PATIENCE_SECONDS = 60.0


class Times:
    """The moments of all clients of one run, by messages' client ids; monotonic seconds."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        """When a message was written."""
        self.acked: dict[str, float] = {}
        self.held: dict[str, float] = {}
        """When the other side first held it."""
        self.answered: list[tuple[float, float]] = []
        """Every attempt to send that was answered, by an acknowledgement or a refusal: when it was made, and how long
        the answer took."""
        self.refusals: Counter[int] = Counter()
        """Refusals by code."""
        self.began = self.ended = float("inf")
        """The fault: when it began, and when what had failed was back."""
        self._changed = asyncio.Event()

    def begin(self) -> None:
        """The fault begins now."""
        self.began = time.monotonic()

    def end(self) -> None:
        """What had failed is back."""
        self.ended = time.monotonic()

    def acknowledge(self, client_id: str, now: float) -> None:
        """A message was acknowledged."""
        self.acked.setdefault(client_id, now)
        self._changed.set()

    def hold(self, client_id: str, now: float) -> None:
        """The other side holds a message."""
        self.held.setdefault(client_id, now)
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until ``holds()`` after something was acknowledged or held.

        Raises:
            TimeoutError: it never did.
        """
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def acked_again_ms(self) -> list[float]:
        """How long after the fault's end something was acknowledged again, ms; one value, or none."""
        after = [at for at in self.acked.values() if at >= self.ended]
        return [1000 * (min(after) - self.ended)] if after else []

    def of_phase(self, phase: Literal["before", "during", "after"], moments: dict[str, float]) -> list[float]:
        """Milliseconds from writing to ``moments``, for the messages that were written in a phase."""
        start, end = {
            "before": (0.0, self.began),
            "during": (self.began, self.ended),
            "after": (self.ended, float("inf")),
        }[phase]
        return sorted(
            1000 * (moments[client_id] - at)
            for client_id, at in self.sent.items()
            if start <= at < end and client_id in moments
        )

    def recovered_ms(self, moment: float, client_ids: Iterable[str]) -> float | None:
        """Milliseconds from ``moment`` until one of these messages was acknowledged and held by the other side.

        Only those count that were acknowledged after it. None: there was none.
        """
        times = [
            max(self.acked[client_id], self.held[client_id])
            for client_id in client_ids
            if self.acked.get(client_id, 0.0) >= moment and client_id in self.held
        ]
        return 1000 * (min(times) - moment) if times else None


class TimedState(ClientState):
    """A client that notes when things happened.

    Args:
        times: of the run.
    """

    def __init__(self, role: Literal["visitor", "agent"], times: Times, token: str | None = None) -> None:
        super().__init__(role, token)
        self._times = times
        self._tried: dict[str, float] = {}
        self._mine: set[str] = set()
        self.written: list[str] = []
        """The client ids of its messages, in order."""
        self.told: dict[str, dict[str, dict[str, int]]] = {}
        """The highest marks that the server told it, by channel and side."""

    @override
    def compose(self, body: str, channel: str | None = None, client_id: str | None = None) -> Pending:
        pending = super().compose(body, channel, client_id)
        self._times.sent[pending.client_id] = self._tried[pending.client_id] = time.monotonic()
        self._mine.add(pending.client_id)
        self.written.append(pending.client_id)
        return pending

    @override
    def resend(self) -> list[Frame]:
        now = time.monotonic()
        self._tried.update(dict.fromkeys(self.outbox, now))
        return super().resend()

    @override
    def disconnected(self) -> None:
        # What was asked on the lost line is answered by nobody: it is asked again on the next.
        self._tried.clear()
        super().disconnected()

    @override
    def receive(self, frame: Frame) -> Answer:
        now = time.monotonic()
        match frame["t"]:
            case "ack":
                self._times.acknowledge(frame["client_id"], now)
                self._answered(frame["client_id"], now)
            case "error":
                self._times.refusals[frame["code"]] += 1
                for pending in self.outbox.values():
                    if pending.ref == frame.get("ref"):
                        self._answered(pending.client_id, now)
            case "event" | "messages":
                for message in frame.get("messages", []):
                    if message["client_id"] not in self._mine:
                        self._times.hold(message["client_id"], now)
            case "marks":
                self._hear(frame["channel"], {"visitor": frame["visitor"], "agents": frame["agents"]})
            case "head":
                self._hear(frame["channel"], frame.get("marks") or {})
            case _:
                pass
        return super().receive(frame)

    def _hear(self, channel: str, marks: dict[str, dict[str, int]]) -> None:
        told = self.told.setdefault(channel, {})
        for side, new in marks.items():
            old = told.get(side, {})
            told[side] = {name: max(mark, old.get(name, 0)) for name, mark in new.items()}

    def _answered(self, client_id: str, now: float) -> None:
        tried = self._tried.pop(client_id, None)
        if tried is not None:
            self._times.answered.append((tried, 1000 * (now - tried)))
