"""What the hand-written encoders make is what the contract says."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.protocol.samples import CHANNEL, OTHER, SAMPLES
from widget_server.protocol import encode
from widget_server.protocol.answers import SERVER_FRAME
from widget_server.protocol.effects import Sent
from widget_server.protocol.frames import CLIENT_FRAME, ClientModel

AUTHOR = {"id": OTHER, "name": None, "role": "visitor", "picture": None}
MESSAGE = {
    "seq": 1,
    "client_id": OTHER,
    "author": AUTHOR,
    "kind": "text",
    "body": 'Quotes " and \\ and 🧡',
    "at": "2026-11-18T13:46:40.007Z",
    "version": 1,
    "revision": 0,
}
HEAD = {"kind": "conversation", "status": "open"}
ROW: dict[str, Any] = {
    "channel": CHANNEL,
    "staff": OTHER,
    "site": "shop",
    "visitor": AUTHOR,
    "version": 1,
    "last_seq": 1,
    "unread": 1,
    "status": "open",
    "assignee": None,
    "snoozed_until": None,
    "preview": "Hello",
    "preview_role": "visitor",
    "created_at": "2026-11-18T13:46:40.007Z",
    "activity_at": "2026-11-18T13:46:40.007Z",
    "stamp": 3,
}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (encode.PONG, "pong"),
        (encode.done(3), "done"),
        (encode.ack(1, Sent(CHANNEL, OTHER, 5, 6, 0, 1_795_000_000_007)), "ack"),
        (encode.event(CHANNEL, 1, 2, [MESSAGE], None), "event"),
        (encode.event(CHANNEL, 1, 2, [], HEAD), "event"),
        (encode.marks(CHANNEL, (2, 1), (1, 1)), "marks"),
        (encode.rows([orjson.dumps(ROW), orjson.dumps({**ROW, "gone": True})], 9), "rows"),
        (encode.rows([], 9), "rows"),
    ],
)
def test_every_encoder_keeps_to_the_contract(data: bytes, kind: str) -> None:
    frame = SERVER_FRAME.validate_json(data)
    assert frame.t == kind
    assert orjson.dumps(orjson.loads(data)) == data


def test_frames_that_wait_together_leave_as_one_array() -> None:
    assert encode.joined([encode.PONG]) == encode.PONG
    assert orjson.loads(encode.joined([encode.PONG, encode.done(1)])) == [{"t": "pong"}, {"t": "done", "ref": 1}]


def test_every_kind_of_client_frame_has_a_sample() -> None:
    schema = CLIENT_FRAME.json_schema()
    assert {sample["t"] for sample in SAMPLES} == set(schema["discriminator"]["mapping"])


def test_clients_frames_cannot_be_changed_after_they_were_read() -> None:
    for sample in SAMPLES:
        frame = CLIENT_FRAME.validate_python(sample, strict=False)
        assert isinstance(frame, ClientModel)
        with pytest.raises(ValueError, match="frozen"):
            frame.t = "ping"  # type: ignore[misc]  # on purpose
