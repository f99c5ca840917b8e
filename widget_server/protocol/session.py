"""One client's connection as a value: frames in, effects out. No socket, no clock, no store.

The connection calls :meth:`Session.receive` for every text message, :meth:`done` when a command has its outcome,
:meth:`event` and :meth:`mark` for what the hub brings, and :meth:`tick` now and then. Each returns effects to
perform in order. ``now`` is a monotonic time in milliseconds.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, Protocol

from widget_server.core.errors import Malformed, ProductError, Refused, TryLater
from widget_server.core.text import check_body
from widget_server.protocol import PROTOCOL_VERSION, encode
from widget_server.protocol import frames as f
from widget_server.protocol.codes import CloseCode
from widget_server.protocol.decode import decode
from widget_server.protocol.effects import Command, Effect, End, OpenOwn, Out, Sent, Unsubscribe, Whisper

TYPING_EVERY_MS: Final = 1_000
PRESENCE_MS: Final = 45_000
_AGENT_FRAMES = (f.ListInbox, f.Assign, f.SetStatus, f.SetAvailability, f.Search)
_VISITOR_FRAMES = (f.SetContext, f.SetContact, f.SignOut)
_FOREIGN_FRAMES: Final[dict[str, tuple[type, ...]]] = {
    "visitor": (*_AGENT_FRAMES, f.Watch),
    "agent": (*_VISITOR_FRAMES, f.Watch),
    "reader": (),
}
"""What is refused on which line; a reader's is asked for what it takes instead."""
_READER_FRAMES = (
    f.Hello, f.Open, f.Close, f.Typing, f.Receipt, f.Ping, f.Watch, f.Send, f.Edit, f.Remove, f.History,
)  # fmt: skip
"""All that a page of the community has to say. It writes in rooms: posts of threads come by its forms, and what is sent
to one is refused by the action."""
_NOT_POSTED = (f.Hello, f.Open, f.Close, f.Watch)
_MAX_OPEN = 200
_READER_MAX_OPEN = 10
"""A page shows one thread or room."""
_REFUSED_MAX = 200
"""Frames over the limit that are answered one by one; who sends on after so many in a row is sent away."""
_BUFFER_MAX = 256


Speaker = Literal["visitor", "agent", "reader"]
"""Who can have a line: a visitor of a site, a signed-in agent, or somebody who reads the community."""


class Limiter(Protocol):
    """Says how long a frame or message has to wait; None: it may pass. The policy is in ``web.rate_limits``."""

    def frame(self) -> int | None:
        """Count a frame of this connection; milliseconds to wait, or None."""
        ...

    def message(self) -> int | None:
        """Count a message of this connection, person, address and site; milliseconds to wait, or None."""
        ...


class Terms(NamedTuple):
    """What the installation sets, the same for all sessions."""

    epoch: str
    message_chars: int
    frame_bytes: int
    hello_ms: int


class Opened(NamedTuple):
    """Outcome of an ``open``: what to send, and where the client then stands.

    ``version`` is None: the channel is gone.
    """

    channel: str
    frames: list[bytes]
    version: int | None


class _Channel:
    """What the session knows of an open channel."""

    __slots__ = ("buffer", "typed_at", "typing", "version")

    def __init__(self) -> None:
        self.version: int | None = None
        """None until the resume is sent; events wait in the buffer meanwhile."""
        self.buffer: list[tuple[int, int, bytes]] | None = []
        self.typing = False
        self.typed_at = 0


