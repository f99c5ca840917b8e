"""The server's frames as bytes. Encoded once, by orjson from plain dictionaries; ``frames`` is their contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson

from widget_server.core.delivery import NOT_TOLD
from widget_server.core.errors import ProductError, TryLater
from widget_server.core.times import iso
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.effects import Sent

Json = dict[str, Any]

PONG = b'{"t":"pong"}'

MESSAGES_BYTES: Final = 256 * 1024
"""Of messages in one answer: several such answers may wait for a slow reader (``outbound_bytes_max``)."""

RESUME_MAX: Final = 500
"""More changes than this, or more than fit (:data:`MESSAGES_BYTES`), are not sent one by one: the client loads
afresh."""


def dumps(frame: Json) -> bytes:
    """Any frame."""
    return orjson.dumps(frame)


def ack(ref: int, sent: Sent) -> bytes:
    """``frames.Ack``. Written out by hand: its values cannot need escaping, and it is sent for every message."""
    channel, client_id, seq, version, revision, at = sent
    return (
        f'{{"t":"ack","ref":{ref},"channel":"{channel}","client_id":"{client_id}","seq":{seq},'
        f'"version":{version},"revision":{revision},"at":"{iso(at)}"}}'
    ).encode()


def done(ref: int) -> bytes:
    """``frames.Done``."""
    return orjson.dumps({"t": "done", "ref": ref})


def error_body(error: ProductError, say: Callable[[str], str] = str) -> Json:
    """Number, name, sentence and (for passing ones) milliseconds: the one shape of every error.

    :param say: puts the sentence into a person's language; programs read English.
    """
    code = ERRORS[error.name]
    facts = dict(error.facts)
    body: Json = {"code": code.number, "name": error.name}
    if isinstance(error, TryLater):
        body["retry_after"] = error.retry_after_ms
        facts.setdefault("seconds", max(1, -(-error.retry_after_ms // 1000)))
    body["message"] = say(code.text).format_map(_Facts(facts))
    return body


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def error(error: ProductError, ref: int | None = None, channel: str | None = None) -> bytes:
    """``frames.ErrorFrame``."""
    frame: Json = {"t": "error", **error_body(error)}
    if ref is not None:
        frame["ref"] = ref
    if channel is not None:
        frame["channel"] = channel
    return orjson.dumps(frame)


def event(channel: str, from_version: int, to_version: int, messages: Sequence[Json], head: Json | None) -> bytes:
    """``frames.Event``."""
    frame: Json = {"t": "event", "channel": channel, "from": from_version, "to": to_version, "messages": messages}
    if head is not None:
        frame["head"] = head
    return orjson.dumps(frame)


def fitting(messages: Sequence[Json]) -> Sequence[Json]:
    """The newest of ``messages`` (in order of ``seq``) that fit into ``MESSAGES_BYTES``; at least one, if there is any.

    An answer that is larger than what may wait for a slow reader could never reach one.
    """
    if len(orjson.dumps(messages)) <= MESSAGES_BYTES:
        return messages
    left = MESSAGES_BYTES
    for index in range(len(messages) - 1, -1, -1):
        left -= len(orjson.dumps(messages[index])) + 1
        if left < 0:
            return messages[min(index + 1, len(messages) - 1) :]
    return messages


def side_marks(marks: Sequence[int]) -> Json:
    """``frames.SideMarks`` of (delivered, seen); a seen that is not told is left out."""
    delivered, seen = marks
    return {"delivered": delivered} if seen == NOT_TOLD else {"delivered": delivered, "seen": seen}


def marks(channel: str, visitor: Sequence[int], agents: Sequence[int]) -> bytes:
    """``frames.MarksFrame``."""
    return orjson.dumps(
        {"t": "marks", "channel": channel, "visitor": side_marks(visitor), "agents": side_marks(agents)}
    )


def place(channel: str, seen: int) -> bytes:
    """``frames.PlaceFrame``."""
    return orjson.dumps({"t": "place", "channel": channel, "seen": seen})


def rows(rows: Iterable[bytes], cursor: int) -> bytes:
    """``frames.Rows`` of rows that changed, each already encoded."""
    return b'{"t":"rows","rows":[' + b",".join(rows) + b'],"cursor":' + str(cursor).encode() + b"}"


def joined(frames: Sequence[bytes]) -> bytes:
    """Several frames as one WebSocket message."""
    return frames[0] if len(frames) == 1 else b"[" + b",".join(frames) + b"]"
