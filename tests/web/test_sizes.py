"""Sizes of files, as each language says them."""

from __future__ import annotations

import pytest

from scripts import sizes
from widget_server.web.languages import NAMES
from widget_server.web.size_words import SIZE_WORDS
from widget_server.web.sizes import said_size


@pytest.mark.parametrize(
    ("size", "english", "french"),
    [
        (0, "0B", "0o"),
        (999, "999B", "999o"),
        (1_000, "1 kB", "1\u202fko"),
        (12_499, "12 kB", "12\u202fko"),
        (999_499, "999 kB", "999\u202fko"),
        (999_500, "1 MB", "1\u202fMo"),
        (1_449_999, "1.4 MB", "1,4\u202fMo"),
        (1_450_000, "1.5 MB", "1,5\u202fMo"),
        (9_990_000, "10 MB", "10\u202fMo"),
        (52_400_000, "52 MB", "52\u202fMo"),
        (5_000_000_000_000, "5000 GB", "5000\u202fGo"),
    ],
)
def test_a_size_is_said_as_the_language_writes_it(size: int, english: str, french: str) -> None:
    assert (said_size(size, "en"), said_size(size, "fr")) == (english, french)


@pytest.mark.parametrize("language", NAMES)
def test_the_words_of_sizes_are_those_of_cldr(language: str) -> None:
    assert SIZE_WORDS[language] == sizes.words(language)