class Session:
    """The rules of one connection.

    :param speaker: on which kind of line.
    :param posting: a single HTTP post of the fallback: authorised from outside, without channels of its own.
    """

    __slots__ = (
        "_began", "_blocked", "_channels", "_deadline", "_greeted", "_hello_sent", "_limiter", "_refused", "_speaker",
        "_terms", "alive_at", "asleep", "posting",
    )  # fmt: skip

    def __init__(self, terms: Terms, limiter: Limiter, *, speaker: Speaker, now: int, posting: bool = False) -> None:
        self._terms = terms
        self._limiter = limiter
        self._speaker: Speaker = speaker
        self._greeted = posting
        self._hello_sent = posting
        self._deadline = now + terms.hello_ms
        self._channels: dict[str, _Channel] | None = None
        self._blocked: dict[str, str] | None = None
        self._began: dict[str, str] | None = None
        """The channels of conversations that began here, by what they began with."""
        self._refused = 0
        self.posting = posting
        self.alive_at = now
        self.asleep = False
        """Whether the client has shown no sign of life for 45 s: its presence does not count."""

    # --- frames in

    def receive(self, text: str | bytes, now: int) -> list[Effect]:
        """A text message of the client."""
        self.alive_at = now
        self.asleep = False
        try:
            frame = decode(text, self._terms.frame_bytes)
        except Malformed as error:
            return self._malformed(error)
        return self.handle(frame, now)

    def handle(self, frame: f.ClientFrame, now: int) -> list[Effect]:
        """A decoded frame of the client."""
        wait = self._limiter.frame()
        if wait is not None:
            return self._too_many(frame, wait)
        self._refused = 0
        if self._speaker == "reader" and not isinstance(frame, _READER_FRAMES):
            return [Out(encode.error(Refused("not_allowed"), getattr(frame, "ref", None)))]
        if type(frame) is f.Send:
            return self._send(frame)
        if type(frame) is f.Hello:
            return self._hello(frame)
        return self._greeted_frame(frame, now)

    def _too_many(self, frame: f.ClientFrame, wait: int) -> list[Effect]:
        self._refused += 1
        if self._refused > _REFUSED_MAX:
            return [End(CloseCode.BUSY, wait)]
        if isinstance(frame, f.Send):
            self._block(frame)
        return [Out(encode.error(TryLater("rate_limited", wait), getattr(frame, "ref", None)))]

    def _greeted_frame(self, frame: f.ClientFrame, now: int) -> list[Effect]:
        if not self._greeted:
            return [Out(encode.error(Malformed("hello_first"))), End(CloseCode.MALFORMED)]
        if isinstance(frame, _FOREIGN_FRAMES[self._speaker]):
            return [Out(encode.error(Refused("not_allowed"), getattr(frame, "ref", None)))]
        if self.posting and isinstance(frame, _NOT_POSTED):
            return [
                Out(
                    encode.error(
                        Malformed("malformed", where="this frame belongs to a stream"), getattr(frame, "ref", None)
                    )
                )
            ]
        return self._allowed(frame, now)

    def _allowed(self, frame: f.ClientFrame, now: int) -> list[Effect]:
        match frame:
            case f.Ping():
                effects: list[Effect] = [Out(encode.PONG)]
            case f.Open():
                effects = self._open(frame)
            case f.Close():
                effects = self._close(frame.channel)
            case f.Typing():
                effects = self._typing(frame, now)
            case f.Receipt():
                effects = self._receipt(frame)
            case f.Edit():
                effects = self._edit(frame)
            case f.Remove() | f.SetContact():
                effects = self._counted(frame)
            case f.SetContext():
                # Not answered: where the visitor is goes along with the next one that passes.
                effects = [Command(frame)] if self._limiter.message() is None else []
            case _:
                effects = [Command(frame)]
        return effects

    def _malformed(self, error: Malformed) -> list[Effect]:
        effects: list[Effect] = [Out(encode.error(error))]
        if not self._greeted or self._limiter.frame() is not None:
            effects.append(End(CloseCode.MALFORMED))
        elif error.name == "too_large":
            effects.append(End(CloseCode.TOO_LARGE))
        return effects

    def _hello(self, frame: f.Hello) -> list[Effect]:
        if self._hello_sent:
            return [Out(encode.error(Malformed("hello_twice"))), End(CloseCode.MALFORMED)]
        if frame.v < PROTOCOL_VERSION:
            return [
                Out(encode.error(Malformed("unsupported_version", version=PROTOCOL_VERSION))),
                End(CloseCode.UPGRADE_REQUIRED),
            ]
        if len(frame.positions) > self._most_open:
            return [Out(encode.error(Malformed("malformed", where="positions (too many)"))), End(CloseCode.MALFORMED)]
        self._hello_sent = True
        for position in frame.positions:
            self._channel(position.channel)
        return [Command(frame)]

    @property
    def _most_open(self) -> int:
        return _READER_MAX_OPEN if self._speaker == "reader" else _MAX_OPEN

    def _open(self, frame: f.Open) -> list[Effect]:
        if len(self._channels or ()) >= self._most_open and frame.channel not in (self._channels or ()):
            return [Out(encode.error(TryLater("busy", 5_000), frame.ref, frame.channel))]
        self._channel(frame.channel)
        return [Command(frame)]

    def _channel(self, public_id: str) -> _Channel:
        """A channel that is (again) being brought up to date: live events wait until it is."""
        if self._channels is None:
            self._channels = {}
        channel = self._channels[public_id] = _Channel()
        return channel

    def _close(self, public_id: str) -> list[Effect]:
        if self._channels and self._channels.pop(public_id, None) is not None:
            return [Unsubscribe(public_id)]
        return []

    def _send(self, frame: f.Send) -> list[Effect]:
        if not self._greeted:
            return [Out(encode.error(Malformed("hello_first"))), End(CloseCode.MALFORMED)]
        where = frame.channel or self._place_of_start(frame)
        if where is None or (self._speaker != "visitor" and frame.channel is None):
            return [Out(encode.error(Malformed("malformed", where="channel (missing)"), frame.ref))]
        if self._blocked:
            try:
                self.check_turn(frame)
            except TryLater as error:
                return [Out(encode.error(error, frame.ref, frame.channel))]
        try:
            body = check_body(frame.body, self._terms.message_chars, required=not frame.files)
        except ProductError as error:
            return [Out(encode.error(error, frame.ref, frame.channel))]
        wait = self._limiter.message()
        if wait is not None:
            self._block(frame)
            return [Out(encode.error(TryLater("rate_limited", wait), frame.ref, frame.channel))]
        if self._blocked:
            self._blocked.pop(where, None)
        if body is not frame.body:
            frame = frame.model_copy(update={"body": body})
        return [Command(frame)]

    def check_turn(self, frame: f.Send) -> None:
        """See that no earlier message of the channel waits to be sent again; asked again after every wait.

        :raises TryLater: ``held_back``.
        """
        if self._blocked:
            first = self._blocked.get(frame.channel or self._place_of_start(frame) or "")
            if first is not None and first != frame.client_id:
                raise TryLater("held_back", 500)

    def _place_of_start(self, frame: f.Send) -> str | None:
        """What stands for the channel of a first message: its name once it is known."""
        if frame.start is None or self._began is None:
            return frame.start
        return self._began.get(frame.start, frame.start)

    def _name_start(self, start: str, channel: str) -> None:
        if self._began is None:
            self._began = {}
        self._began[start] = channel
        if self._blocked and start in self._blocked:
            self._blocked[channel] = self._blocked.pop(start)

    def _block(self, frame: f.Send) -> None:
        """After a retriable refusal the channel's later sends wait until this one comes again: the order stays."""
        where = frame.channel or self._place_of_start(frame)
        if where is not None:
            if self._blocked is None:
                self._blocked = {}
            self._blocked.setdefault(where, frame.client_id)

    def _edit(self, frame: f.Edit) -> list[Effect]:
        try:
            body = check_body(frame.body, self._terms.message_chars)
        except ProductError as error:
            return [Out(encode.error(error, frame.ref, frame.channel))]
        return self._counted(frame.model_copy(update={"body": body}))

    def _counted(self, frame: f.Edit | f.Remove | f.SetContact) -> list[Effect]:
        """What changes something counts as a message does: it costs the store as much, and as many are told."""
        wait = self._limiter.message()
        if wait is None:
            return [Command(frame)]
        return [Out(encode.error(TryLater("rate_limited", wait), frame.ref, getattr(frame, "channel", None)))]

    def _typing(self, frame: f.Typing, now: int) -> list[Effect]:
        channel = (self._channels or {}).get(frame.channel)
        if channel is None or channel.version is None:
            return [Whisper(frame.channel, frame.on, frame.draft)] if self.posting else []
        if frame.on and channel.typing and now - channel.typed_at < TYPING_EVERY_MS:
            return []
        if not frame.on and not channel.typing:
            return []
        channel.typing = frame.on
        channel.typed_at = now
        return [Whisper(frame.channel, frame.on, frame.draft)]

    def _receipt(self, frame: f.Receipt) -> list[Effect]:
        if frame.epoch != self._terms.epoch:
            return []
        if not self.posting:
            channel = (self._channels or {}).get(frame.channel)
            if channel is None or channel.version is None:
                return []
        return [Command(frame)]

    # --- outcomes

    @property
    def is_greeted(self) -> bool:
        """Whether ``welcome`` has been sent."""
        return self._greeted

    def greeted(self) -> None:
        """The ``hello`` was accepted; the connection has sent ``welcome``."""
        self._greeted = True

    def done(self, frame: f.ClientFrame, outcome: Any) -> list[Effect]:
        """Take the outcome of a :class:`Command`.

        It is a :class:`Sent`, an :class:`Opened`, a :class:`ProductError`, bytes to send as they are, or None for
        ``done``.
        """
        if type(outcome) is Sent:
            return self._committed(frame, outcome)
        if isinstance(outcome, Opened):
            return self.opened(outcome)
        ref = getattr(frame, "ref", None)
        if isinstance(outcome, ProductError):
            if isinstance(frame, f.Send) and isinstance(outcome, TryLater):
                self._block(frame)
            return [Out(encode.error(outcome, ref, getattr(frame, "channel", None)))]
        if isinstance(outcome, bytes):
            return [Out(outcome)]
        return [Out(encode.done(ref))] if ref is not None else []

    def _committed(self, frame: Any, sent: Sent) -> list[Effect]:
        data = encode.ack(frame.ref, sent)
        began = type(frame) is f.Send and frame.channel is None and not self.posting
        if began and frame.start is not None:
            self._name_start(frame.start, sent.channel)
        if began and sent.channel not in (self._channels or ()):
            self._channel(sent.channel)
            return [Out(data), OpenOwn(sent.channel)]
        return [Out(data)]

    def opened(self, outcome: Opened) -> list[Effect]:
        """Send the resume, then what came meanwhile."""
        channel = (self._channels or {}).get(outcome.channel)
        if channel is None:
            return []
        effects: list[Effect] = [Out(data) for data in outcome.frames]
        if outcome.version is None:
            self._close(outcome.channel)
            return [*effects, Unsubscribe(outcome.channel)]
        channel.version = outcome.version
        buffered, channel.buffer = channel.buffer or [], None
        for from_version, to_version, data in buffered:
            if to_version > channel.version:
                effects += self.event(outcome.channel, from_version, to_version, data)
        return effects

    # --- what the hub brings

    def event(self, public_id: str, from_version: int, to_version: int, data: bytes) -> list[Effect]:
        """An event of an open channel.

        One that does not follow on what this client holds is sent all the same: it will ask.
        """
        if self.passes(public_id, from_version, to_version):
            return [Out(data)]
        channel = (self._channels or {}).get(public_id)
        if channel is None:
            return []
        if channel.buffer is not None and len(channel.buffer) < _BUFFER_MAX:
            channel.buffer.append((from_version, to_version, data))
            return []
        return [End(CloseCode.RESUME_AGAIN)]

    def passes(self, public_id: str, from_version: int, to_version: int) -> bool:
        """Whether an event goes to the client as it is, which is then taken for sent: nearly every one does."""
        channel = self._channels.get(public_id) if self._channels else None
        if channel is None or channel.version is None:
            return False
        if from_version <= channel.version < to_version:
            channel.version = to_version
        return True

    def ephemeral(self, public_id: str, data: bytes) -> list[Effect]:
        """Marks, typing or presence of an open channel; nothing before ``synced``, whose head carries the marks."""
        channel = (self._channels or {}).get(public_id)
        if channel is None or channel.version is None:
            return []
        return [Out(data)]

    def typing_in(self) -> list[str]:
        """The channels in which this person was last said to type: told to have stopped when the connection ends."""
        return [name for name, channel in (self._channels or {}).items() if channel.typing]

    def open_channels(self) -> list[str]:
        """The channels that this client has open."""
        return list(self._channels or ())

    def version_of(self, public_id: str) -> int:
        """Where this client stands in a channel that it has open."""
        channel = (self._channels or {}).get(public_id)
        return 0 if channel is None else channel.version or 0

    # --- time

    def tick(self, now: int) -> list[Effect]:
        """Called about once a second."""
        if not self._greeted and now >= self._deadline:
            return [End(CloseCode.HELLO_TIMEOUT)]
        if now - self.alive_at >= PRESENCE_MS:
            self.asleep = True
        return []
