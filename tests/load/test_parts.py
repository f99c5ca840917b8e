"""What the load tool draws, counts and shows."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import Any

import pytest

from tests.load.chart import chart
from tests.load.histogram import Histogram
from tests.load.schedule import Habits, schedule
from tests.load.step import Result
from tests.load.table import from_lines, table, to_lines
from tests.load.talk import Holding, Tally, body_of, read_body

_HABITS = Habits(pace=2, stay=20, away=3)


def histogram_of(*seconds: float) -> Histogram:
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    return histogram


def result(**changed: Any) -> Result:
    known = {
        "setup": "SQLite, 1 node",
        "nodes": 1,
        "connections": 500,
        "offered": 90.0,
        "delivered": 89.5,
        "ack_p50": 1.5,
        "ack_p99": 8.0,
        "p50": 1.6,
        "p99": 9.0,
        "return_p50": 2.0,
        "return_p99": 7.0,
        "lag_p99": 1.0,
        "cpu": {"node": 0.2},
        "others": 0.05,
        "resident_mib": 100.0,
        "kib_each": 27.0,
        "tally": Tally(sent=1790, acked=1790, delivered=1790).as_json(),
    }
    return Result(**{**known, **changed})


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_percentile_is_right_within_two_in_a_hundred(share: float) -> None:
    histogram = histogram_of(*(number / 1000 for number in range(1, 1001)))
    assert histogram.percentile(share) == pytest.approx(share, rel=0.02)


def test_histograms_of_two_processes_are_one() -> None:
    one, other = histogram_of(0.001, 0.002), histogram_of(0.5)
    one.merge(Histogram(dict(list(other.counts.items()))))
    assert one.total == 3
    assert one.percentile(1.0) == pytest.approx(0.5, rel=0.02)
    assert Histogram().percentile(0.99) == 0.0


def test_the_same_seed_draws_the_same_schedule_in_order_of_time() -> None:
    one, again = (schedule(random.Random(7), 30, 60.0, _HABITS) for _ in range(2))
    assert one == again
    assert all(before.at <= after.at for before, after in pairwise(one))
    assert all(0 <= deed.at < 60.0 for deed in one)


def test_messages_come_at_the_pace_that_was_asked_for() -> None:
    said = [deed for deed in schedule(random.Random(7), 100, 100.0, Habits(2, 1e9, 1)) if deed.kind.endswith("says")]
    assert len(said) == pytest.approx(100 * 100 / 2, rel=0.05)


def test_who_is_away_says_nothing_and_what_is_said_to_them_is_not_timed() -> None:
    for talk in range(20):
        away = False
        for deed in (deed for deed in schedule(random.Random(3), 20, 120.0, _HABITS) if deed.talk == talk):
            if deed.kind in {"leave", "return"}:
                assert away == (deed.kind == "return")
                away = deed.kind == "leave"
            assert not (away and deed.kind == "visitor_says")
            if deed.kind == "agent_says":
                assert deed.is_measured != away
        assert not away


def test_a_body_says_whose_it_is_and_which() -> None:
    assert len(body_of("visitor", 12).encode()) == 80
    assert read_body(body_of("agent", 345)) == ("agent", 345)


def message(seq: int, number: int) -> dict[str, Any]:
    return {"seq": seq, "kind": "text", "body": body_of("agent", number)}


def event(to: int, *messages: dict[str, Any]) -> dict[str, Any]:
    return {"t": "event", "channel": "c", "from": to - 1, "to": to, "messages": list(messages)}


def held(*frames: dict[str, Any]) -> tuple[Holding, list[int]]:
    holding, fresh = Holding("visitor", Tally()), list[int]()
    for frame in frames:
        holding.take(frame, lambda _, number: fresh.append(number))
    return holding, fresh


def test_a_repeat_of_an_event_is_no_second_message() -> None:
    holding, fresh = held(event(1, message(1, 0)), event(1, message(1, 0)), event(2, message(2, 1)))
    assert fresh == [0, 1]
    assert holding.tally.is_clean


def test_a_message_at_two_places_is_doubled() -> None:
    holding, fresh = held(event(1, message(1, 0)), event(2, message(2, 0)))
    assert fresh == [0]
    assert holding.tally.doubled == 1


def test_a_message_before_its_elder_is_out_of_order() -> None:
    holding, _ = held(event(1, message(1, 1)), event(2, message(2, 0)))
    assert holding.tally.disordered == 1
    assert holding.tally.doubled == 1


def test_a_hole_is_asked_about_once_and_not_filled_from_behind() -> None:
    holding = Holding("visitor", Tally())
    asked = [holding.take(event(to, message(to, to - 1)), lambda *_: None) for to in (1, 3, 4)]
    assert asked == [False, True, False]
    assert (holding.last, holding.tally.gaps) == (1, 1)


def test_results_that_were_kept_are_the_same_again() -> None:
    results = [result(), result(connections=1000)]
    assert from_lines(to_lines(results)) == results


def test_a_table_names_what_went_wrong_and_when_the_generator_was_late() -> None:
    rows = table([result(), result(tally=Tally(lost=2).as_json(), lag_p99=50.0)]).splitlines()[2:]
    assert rows[0].endswith("| nothing |")
    assert "(late)" not in rows[0]
    assert rows[1].endswith("| 2 lost |")
    assert "(late)" in rows[1]


def test_the_picture_is_well_formed_and_says_in_words_what_it_shows() -> None:
    results = [result(setup=setup, connections=count) for setup in ("one", "two & more") for count in (500, 1000)]
    root = ET.fromstring(chart(results, "Load <here>", ("one note", "another")))
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert root.findtext("svg:title", namespaces=space) == "Load <here>"
    described = root.findtext("svg:desc", namespaces=space)
    assert described is not None
    assert "two & more: 500 connections: 90 messages a second, p50 1.6 ms, p99 9 ms" in described
    assert len(root.findall("svg:circle", namespaces=space)) == 1 + 2 + 2 * 2
    places = [float(circle.get("cx", "nan")) for circle in root.findall("svg:circle", namespaces=space)]
    assert all(0 < place < 880 for place in places)


def test_a_picture_of_more_setups_than_can_be_told_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        chart([result(setup=str(number)) for number in range(5)], "t", ("n", "m"))
