"""No shape of text makes rendering take more than in proportion, or grow beyond what a page can bear (S28).

Counted, not timed: calls of Python and of C, and characters of HTML.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.core.pathological import SHAPES
from widget_server.core.markdown import render

SHORT, LONG, LONGEST = 1_000, 4_000, 40_000
MOST_CALLS = 500_000


def work(source: str) -> int:
    """How many calls rendering ``source`` takes."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        render(source, {"anna": "/members/1"})
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_four_times_as_long_takes_about_four_times_the_work(shape: str) -> None:
    short, long = SHAPES[shape](SHORT), SHAPES[shape](LONG)
    render(short)
    assert work(long) <= 5 * work(short) + 1_000


@pytest.mark.parametrize("shape", SHAPES)
def test_s28_no_text_is_more_work_than_one_may_be(shape: str) -> None:
    render(SHAPES[shape](SHORT))
    assert work(SHAPES[shape](LONGEST)) <= MOST_CALLS


@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_becomes_a_page_of_its_own_size(shape: str) -> None:
    source = SHAPES[shape](LONG)
    assert len(render(source)) <= 12 * len(source)
