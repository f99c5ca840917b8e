"""One conversation as both sides hold it, and everything that may go wrong with a message on its way between them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Side = Literal["visitor", "agent"]
SIDES: tuple[Side, Side] = ("visitor", "agent")

_BODY_CHARS = 80
_NUMBER_CHARS = 8
_SIDE_OF_LETTER: dict[str, Side] = {"v": "visitor", "a": "agent"}


def body_of(side: Side, number: int) -> str:
    """The text of a side's message ``number``: 80 bytes that say what they are."""
    return f"{side[0]}{number:0{_NUMBER_CHARS}d}".ljust(_BODY_CHARS, ".")


def read_body(body: str) -> tuple[Side, int]:
    """The side and the number that `body_of` wrote."""
    return _SIDE_OF_LETTER[body[0]], int(body[1 : 1 + _NUMBER_CHARS])


@dataclass
class Tally:
    """What was counted of messages and lines. Only zeros are right from ``lost`` to ``failed``."""

    sent: int = 0
    acked: int = 0
    delivered: int = 0
    """To the other side, also to somebody who came back for it."""
    lost: int = 0
    """Acknowledged and, when everything was quiet, not with both sides."""
    doubled: int = 0
    disordered: int = 0
    failed: int = 0
    """Refused for good."""
    refused: int = 0
    """Refused for a while and sent again."""
    gaps: int = 0
    """Holes that a client met and asked about."""
    resets: int = 0
    cuts: int = 0
    """Lines that the server or the network ended."""
    returns: int = 0
    typing: int = 0
    """Typing that was shown to the other side."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled, out of order or refused for good."""
        return not (self.lost or self.doubled or self.disordered or self.failed)

    def add(self, other: Tally) -> None:
        """Add all of another's counts."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def as_json(self) -> dict[str, int]:
        """As it is handed between processes."""
        return asdict(self)


@dataclass
class Outgoing:
    """A message that is not acknowledged yet."""

    frame: bytes
    due: float | None
    """When it was to be sent, by the generator's clock; None where that is not timed."""


@dataclass
class Holding:
    """What one side holds of the conversation: the position to resume from, and what must come next of each side.

    Args:
        side: who holds it.
        tally: where to count what goes wrong.
    """

    side: Side
    tally: Tally
    channel: str = ""
    epoch: str = ""
    version: int = 0
    first: int = 0
    last: int = 0
    is_synced: bool = False
    next_of: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    _version_of_head: int = 0
    _asked: bool = False

    def position(self) -> dict[str, Any]:
        """The position, as ``hello`` and ``open`` carry it."""
        return {
            "channel": self.channel,
            "epoch": self.epoch,
            "version": self.version,
            "first": self.first,
            "last": self.last,
            "tail": True,
        }

    def disconnected(self) -> None:
        """The line has gone, with everything asked on it."""
        self.is_synced = self._asked = False

    def take(self, frame: dict[str, Any], fresh: Callable[[Side, int], None]) -> bool:
        """Take a frame about this channel.

        Args:
            frame: of the server.
            fresh: called with every message that was not held before.

        Returns:
            Whether something was missed, so that the channel must be opened again with the present position.
        """
        match frame["t"]:
            case "event":
                return self._take_event(frame, fresh)
            case "messages":
                for message in frame["messages"]:
                    self._place(message, fresh)
            case "head":
                self.channel, self.epoch = frame["channel"], frame["epoch"]
                self._version_of_head = frame["version"]
            case "synced":
                self.version = max(self.version, self._version_of_head)
                self.is_synced, self._asked = True, False
            case "reset":
                self.tally.resets += 1
                self.version = self.first = self.last = 0
            case _:
                pass
        return False

    def _take_event(self, frame: dict[str, Any], fresh: Callable[[Side, int], None]) -> bool:
        if frame["from"] > self.version:
            first_time, self._asked = not self._asked, True
            self.tally.gaps += first_time
            return first_time
        for message in frame.get("messages", ()):
            self._place(message, fresh)
        self.version = max(self.version, frame["to"])
        return False

    def _place(self, message: dict[str, Any], fresh: Callable[[Side, int], None]) -> None:
        seq = message["seq"]
        if seq <= self.last or message["kind"] != "text":
            self.last = max(self.last, seq)
            return
        if self.last and seq != self.last + 1:
            self.tally.disordered += 1
        self.first = self.first or seq
        self.last = seq
        side, number = read_body(message["body"])
        expected = self.next_of[side]
        if number < expected:
            self.tally.doubled += 1
            return
        self.tally.disordered += number > expected
        self.next_of[side] = number + 1
        fresh(side, number)


class Talk:
    """A conversation between a visitor and an agent.

    Args:
        tally: where to count.
    """

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.holdings: dict[Side, Holding] = {side: Holding(side, tally) for side in SIDES}
        self.sent: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self.acked: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self.due: dict[tuple[Side, int], float] = {}
        """When what is not delivered yet was to be sent; what is not to be timed stands here no more."""

    @property
    def is_quiet(self) -> bool:
        """Whether everything sent was acknowledged, and is with both."""
        return all(
            self.acked[side] == self.sent[side]
            and all(each.next_of[side] >= self.sent[side] for each in self.holdings.values())
            for side in SIDES
        )

    @property
    def missing(self) -> int:
        """How many acknowledged messages are not with both sides."""
        held = {side: min(each.next_of[side] for each in self.holdings.values()) for side in SIDES}
        return sum(max(0, self.acked[side] - held[side]) for side in SIDES)
