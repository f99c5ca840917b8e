"""By which ways somebody is still to be told, and when their next digest is due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from widget_server.core.notifying import (
    TOPICS,
    WAYS,
    Choices,
    Told,
    choices_of,
    next_digest,
    ways_left,
    written_choices,
    zone_of,
)

if TYPE_CHECKING:
    from widget_server.core.notifying import Left, Mails

BERLIN = zone_of("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("told", "mails", "left"),
    [
        (Told("reply"), "at_once", {"mail", "push"}),
        (Told("reply"), "daily", {"digest", "push"}),
        (Told("reply"), "never", {"push"}),
        (Told("reply", is_seen=True), "at_once", set()),
        (Told("reply", is_seen=True), "weekly", set()),
        (Told("reply", is_mailed=True), "at_once", set()),
        (Told("reply", is_pushed=True), "at_once", set()),
        (Told("reply", is_pushed=True), "daily", {"digest"}),
        (Told("message"), "at_once", {"push"}),
        (Told("warning"), "at_once", {"mail", "push"}),
    ],
)
def test_what_was_told_one_way_is_not_told_another(told: Told, mails: Mails, left: set[Left]) -> None:
    assert ways_left(told, Choices(mails)) == left


def test_a_way_that_was_not_chosen_is_not_taken() -> None:
    choices = Choices(kinds={"reply": frozenset({"page"}), "staff": frozenset()})
    assert ways_left(Told("reply"), choices) == set()
    assert ways_left(Told("quote"), choices) == {"mail", "push"}
    assert choices.ways("warning") == {"page"}, "what moderators say is always shown"


@pytest.mark.parametrize(
    ("mails", "now", "due"),
    [
        ("daily", "2026-11-26T06:59:59+01:00", "2026-11-26T07:00:00+01:00"),
        ("daily", "2026-11-26T07:00:00+01:00", "2026-11-27T07:00:00+01:00"),
        # A Thursday, and the Friday behind it.
        ("weekly", "2026-11-26T09:00:00+01:00", "2026-11-27T07:00:00+01:00"),
        ("weekly", "2026-11-27T07:00:00+01:00", "2026-12-04T07:00:00+01:00"),
        # The clocks change in the night before.
        ("daily", "2026-10-24T07:00:00+02:00", "2026-10-25T07:00:00+01:00"),
        ("daily", "2026-03-28T07:00:00+01:00", "2026-03-29T07:00:00+02:00"),
    ],
)
def test_a_digest_comes_at_the_hour_on_the_wall(mails: Mails, now: str, due: str) -> None:
    assert next_digest(Choices(mails, hour=7, day=4), at(now), BERLIN) == at(due)


def test_an_hour_that_is_left_out_is_the_one_behind_it_and_one_that_comes_twice_is_the_first() -> None:
    choices = Choices("daily", hour=2)
    assert next_digest(choices, at("2026-03-29T00:00:00+01:00"), BERLIN) == at("2026-03-29T03:00:00+02:00")
    first = next_digest(choices, at("2026-10-25T00:00:00+02:00"), BERLIN)
    assert first == at("2026-10-25T02:00:00+02:00")
    assert first is not None
    assert next_digest(choices, first, BERLIN) == at("2026-10-26T02:00:00+01:00")


@pytest.mark.parametrize("mails", ["at_once", "never"])
def test_who_wants_no_digest_has_none_due(mails: Mails) -> None:
    assert next_digest(Choices(mails), 0, UTC) is None


def test_an_unknown_zone_is_utc() -> None:
    assert [zone_of(name) for name in ("", "Nowhere/At_All", "../etc/passwd")] == [UTC] * 3


def test_choices_are_stored_and_read_as_they_were() -> None:
    chosen = Choices("weekly", {topic: frozenset(WAYS[:1]) for topic in TOPICS}, 23, 6, follows=False)
    assert choices_of(chosen.mails, written_choices(chosen)) == chosen
    assert choices_of("at_once", {}) == Choices()
    assert choices_of("nonsense", {"kinds": 7, "hour": 24, "day": "x"}) == Choices()
