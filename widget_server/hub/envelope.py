"""What nodes tell each other, as bytes: who says it, what kind it is, a few numbers, and then what was encoded once.

What a client will receive is carried untouched, so that an event is encoded once for all nodes and parsed by none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from struct import Struct
from typing import Final

import orjson

from widget_server.hub.switchboard import AllMarks, Published

NODE_BYTES: Final = 8
EVENT: Final = 1
MARKS: Final = 2
EPHEMERAL: Final = 3
NEWS: Final = 4
PICTURE: Final = 5
QUESTION: Final = 6
GOODBYE: Final = 7
OWN: Final = 8

_PLAIN = Struct(">8sB")
_EVENT = Struct(">8sB6q")
_MARKS = Struct(">8sB4q")
_EPHEMERAL = Struct(">8sBQ")


def sender_of(data: bytes) -> bytes:
    """The node that says it."""
    return data[:NODE_BYTES]


def kind_of(data: bytes) -> int:
    """One of the constants of this module, or something of a later release."""
    return data[NODE_BYTES]


def event(node: bytes, published: Published) -> bytes:
    """An event of a channel."""
    return _EVENT.pack(node, EVENT, published.from_version, published.to_version, *published.marks) + published.data


def read_event(channel: str, data: bytes) -> Published:
    """The event that another node tells of ``channel``."""
    _, _, start, to, *marks = _EVENT.unpack_from(data)
    return Published(channel, start, to, data[_EVENT.size :], (marks[0], marks[1], marks[2], marks[3]))


def marks(node: bytes, all_marks: AllMarks) -> bytes:
    """The marks of a conversation."""
    return _MARKS.pack(node, MARKS, *all_marks)


def read_marks(data: bytes) -> AllMarks:
    """The marks that another node tells."""
    _, _, *found = _MARKS.unpack_from(data)
    return found[0], found[1], found[2], found[3]


def ephemeral(node: bytes, frame: bytes, exclude: int | None) -> bytes:
    """A frame that does not last; ``exclude`` is a person's key."""
    return _EPHEMERAL.pack(node, EPHEMERAL, exclude or 0) + frame


def read_ephemeral(data: bytes) -> tuple[bytes, int | None]:
    """The frame, and whose own doing it is."""
    _, _, exclude = _EPHEMERAL.unpack_from(data)
    return data[_EPHEMERAL.size :], exclude or None


def own(node: bytes, frame: bytes) -> bytes:
    """A frame for the visitor whose conversation it is."""
    return _PLAIN.pack(node, OWN) + frame


def read_own(data: bytes) -> bytes:
    """The frame."""
    return data[_PLAIN.size :]


def news(node: bytes, sites: Collection[int], people: Collection[int]) -> bytes:
    """Keys of sites and of persons."""
    return _PLAIN.pack(node, NEWS) + orjson.dumps([sorted(sites), sorted(people)])


def read_news(data: bytes) -> tuple[set[int], set[int]]:
    """The sites, and the persons."""
    sites, people = orjson.loads(data[_PLAIN.size :])
    return set(sites), set(people)


def picture(node: bytes, told: bytes) -> bytes:
    """Who is in a place; what it looks like is its reader's business."""
    return _PLAIN.pack(node, PICTURE) + told


def read_picture(data: bytes) -> bytes:
    """What :func:`picture` was given."""
    return data[_PLAIN.size :]


def question(node: bytes, places: Sequence[str]) -> bytes:
    """A wish for the pictures of places."""
    return _PLAIN.pack(node, QUESTION) + orjson.dumps(list(places))


def read_question(data: bytes) -> list[str]:
    """The places."""
    return [str(place) for place in orjson.loads(data[_PLAIN.size :])]


def goodbye(node: bytes) -> bytes:
    """The last that a node says."""
    return _PLAIN.pack(node, GOODBYE)
