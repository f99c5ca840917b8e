"""Opening hours, also across midnight and the two nights a year that are not 24 hours long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.errors import Unacceptable
from widget_server.core.hours import Hours, Opening, Span, after_open, as_json, check_hours, opening

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000
WEEKDAYS = {"zone": "Europe/Berlin", "days": {day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in "12345"}}


def berlin(at_ms: int) -> int:
    offset = datetime.fromtimestamp(at_ms / 1000, BERLIN).utcoffset()
    assert offset is not None
    return int(offset.total_seconds() * 1000)


def at(text: str) -> int:
    """A local time in Berlin as UTC milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


def week(days: dict[str, list[list[str]]]) -> Hours:
    return check_hours({"zone": "Europe/Berlin", "days": days}, lambda _: True)


@pytest.mark.parametrize(
    ("now", "is_open", "changes"),
    [
        ("2026-11-20T08:59:59", False, "2026-11-20T09:00"),
        ("2026-11-20T09:00:00", True, "2026-11-20T12:00"),
        ("2026-11-20T12:00:00", False, "2026-11-20T13:00"),
        ("2026-11-20T17:29:59", True, "2026-11-20T17:30"),
        ("2026-11-20T17:30:00", False, "2026-11-23T09:00"),
        ("2026-11-22T03:00:00", False, "2026-11-23T09:00"),
    ],
)
def test_a_week_says_whether_it_is_open_and_when_that_changes(now: str, is_open: bool, changes: str) -> None:
    hours = check_hours(WEEKDAYS, lambda _: True)
    assert opening(hours, at(now), berlin) == Opening(is_open, at(changes))


def test_a_night_shift_goes_on_past_midnight() -> None:
    hours = week({"5": [["22:00", "24:00"]], "6": [["00:00", "02:00"]]})
    assert opening(hours, at("2026-11-20T23:30"), berlin) == Opening(True, at("2026-11-21T02:00"))


def test_round_the_clock_never_changes_and_never_open_does_not_either() -> None:
    always = week({day: [["00:00", "24:00"]] for day in "1234567"})
    assert opening(always, at("2026-11-20T12:00"), berlin) == Opening(True, None)
    assert opening(week({}), at("2026-11-20T12:00"), berlin) == Opening(False, None)


def test_the_clock_change_moves_the_hour_and_not_the_promise() -> None:
    sunday = week({"7": [["09:00", "10:00"]]})
    before_spring = at("2026-03-28T12:00")
    assert opening(sunday, before_spring, berlin).changes_at == at("2026-03-29T09:00")
    assert at("2026-03-29T09:00") - before_spring == 20 * HOUR
    before_autumn = at("2026-10-24T12:00")
    assert opening(sunday, before_autumn, berlin).changes_at == at("2026-10-25T09:00")
    assert at("2026-10-25T09:00") - before_autumn == 22 * HOUR


def test_spans_that_touch_are_one_and_come_back_sorted() -> None:
    hours = week({"1": [["12:00", "15:00"], ["09:00", "12:00"], ["14:00", "16:00"]]})
    assert as_json(hours)["days"] == {"1": [["09:00", "16:00"]], **{str(day): [] for day in range(2, 8)}}
    assert check_hours(as_json(hours), lambda _: True) == hours


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"days": {}}, "hours.zone"),
        ({"zone": "Mars/Base", "days": {}}, "hours.zone"),
        ({"zone": "UTC"}, "hours.days"),
        ({"zone": "UTC", "days": {"8": []}}, "hours.days"),
        ({"zone": "UTC", "days": {"1": "all"}}, "hours.days.1"),
        ({"zone": "UTC", "days": {"1": [["09:00"]]}}, "hours.days.1"),
        ({"zone": "UTC", "days": {"1": [["9:00", "10:00"]]}}, "hours.days.1"),
        ({"zone": "UTC", "days": {"1": [["10:00", "10:00"]]}}, "hours.days.1"),
        ({"zone": "UTC", "days": {"1": [["10:00", 11]]}}, "hours.days.1"),
        ({"zone": "UTC", "days": {"2": [["01:00", "02:00"]] * 7}}, "hours.days.2"),
    ],
)
def test_what_is_no_week_is_refused_with_the_place(value: dict[str, object], field: str) -> None:
    with pytest.raises(Unacceptable) as refused:
        check_hours(value, lambda name: name == "UTC")
    assert refused.value.facts == {"field": field}


spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])


def days() -> st.SearchStrategy[tuple[tuple[Span, ...], ...]]:
    return st.tuples(*[st.lists(spans, max_size=2).map(tuple)] * 7)


@given(days(), st.integers(0, 7 * 24 * 60))
def test_the_state_holds_until_the_change_and_not_a_minute_longer(
    week: tuple[tuple[Span, ...], ...], minute: int
) -> None:
    hours = Hours("UTC", week)
    now = int((datetime(2026, 11, 16, tzinfo=UTC) + timedelta(minutes=minute)).timestamp() * 1000)
    found = opening(hours, now, lambda _: 0)
    if found.changes_at is None:
        probes = [now + step * HOUR // 4 for step in range(7 * 24 * 4)]
        assert all(opening(hours, probe, lambda _: 0).open == found.open for probe in probes)
    else:
        assert found.changes_at > now
        assert opening(hours, found.changes_at, lambda _: 0).open != found.open
        assert opening(hours, found.changes_at - 1, lambda _: 0).open == found.open


@pytest.mark.parametrize(
    ("since", "minutes", "expected"),
    [
        ("2026-11-20T09:00", 5, "2026-11-20T09:05"),
        ("2026-11-20T11:58", 5, "2026-11-20T13:03"),
        ("2026-11-20T12:30", 5, "2026-11-20T13:05"),
        ("2026-11-20T17:28", 5, "2026-11-23T09:03"),
        ("2026-11-21T03:00", 1440, "2026-11-26T10:30"),
    ],
)
def test_only_open_minutes_count(since: str, minutes: int, expected: str) -> None:
    hours = check_hours(WEEKDAYS, lambda _: True)
    assert after_open(hours, at(since), minutes, berlin) == at(expected)


def test_a_week_that_never_opens_has_no_such_time_and_one_without_hours_always() -> None:
    assert after_open(week({}), at("2026-11-20T09:00"), 5, berlin) is None
    assert after_open(None, 0, 5, berlin) == 300_000
    always = week({day: [["00:00", "24:00"]] for day in "1234567"})
    assert after_open(always, 0, 5, berlin) == 300_000
