"""One full frame of every kind that a client may send."""

from __future__ import annotations

from typing import Any

CHANNEL = "01926b3a-8a70-7cc2-8f00-0123456789ab"
OTHER = "01926b3a-8a70-7cc2-8f00-0123456789ac"
_CONTEXT = {"page": "https://shop.test/", "title": "Shop", "referrer": "", "language": "en", "zone": "Europe/Paris"}
_POSITION = {"channel": CHANNEL, "epoch": "e1", "version": 3, "first": 1, "last": 3, "tail": True}

SAMPLES: list[dict[str, Any]] = [
    {
        "t": "hello",
        "v": 1,
        "token": "t" * 43,
        "positions": [_POSITION],
        "inbox": 7,
        "inbox_epoch": "e1",
        "context": _CONTEXT,
    },
    {"t": "open", "ref": 1, "channel": CHANNEL, "position": _POSITION},
    {"t": "close", "channel": CHANNEL},
    {
        "t": "send",
        "ref": 2,
        "client_id": OTHER,
        "channel": CHANNEL,
        "start": OTHER,
        "body": "Hello",
        "parent": 1,
        "after_seq": 2,
        "context": _CONTEXT,
    },
    {"t": "edit", "ref": 3, "channel": CHANNEL, "seq": 1, "revision": 1, "body": "Hello again"},
    {"t": "remove", "ref": 4, "channel": CHANNEL, "seq": 1},
    {"t": "history", "ref": 5, "channel": CHANNEL, "before": 10, "limit": 20},
    {"t": "receipt", "channel": CHANNEL, "epoch": "e1", "delivered": 3, "seen": 2},
    {"t": "typing", "channel": CHANNEL, "on": True, "draft": "Hel"},
    {"t": "context", "context": _CONTEXT},
    {"t": "contact", "ref": 6, "name": "Ada", "mail": "ada@example.com", "attributes": {"plan": "pro", "seats": 3}},
    {"t": "sign_out", "ref": 7},
    {"t": "ping"},
    {"t": "inbox", "ref": 8, "view": {"status": "open", "who": "mine"}, "before": "1.2", "limit": 10},
    {"t": "assign", "ref": 9, "channel": CHANNEL, "assignee": OTHER},
    {"t": "status", "ref": 10, "channel": CHANNEL, "status": "snoozed", "until": "2030-01-01T00:00:00Z"},
    {"t": "availability", "ref": 11, "state": "away"},
    {"t": "search", "ref": 12, "text": "plum", "limit": 5},
    {"t": "watch", "boards": ["01890000-0000-7000-8000-000000000001"]},
]
