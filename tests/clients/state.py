"""What a client holds and decides: channels, positions, the outbox. No I/O, so the rules can be tested alone."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from widget_server.core.ids import uuid7
from widget_server.protocol.codes import RETRIABLE_FROM

Frame = dict[str, Any]
"""One JSON object of the protocol, by its field names on the wire."""

PROTOCOL_VERSION = 1


def now_ms() -> int:
    """UTC time in ms."""
    return time.time_ns() // 1_000_000


def fresh_id() -> str:
    """A UUIDv7 as a client makes it."""
    return uuid7(now_ms(), secrets.token_bytes(10))


class ChannelState:
    """One channel as this client knows it.

    ``messages`` maps ``seq`` to the newest state seen. ``violations`` collects what a correct server never does; a test
    passes only while it is empty.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = ""
        self.version = 0
        self.messages: dict[int, Frame] = {}
        self.head: Frame | None = None
        self.marks: dict[str, dict[str, int]] = {}
        self._told_marks: dict[str, dict[str, int]] = {}
        self.seen_told: set[str] = set()
        """The sides of whom it was ever told what they have seen."""
        self.place = 0
        """How far this visitor has seen, where the marks do not tell it."""
        self.staff: str | None = None
        self.synced = False
        self.gone = False
        self.holes_met = 0
        self.violations: list[str] = []
        self._asked = False
        self._seq_of: dict[str, int] = {}

    @property
    def is_settled(self) -> bool:
        """Whether it is synced and has not asked again for what it lacks: until then it hears nothing that passes."""
        return self.synced and not self._asked

    @property
    def first(self) -> int:
        """Number of the oldest message held, 0 for none."""
        return min(self.messages, default=0)

    @property
    def last(self) -> int:
        """Number of the newest message held without a hole behind ``first``, 0 for none."""
        seq = self.first
        while seq + 1 in self.messages:
            seq += 1
        return seq

    def position(self) -> Frame:
        """The position to resume from."""
        return {
            "channel": self.name,
            "epoch": self.epoch,
            "version": self.version,
            "first": self.first,
            "last": self.last,
            "tail": True,
        }

    def lists(self) -> list[tuple[int, str, str, int, bool]]:
        """(seq, client id, body, revision, removed) of every message held, in order; two clients are compared by it."""
        return [
            (seq, message["client_id"], message["body"], message.get("revision", 0), message.get("removed", False))
            for seq, message in sorted(self.messages.items())
        ]

    def apply(self, frame: Frame) -> bool:
        """Take one of the server's frames about this channel.

        Returns:
            Whether something was missed, so that ``open`` must be sent with the present position. Said once per hole.
        """
        match frame["t"]:
            case "reset":
                self.messages.clear()
                self._seq_of.clear()
                self.version = 0
                self.epoch = ""
            case "head":
                self._take_head(frame)
            case "messages" | "page":
                self._place(frame["messages"])
            case "synced":
                return self._settle()
            case "event":
                return self._take_event(frame)
            case "marks":
                self._raise_marks({"visitor": frame["visitor"], "agents": frame["agents"]})
            case "place":
                self.place = max(self.place, frame["seen"])
            case "gone":
                self.gone = True
            case _:
                pass
        return False

    def _take_head(self, frame: Frame) -> None:
        self.synced = False
        self.gone = False
        if self.epoch == frame["epoch"] and frame["version"] < self.version:
            self.violations.append(f"head fell from version {self.version} to {frame['version']}")
        if self.epoch != frame["epoch"]:
            self.marks = {}
            self._told_marks = {}
        self.epoch = frame["epoch"]
        self.head = frame
        self.staff = frame.get("staff") or self.staff
        if frame.get("marks"):
            self._raise_marks(frame["marks"])
        self.place = max(self.place, frame.get("seen", 0))

    def _settle(self) -> bool:
        self._asked = False
        self.synced = True
        if self.head is not None:
            self.version = max(self.version, self.head["version"])
            if self.last < self.head["last_seq"]:
                return self._ask()
        return False

    def _take_event(self, frame: Frame) -> bool:
        if frame["from"] > self.version:
            self.holes_met += 1
            return self._ask()
        if frame["to"] > self.version and frame.get("head") and self.head is not None:
            self.head = {**self.head, "head": frame["head"]}
        for message in frame.get("messages", []):
            self._count_as_read(message)
            self._place([message])
        self.version = max(self.version, frame["to"])
        return False

    def _ask(self) -> bool:
        """Whether to ask now; until it is answered, asking again would only repeat the answer."""
        first_time, self._asked = not self._asked, True
        return first_time

    def _place(self, messages: list[Frame]) -> None:
        for message in messages:
            seq, client_id = message["seq"], message["client_id"]
            held = self.messages.get(seq)
            if held is not None and held["client_id"] != client_id:
                self.violations.append(f"number {seq} was {held['client_id']} and became {client_id}")
            if self._seq_of.setdefault(client_id, seq) != seq:
                self.violations.append(f"{client_id} stands at {self._seq_of[client_id]} and at {seq}")
            if held is None or message["version"] > held["version"]:
                self.messages[seq] = message

    def _count_as_read(self, message: Frame) -> None:
        """Who writes has read, if they had seen everything before; no ``marks`` frame tells it."""
        side = "agents" if message["author"]["role"] == "agent" else message["author"]["role"]
        seq, marks = message["seq"], self.marks.get(side)
        if seq not in self.messages and marks is not None and marks.get("seen") == seq - 1:
            self.marks[side] = {"delivered": seq, "seen": seq}

    def _raise_marks(self, marks: dict[str, dict[str, int]]) -> None:
        for side, new in marks.items():
            old = self._told_marks.get(side)
            if old is not None and any(new[name] < old[name] for name in new if name in old):
                self.violations.append(f"marks of {side} fell from {old} to {new}")
            self._told_marks[side] = dict(new)
            if "seen" in new:
                self.seen_told.add(side)
            # A receipt of another node may overtake the message before it; what was concluded meanwhile only rises.
            held = self.marks.get(side, new)
            self.marks[side] = {name: max(held.get(name, 0), new[name]) for name in new}

    def forget_requests(self) -> None:
        """The connection is gone, and with it whatever was asked on it."""
        self._asked = False
        self.synced = False


