"""What both ways of carrying frames share: taking them in, waiting for what they bring, resending what was refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.patience import PATIENCE_SECONDS
from widget_server.protocol.answers import SERVER_FRAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.state import ChannelState, ClientState, Frame, Pending
    from tests.clients.truth import TruthFile


class Carrier:
    """A client whose frames travel somehow. Subclasses connect, and carry what `_transmit` is given.

    Args:
        state: who the client is and what it holds.
        truth: where messages are noted before they are sent.
        validate: check every received frame against the written contract (costs time: off for measuring).
    """

    def __init__(self, state: ClientState, *, truth: TruthFile | None = None, validate: bool = True) -> None:
        self.state = state
        self._truth = truth
        self._validate = validate
        self._changed = asyncio.Event()
        self._resending: asyncio.TimerHandle | None = None
        self._background: set[asyncio.Future[None]] = set()

    async def _transmit(self, frames: list[Frame]) -> None:
        """Carry frames up; where that fails they are lost, and the outbox sends them again after the next welcome."""
        raise NotImplementedError

    async def say(self, *frames: Frame) -> None:
        """Send frames as they are."""
        await self._transmit(list(frames))

    async def ask(self, frame: Frame) -> Frame:
        """Send a frame that is answered by ``ref``, and return the answer (which may be an error)."""
        await self.say(frame)
        await self.until(lambda: frame["ref"] in self.state.answers)
        return self.state.answers[frame["ref"]]

    async def send(self, body: str, channel: str | None = None, client_id: str | None = None) -> Pending:
        """Put a message into the outbox and send it; does not wait for its ack."""
        pending = self.state.compose(body, channel, client_id)
        if self._truth is not None:
            self._truth.will_send(pending.client_id, body)
        await self.say(pending.frame())
        return pending

    async def deliver(self, body: str, channel: str | None = None) -> Frame:
        """Send a message and return its ack.

        Raises:
            AssertionError: the message was refused for good.
        """
        pending = await self.send(body, channel)
        await self.until(lambda: pending.ack is not None or pending.failed is not None)
        assert pending.ack is not None, pending.failed
        return pending.ack

    async def show(self, name: str) -> ChannelState:
        """Open a channel and return it once it is synced."""
        await self.say(self.state.open(name))
        channel = self.state.channels[name]
        await self.until(lambda: channel.is_settled or channel.gone)
        return channel

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until ``holds()`` after some received frame.

        Raises:
            TimeoutError: it never did.
        """
        async with asyncio.timeout(seconds):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def _take(self, received: Frame | list[Frame]) -> None:
        """Handle one message of the server's: a frame or an array of them."""
        for frame in received if isinstance(received, list) else [received]:
            if self._validate:
                SERVER_FRAME.validate_python(frame)
            if frame["t"] == "ack" and self._truth is not None:
                self._truth.was_acked(frame["client_id"], frame["seq"])
            answer = self.state.receive(frame)
            if answer.retry_after is not None:
                self._resend_in(answer.retry_after / 1000)
            if answer.frames:
                await self._transmit(answer.frames)
        self._changed.set()

    def _resend_in(self, seconds: float) -> None:
        if self._resending is not None:
            self._resending.cancel()
        self._resending = asyncio.get_running_loop().call_later(seconds, self._resend)

    def _resend(self) -> None:
        self._resending = None
        task = asyncio.ensure_future(self._transmit(self.state.resend()))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _stop_timers(self) -> None:
        if self._resending is not None:
            self._resending.cancel()
        for task in list(self._background):
            task.cancel()
