"""The delivery of a message: its whole transition table, and watermarks that only rise (S1.04, G07)."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.delivery import TRANSITIONS, Delivery, DeliveryEvent, Marks, advance, raised, state_of

_RANK = {Delivery.SENT: 1, Delivery.DELIVERED: 2, Delivery.SEEN: 3}
_D = Delivery

# Every state against every event, in the order acked, reached, viewed, refused, retried.
TABLE = {
    _D.PENDING: (_D.SENT, _D.DELIVERED, _D.SEEN, _D.FAILED, _D.PENDING),
    _D.SENT: (_D.SENT, _D.DELIVERED, _D.SEEN, _D.SENT, _D.SENT),
    _D.DELIVERED: (_D.DELIVERED, _D.DELIVERED, _D.SEEN, _D.DELIVERED, _D.DELIVERED),
    _D.SEEN: (_D.SEEN, _D.SEEN, _D.SEEN, _D.SEEN, _D.SEEN),
    _D.FAILED: (_D.SENT, _D.DELIVERED, _D.SEEN, _D.FAILED, _D.PENDING),
}

receipts = st.tuples(st.integers(0, 40), st.integers(0, 40))
marks = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: Marks(max(pair), min(pair)))


@pytest.mark.parametrize(("state", "event"), list(product(Delivery, DeliveryEvent)))
def test_every_state_answers_every_event(state: Delivery, event: DeliveryEvent) -> None:
    assert advance(state, event) is TABLE[state][list(DeliveryEvent).index(event)]


def test_the_table_names_every_state_and_no_other_event() -> None:
    assert set(TRANSITIONS) == set(Delivery)
    assert {event for row in TRANSITIONS.values() for event in row} == set(DeliveryEvent)


@given(st.lists(st.sampled_from(DeliveryEvent)))
def test_s1_04_once_committed_a_message_never_goes_back(events: list[DeliveryEvent]) -> None:
    state = advance(Delivery.PENDING, DeliveryEvent.ACKED)
    for event in events:
        later = advance(state, event)
        assert _RANK[later] >= _RANK[state]
        state = later


@given(marks, receipts, st.integers(0, 40))
def test_g07_a_receipt_never_lowers_a_mark_and_never_passes_the_end(
    before: Marks, receipt: tuple[int, int], more: int
) -> None:
    last = before.delivered + more
    after = raised(before, *receipt, last)
    assert after.delivered >= before.delivered
    assert after.seen >= before.seen
    assert after.seen <= after.delivered <= last


@given(st.lists(receipts, max_size=8), st.randoms(use_true_random=False))
def test_g07_receipts_in_any_order_end_at_the_same_marks(news: list[tuple[int, int]], random: object) -> None:
    def ending(order: list[tuple[int, int]]) -> Marks:
        held = Marks()
        for receipt in order:
            held = raised(held, *receipt, 30)
        return held

    shuffled = list(news)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a Random
    assert ending(news) == ending(shuffled) == ending(news + shuffled)


def test_a_stale_receipt_changes_nothing() -> None:
    held = Marks(delivered=9, seen=7)
    assert raised(held, 3, 2, last_seq=10) == held


def test_what_is_seen_is_delivered_too() -> None:
    assert raised(Marks(), delivered=0, seen=5, last_seq=10) == Marks(5, 5)


@given(marks, st.integers(1, 25))
def test_the_state_of_a_message_follows_from_the_marks_of_the_other_side(others: Marks, seq: int) -> None:
    expected = _D.SEEN if seq <= others.seen else _D.DELIVERED if seq <= others.delivered else _D.SENT
    assert state_of(seq, others) is expected