@dataclass
class Pending:
    """A message on its way. ``channel`` is None for as long as only ``start`` names the conversation."""

    client_id: str
    ref: int
    body: str
    channel: str | None
    start: str | None
    ack: Frame | None = None
    failed: Frame | None = None

    def frame(self) -> Frame:
        """The ``send`` frame; sending it again is harmless."""
        place = {"channel": self.channel} if self.channel is not None else {"start": self.start}
        return {"t": "send", "ref": self.ref, "client_id": self.client_id, "body": self.body, **place}


@dataclass
class Answer:
    """What a received frame asks for: ``frames`` to send now, ``retry_after`` in ms until `ClientState.resend`."""

    frames: list[Frame] = field(default_factory=list)
    retry_after: int | None = None


class ClientState:
    """One client: who it is, the channels it shows, and what it has not yet seen acknowledged.

    Args:
        role: ``"visitor"`` says who it is in ``hello``; ``"agent"`` by its session cookie.
        token: a visitor's token from an earlier run.
    """

    def __init__(self, role: Literal["visitor", "agent"], token: str | None = None) -> None:
        self.role = role
        self.token = token
        self.person: Frame | None = None
        self.welcome: Frame | None = None
        self.channels: dict[str, ChannelState] = {}
        self.outbox: dict[str, Pending] = {}
        self.acks: dict[str, Frame] = {}
        self.answers: dict[int, Frame] = {}
        self.errors: list[Frame] = []
        self.rows: dict[str, Frame] = {}
        self.inbox_cursor: int | None = None
        self.list_resets = 0
        self.typing: list[Frame] = []
        self.presence: list[Frame] = []
        self.start: str | None = None
        self.channel_of_start: str | None = None
        self._refs = itertools.count(1)
        self._refused: set[str] = set()

    @property
    def violations(self) -> list[str]:
        """Everything that a correct server never does and this one did."""
        return [f"{channel.name}: {what}" for channel in self.channels.values() for what in channel.violations]

    def ref(self) -> int:
        """A fresh number for a frame that is answered."""
        return next(self._refs)

    def hello(self) -> Frame:
        """The first frame of a connection, with the positions of all channels shown."""
        frame: Frame = {"t": "hello", "v": PROTOCOL_VERSION}
        if self.role == "visitor" and self.token is not None:
            frame["token"] = self.token
        if self.inbox_cursor is not None and self.welcome is not None:
            frame["inbox"] = self.inbox_cursor
            frame["inbox_epoch"] = self.welcome["epoch"]
        frame["positions"] = [channel.position() for channel in self.channels.values() if not channel.gone]
        return frame

    def open(self, name: str) -> Frame:
        """Show the channel from now on; the ``open`` frame."""
        channel = self.channels.setdefault(name, ChannelState(name))
        frame: Frame = {"t": "open", "ref": self.ref(), "channel": name}
        if channel.messages:
            frame["position"] = channel.position()
        return frame

    def compose(self, body: str, channel: str | None = None, client_id: str | None = None) -> Pending:
        """Put a message into the outbox; without ``channel`` it goes to this visitor's one conversation."""
        channel = channel or self.channel_of_start
        if channel is None and self.start is None:
            self.start = fresh_id()
        pending = Pending(client_id or fresh_id(), self.ref(), body, channel, self.start)
        self.outbox[pending.client_id] = pending
        return pending

    def receipt(self, name: str, *, seen: bool = False) -> Frame:
        """A receipt for all that is held of the channel; only after ``synced``."""
        channel = self.channels[name]
        last = channel.last
        return {"t": "receipt", "channel": name, "epoch": channel.epoch, "delivered": last, "seen": last if seen else 0}

    def resend(self) -> list[Frame]:
        """Everything unacknowledged, in the order in which it was written."""
        self._refused.clear()
        return [pending.frame() for pending in self.outbox.values()]

    def disconnected(self) -> None:
        """The line is gone."""
        for channel in self.channels.values():
            channel.forget_requests()

    def receive(self, frame: Frame) -> Answer:
        """Take one frame of the server's."""
        answer = Answer()
        match frame["t"]:
            case "welcome":
                self._take_welcome(frame, answer)
            case "ack":
                self._take_ack(frame)
            case "error":
                self._take_error(frame, answer)
            case "rows":
                self._take_rows(frame)
            case "typing":
                self.typing.append(frame)
            case "presence":
                self.presence.append(frame)
            case "head" | "messages" | "synced" | "reset" | "gone" | "event" | "marks" | "place" | "page":
                self._take_channel_frame(frame, answer)
            case _:
                pass
        if frame.get("ref") is not None:
            self.answers[frame["ref"]] = frame
        return answer

    def _take_welcome(self, frame: Frame, answer: Answer) -> None:
        self.welcome = frame
        self.token = frame.get("token") or self.token
        self.person = frame.get("person") or self.person
        for row in frame.get("conversations", []):
            if row["start"] == self.start:
                self._name_start(row["channel"])
        answer.frames.extend(self.resend())

    def _name_start(self, channel: str) -> None:
        """The conversation has its name now: later messages, and those still unacknowledged, carry it."""
        self.channel_of_start = channel
        for pending in self.outbox.values():
            if pending.start == self.start and pending.channel is None:
                pending.channel = channel

    def _take_ack(self, frame: Frame) -> None:
        client_id = frame["client_id"]
        first = self.acks.setdefault(client_id, frame)
        if first["seq"] != frame["seq"]:
            channel = self.channels.setdefault(frame["channel"], ChannelState(frame["channel"]))
            channel.violations.append(f"{client_id} was acked as {first['seq']} and as {frame['seq']}")
        pending = self.outbox.pop(client_id, None)
        self._refused.discard(client_id)
        if pending is not None:
            pending.ack = frame
            if pending.channel is None:
                self._name_start(frame["channel"])
        self.channels.setdefault(frame["channel"], ChannelState(frame["channel"]))

    def _take_error(self, frame: Frame, answer: Answer) -> None:
        self.errors.append(frame)
        pending = next((each for each in self.outbox.values() if each.ref == frame.get("ref")), None)
        if pending is None:
            return
        if frame["code"] < RETRIABLE_FROM:
            pending.failed = frame
            del self.outbox[pending.client_id]
            return
        # One timer for all that was refused together: the whole outbox goes again, in order.
        if not self._refused:
            answer.retry_after = frame.get("retry_after") or 0
        self._refused.add(pending.client_id)

    def _take_rows(self, frame: Frame) -> None:
        if frame.get("reset"):
            self.rows.clear()
            self.list_resets += 1
        self.inbox_cursor = frame["cursor"]
        for row in frame["rows"]:
            held = self.rows.get(row["channel"])
            if held is None or row["stamp"] >= held["stamp"]:
                self.rows[row["channel"]] = row

    def _take_channel_frame(self, frame: Frame, answer: Answer) -> None:
        name = frame["channel"]
        channel = self.channels.setdefault(name, ChannelState(name))
        if channel.apply(frame):
            answer.frames.append(self.open(name))
        for message in frame.get("messages", []):
            mine = self.outbox.get(message["client_id"])
            if mine is not None and mine.channel is None:
                self._name_start(name)
