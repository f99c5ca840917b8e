"""The line of one visitor or one agent: keeps what is unacknowledged, comes back after a cut, resumes what it holds."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from tests.bench.wire import Endpoint
from widget_server.protocol.codes import RETRIABLE_FROM, may_reconnect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.load.talk import Holding, Outgoing, Side, Tally

_RECEIPT_SECONDS = 0.5
"""A page says at most so often what it holds and has shown."""
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_POSITIONS_MAX = 200


class Door(NamedTuple):
    """Where a line connects, and as whom."""

    host: str
    port: int
    tls: bool
    target: str
    headers: dict[str, str]
    source: str


class Line:
    """One line. It is there until `leave`; what ends it otherwise makes it come back.

    Args:
        door: where to connect.
        side: who speaks.
        tally: where to count.
        fresh: called with the channel, the side and the number of every message that was not held before.
        acked: called with every message that is acknowledged for the first time.
        returned: called when the line is greeted and all it shows is synced.
    """

    def __init__(
        self,
        door: Door,
        side: Side,
        tally: Tally,
        fresh: Callable[[str, Side, int], None],
        acked: Callable[[dict[str, Any], Outgoing], None],
        returned: Callable[[], None],
    ) -> None:
        self._door = door
        self._side = side
        self._tally = tally
        self._fresh = fresh
        self._acked = acked
        self._returned = returned
        self._endpoint: Endpoint | None = None
        self._attempt = 0
        """How often it tried to come since it was last greeted: each time it waits for longer, as every client must."""
        self._is_greeted = False
        self._is_returning = False
        self._is_wanted = True
        self._coming: asyncio.Task[None] | None = None
        self._resending: asyncio.TimerHandle | None = None
        self._receipts: dict[str, asyncio.TimerHandle] = {}
        self._refs = 0
        self._last_error: dict[str, Any] | None = None
        self._named: set[str] = set()
        """The channels whose positions went with ``hello``."""
        self.token: str | None = None
        self.holdings: dict[str, Holding] = {}
        self.starting: Holding | None = None
        """The visitor's conversation while it has no name yet."""
        self.outbox: dict[int, Outgoing] = {}

    def __str__(self) -> str:
        state = "greeted" if self._is_greeted else "connected" if self._endpoint is not None else "not connected"
        return f"{self._side}, {state}, {len(self.outbox)} unacknowledged, last refused with {self._last_error}"

    # --- coming and going

    def come(self) -> None:
        """Connect, and come back after every cut from now on."""
        self._is_wanted = True
        if self._coming is None or self._coming.done():
            self._coming = asyncio.create_task(self._come())

    def leave(self) -> None:
        """Drop the line without a word, as a closed laptop does, and stay away."""
        self._is_wanted = False
        self._attempt = 0
        if self._coming is not None:
            self._coming.cancel()
        for timer in (*self._receipts.values(), *([self._resending] if self._resending else [])):
            timer.cancel()
        self._receipts.clear()
        self._resending = None
        self._gone()

    def _gone(self) -> None:
        if self._endpoint is not None:
            self._endpoint.drop()
        self._endpoint = None
        self._is_greeted = False
        for holding in self.holdings.values():
            holding.disconnected()

    async def _come(self) -> None:
        while True:
            if self._attempt:
                pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (self._attempt - 1))
                await asyncio.sleep(random.uniform(0, pause))
            self._attempt += 1
            try:
                endpoint = await self._connect()
            except OSError:
                continue
            break
        self._endpoint = endpoint
        self._is_returning = True
        endpoint.on_message = self._take
        endpoint.closed.add_done_callback(lambda closed: self._was_closed(endpoint, closed.result()))
        endpoint.say(orjson.dumps(self._hello()))

    async def _connect(self) -> Endpoint:
        door = self._door
        return await Endpoint.connect(
            door.port, door.target, door.headers, source=door.source, host=door.host, tls=door.tls
        )

    def _hello(self) -> dict[str, Any]:
        hello: dict[str, Any] = {"t": "hello", "v": 1}
        if self.token is not None:
            hello["token"] = self.token
        named = [holding for holding in self.holdings.values() if holding.epoch][:_POSITIONS_MAX]
        hello["positions"] = [holding.position() for holding in named]
        self._named = {holding.channel for holding in named}
        return hello

    def _was_closed(self, endpoint: Endpoint, code: int) -> None:
        if endpoint is not self._endpoint or not self._is_wanted:
            return
        self._tally.cuts += 1
        self._attempt = max(1, self._attempt)
        self._gone()
        if may_reconnect(code):
            self.come()

    # --- what goes out

    def next_ref(self) -> int:
        """A number for a frame that is answered."""
        self._refs += 1
        return self._refs

    def say(self, frame: dict[str, Any]) -> None:
        """Send a frame if the line is greeted; otherwise it is lost, as typing and receipts may be."""
        if self._endpoint is not None and self._is_greeted:
            self._endpoint.say(orjson.dumps(frame))

    def send(self, ref: int, message: Outgoing) -> None:
        """Keep a message until it is acknowledged, and send it if the line is greeted."""
        self.outbox[ref] = message
        if self._endpoint is not None and self._is_greeted and self._resending is None:
            self._endpoint.write(message.frame)

    def open(self, holding: Holding) -> None:
        """Show a conversation that is known by its name."""
        self.holdings[holding.channel] = holding
        frame: dict[str, Any] = {"t": "open", "ref": self.next_ref(), "channel": holding.channel}
        if holding.last:
            frame["position"] = holding.position()
        self.say(frame)

    def _resend(self) -> None:
        self._resending = None
        if self._endpoint is not None and self._is_greeted:
            self._endpoint.write(b"".join([message.frame for message in self.outbox.values()]))

    # --- what comes in

    def _take(self, payload: bytes) -> None:
        received = orjson.loads(payload)
        for frame in received if type(received) is list else (received,):
            kind = frame["t"]
            if kind == "ack":
                self._take_ack(frame)
            elif kind == "welcome":
                self._take_welcome(frame)
            elif kind == "error":
                self._take_error(frame)
            elif kind == "typing":
                self._tally.typing += frame["on"]
            elif kind in _OF_A_CHANNEL:
                self._take_channel_frame(frame)
        if self._is_returning and self._is_greeted and all(each.is_synced for each in self.holdings.values()):
            self._is_returning = False
            self._returned()

    def _take_welcome(self, frame: dict[str, Any]) -> None:
        self.token = frame.get("token") or self.token
        self._is_greeted = True
        self._attempt = 0
        for holding in self.holdings.values():
            if holding.channel not in self._named:
                self.open(holding)
        if self.outbox:
            self._resend()

    def _take_ack(self, frame: dict[str, Any]) -> None:
        message = self.outbox.pop(frame["ref"], None)
        if message is None:
            return
        if self.starting is not None:
            self.starting.channel = frame["channel"]
            self.holdings[frame["channel"]] = self.starting
            self.starting = None
        self._acked(frame, message)

    def _take_error(self, frame: dict[str, Any]) -> None:
        self._last_error = frame
        ref = frame.get("ref")
        if ref not in self.outbox:
            return
        if frame["code"] < RETRIABLE_FROM:
            del self.outbox[ref]
            self._tally.failed += 1
            return
        self._tally.refused += 1
        if self._resending is None:
            pause = (frame.get("retry_after") or 0) / 1000
            self._resending = asyncio.get_running_loop().call_later(pause, self._resend)

    def _take_channel_frame(self, frame: dict[str, Any]) -> None:
        channel = frame["channel"]
        holding = self.holdings.get(channel)
        if holding is None:
            return

        def fresh(side: Side, number: int) -> None:
            self._fresh(channel, side, number)
            if side != self._side and channel not in self._receipts:
                loop = asyncio.get_running_loop()
                self._receipts[channel] = loop.call_later(_RECEIPT_SECONDS, self._send_receipt, holding)

        if holding.take(frame, fresh):
            self.open(holding)

    def _send_receipt(self, holding: Holding) -> None:
        self._receipts.pop(holding.channel, None)
        if holding.is_synced:
            marks = {"delivered": holding.last, "seen": holding.last}
            self.say({"t": "receipt", "channel": holding.channel, "epoch": holding.epoch, **marks})


_OF_A_CHANNEL = frozenset({"head", "messages", "synced", "reset", "event"})
