"""Times: UTC milliseconds inside, ISO 8601 outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.times import from_iso, iso


@given(st.integers(0, 253_402_300_799_999))
def test_a_time_survives_the_way_out_and_back(ms: int) -> None:
    assert from_iso(iso(ms)) == ms


def test_a_time_is_written_with_milliseconds_and_a_z() -> None:
    assert iso(1_795_000_000_007) == "2026-11-18T11:06:40.007Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"


@given(st.integers(0, 253_402_300_799_998))
def test_written_times_sort_as_they_are(ms: int) -> None:
    assert iso(ms) < iso(ms + 1)


def test_another_zone_is_the_same_moment() -> None:
    assert from_iso("2026-11-18T15:46:40.007+02:00") == from_iso("2026-11-18T13:46:40.007Z")


@pytest.mark.parametrize("text", ["", "soon", "2026-11-18", "2026-11-18T13:46:40", "2026-02-30T00:00:00Z", "\x00"])
def test_what_is_no_time_or_names_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_iso(text)


@given(st.text(max_size=40))
def test_whatever_the_text_there_is_a_time_or_a_value_error(text: str) -> None:
    try:
        assert isinstance(from_iso(text), int)
    except ValueError:
        return
