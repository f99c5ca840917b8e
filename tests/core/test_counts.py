"""Numbers of what waits are shown by one rule."""

from __future__ import annotations

import pytest

from widget_server.core.counts import COUNTED_MAX, shown_count


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (1, "1"), (99, "99"), (100, "99+"), (5_000, "99+")])
def test_beyond_ninety_nine_a_plus_stands_for_the_rest(count: int, shown: str) -> None:
    assert shown_count(count) == shown


def test_counting_goes_as_far_as_the_plus_needs() -> None:
    assert shown_count(COUNTED_MAX) == shown_count(COUNTED_MAX + 1) != shown_count(COUNTED_MAX - 1)
