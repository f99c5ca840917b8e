"""What an owner chooses for a site is checked field by field, and survives being stored."""

from __future__ import annotations

import pytest

from widget_server.core.appearance import (
    RECEIPTS_OFF,
    Appearance,
    as_json,
    check_changes,
    check_name,
    from_stored,
    to_stored,
)
from widget_server.core.errors import ProductError

CHOSEN: dict[str, object] = {
    "color": "#AB12ef",
    "greeting": "Hello,\nhow can we help?",
    "away_text": "We are back tomorrow.",
    "reply_time": "hours",
    "position": "left",
    "draft_preview": True,
    "read_receipts": False,
    "hours": {"zone": "Europe/Berlin", "days": {"1": [["09:00", "17:00"]]}},
    "missed_minutes": 30,
    "answer_minutes": 0,
}


def changed(**changes: object) -> Appearance:
    return check_changes(Appearance(), changes, lambda zone: zone == "Europe/Berlin")


def test_every_field_can_be_chosen_and_survives_the_store() -> None:
    appearance = changed(**CHOSEN)
    assert appearance.color == "#ab12ef"
    assert from_stored(to_stored(appearance)) == appearance
    assert set(as_json(appearance)) == set(CHOSEN)


def test_p6_a_statement_finds_the_switch_as_it_is_stored_and_no_text_that_looks_like_it() -> None:
    assert RECEIPTS_OFF in to_stored(changed(read_receipts=False))
    assert RECEIPTS_OFF not in to_stored(changed(greeting=RECEIPTS_OFF, away_text=f" {RECEIPTS_OFF}"))


def test_what_is_not_named_stays() -> None:
    before = changed(**CHOSEN)
    after = check_changes(before, {"greeting": " "}, lambda _: True)
    assert (after.greeting, after.color, after.hours) == ("", before.color, before.hours)


def test_an_empty_or_newer_store_gives_the_defaults() -> None:
    assert from_stored("{}") == Appearance()
    assert from_stored('{"hologram": true, "color": "#010203"}').color == "#010203"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("color", "red"),
        ("color", None),
        ("greeting", 7),
        ("greeting", "x" * 501),
        ("away_text", "a\x00b"),
        ("reply_time", "never"),
        ("reply_time", ["hours"]),
        ("position", "top"),
        ("draft_preview", 1),
        ("read_receipts", "off"),
        ("missed_minutes", -1),
        ("missed_minutes", True),
        ("answer_minutes", 1441),
        ("answer_minutes", "5"),
        ("hours", "always"),
        ("hours", {"zone": "Mars/Base", "days": {}}),
        ("hologram", True),
    ],
)
def test_a_value_that_cannot_be_taken_is_refused(field: str, value: object) -> None:
    with pytest.raises(ProductError):
        changed(**{field: value})


def test_a_name_is_one_line_and_not_empty() -> None:
    assert check_name("  Plum\u202e & \n Sons ") == "Plum & Sons"
    for wrong in ("", " ", 7, "x" * 81):
        with pytest.raises(ProductError):
            check_name(wrong)
