"""The rules of docs/protocol.md as the test client keeps them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.clients.state import ChannelState, ClientState, Frame, fresh_id

CHANNEL = fresh_id()
AUTHOR = {"id": fresh_id(), "name": None, "role": "visitor", "picture": None}


def message(seq: int, version: int, body: str = "text", client_id: str | None = None) -> Frame:
    name = client_id or f"00000000-0000-7000-8000-{seq:012d}"
    return {"seq": seq, "client_id": name, "author": AUTHOR, "kind": "text", "body": body, "version": version}


def event(start: int, to: int, *messages: Frame) -> Frame:
    return {"t": "event", "channel": CHANNEL, "from": start, "to": to, "messages": list(messages)}


def head(version: int, last_seq: int, epoch: str = "e1", **more: Any) -> Frame:
    base = {"t": "head", "channel": CHANNEL, "epoch": epoch, "version": version, "first_seq": 1, "last_seq": last_seq}
    return {**base, "state": "open", "head": {"kind": "conversation", "status": "open"}, **more}


def synced_channel(count: int) -> ChannelState:
    channel = ChannelState(CHANNEL)
    channel.apply(head(count, count))
    channel.apply({"t": "messages", "channel": CHANNEL, "messages": [message(n, n) for n in range(1, count + 1)]})
    channel.apply({"t": "synced", "channel": CHANNEL, "version": count})
    return channel


def test_a_resume_ends_at_the_heads_version() -> None:
    channel = synced_channel(3)
    assert (channel.version, channel.first, channel.last, channel.synced) == (3, 1, 3, True)
    assert channel.position()["version"] == 3


def test_an_event_over_a_hole_asks_once_and_changes_nothing() -> None:
    channel = synced_channel(3)
    assert channel.apply(event(4, 5, message(5, 5)))
    assert not channel.apply(event(5, 6, message(6, 6)))
    assert (channel.version, channel.last, channel.holes_met) == (3, 3, 2)


def test_an_older_state_of_a_message_never_replaces_a_newer_one() -> None:
    channel = synced_channel(2)
    channel.apply(event(2, 3, message(1, 3, "edited")))
    channel.apply(event(1, 2, message(1, 1, "first")))
    assert channel.messages[1]["body"] == "edited"
    assert channel.version == 3


def test_a_message_at_two_numbers_is_a_violation() -> None:
    channel = synced_channel(1)
    channel.apply(event(1, 2, message(2, 2, client_id=channel.messages[1]["client_id"])))
    assert channel.violations


def test_marks_that_fall_are_a_violation() -> None:
    channel = synced_channel(1)
    for seen in (1, 0):
        marks = {"delivered": 1, "seen": seen}
        channel.apply({"t": "marks", "channel": CHANNEL, "visitor": marks, "agents": marks})
    assert len(channel.violations) == 2


def test_a_reset_drops_what_is_held() -> None:
    channel = synced_channel(3)
    channel.apply({"t": "reset", "channel": CHANNEL, "reason": "epoch"})
    channel.apply(head(1, 1, epoch="e2"))
    channel.apply({"t": "messages", "channel": CHANNEL, "messages": [message(1, 1, "other", fresh_id())]})
    channel.apply({"t": "synced", "channel": CHANNEL, "version": 1})
    assert (channel.epoch, channel.version, channel.last, channel.violations) == ("e2", 1, 1, [])


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_messages_in_any_order_and_repeated_make_one_list(order: list[int], repeats: int) -> None:
    channel = ChannelState(CHANNEL)
    for number in [*order, *order[:repeats]]:
        channel.apply({"t": "messages", "channel": CHANNEL, "messages": [message(number, number)]})
    assert [seq for seq, *_ in channel.lists()] == list(range(1, 9))
    assert channel.violations == []


def ack(client_id: str, ref: int, seq: int) -> Frame:
    base = {"t": "ack", "ref": ref, "channel": CHANNEL, "client_id": client_id}
    return {**base, "seq": seq, "version": seq, "revision": 0, "at": "2026-01-01T00:00:00.000Z"}


def test_the_first_ack_names_the_conversation_for_what_waits() -> None:
    client = ClientState("visitor")
    first, second = client.compose("one"), client.compose("two")
    assert first.start == second.start
    client.receive(ack(first.client_id, first.ref, 1))
    assert [frame.get("channel") for frame in client.resend()] == [CHANNEL]


def test_a_welcome_brings_the_outbox_again_in_order() -> None:
    client = ClientState("visitor")
    pending = [client.compose(f"{n}", CHANNEL) for n in range(3)]
    answer = client.receive({"t": "welcome", "token": "t", "epoch": "e1"})
    assert [frame["client_id"] for frame in answer.frames] == [each.client_id for each in pending]


def test_refused_together_is_repeated_together() -> None:
    client = ClientState("visitor")
    pending = [client.compose(f"{n}", CHANNEL) for n in range(3)]
    waits = [
        client.receive({"t": "error", "ref": each.ref, "code": code, "retry_after": 40}).retry_after
        for each, code in zip(pending, (5000, 5003, 5003), strict=True)
    ]
    assert waits == [40, None, None]
    assert len(client.resend()) == 3


def test_a_final_refusal_leaves_the_outbox() -> None:
    client = ClientState("visitor")
    pending = client.compose("x", CHANNEL)
    client.receive({"t": "error", "ref": pending.ref, "code": 3000})
    assert client.resend() == []
    assert pending.failed is not None
