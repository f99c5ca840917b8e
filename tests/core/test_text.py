"""What may be stored as text, whatever Unicode a person or an attacker brings."""

from __future__ import annotations

import sqlite3
import unicodedata
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.errors import Unacceptable
from widget_server.core.text import check_body, check_line, check_lines, fold, preview

if TYPE_CHECKING:
    from collections.abc import Callable

anything = st.text(st.characters(), max_size=60)
sneaky = st.text(
    st.sampled_from(
        "aée\u0301\u200b\u202e\ufeff\u00ad\u2028 \t\n\r\x00\x1f\x85\ud800\ufffe\U0001f600"
        "\u0130\u00df\u017f\u03a3\u0345\ufb01"
    ),
    max_size=30,
)


def taken(check: Callable[[str, int], str], text: str, *refusals: str) -> str | None:
    """What ``check`` makes of the text, or None where it gives one of the refusals it documents."""
    try:
        return check(text, 50)
    except Unacceptable as error:
        name = error.name
    assert name in refusals
    return None


@given(anything | sneaky)
def test_a_body_is_stored_or_refused_and_nothing_else(text: str) -> None:
    body = taken(check_body, text, "empty_message", "message_too_long", "bad_text")
    if body is None:
        return
    assert 0 < len(body) <= 50
    assert "\r" not in body
    assert "\x00" not in body
    assert check_body(body, 50) == body
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute("SELECT ?", (body,)).fetchone() == (body,)


@pytest.mark.parametrize("text", ["", "  ", "\n\n", "\r\n \t", "\u2003\u3000", "\x1f"])
def test_nothing_is_no_message(text: str) -> None:
    with pytest.raises(Unacceptable, match="empty_message"):
        check_body(text, 10)


def test_a_body_may_be_as_long_as_the_limit_and_not_longer() -> None:
    assert check_body("x" * 10, 10) == "x" * 10
    assert check_body("🧡" * 10, 10) == "🧡" * 10
    with pytest.raises(Unacceptable, match="message_too_long") as caught:
        check_body("x" * 11, 10)
    assert caught.value.facts == {"limit": 10}


@pytest.mark.parametrize("bad", ["\x00", "\ud800", chr(0xDFFF), "\ufdd0", "\uffff", "\U0001fffe", "\U0010ffff"])
def test_what_no_database_should_hold_is_refused(bad: str) -> None:
    for text in (bad, f"before{bad}after", f"é{bad}"):
        with pytest.raises(Unacceptable, match="bad_text"):
            check_body(text, 50)
        with pytest.raises(Unacceptable, match="bad_text"):
            check_line(text, 50)


def test_line_ends_are_one_kind_and_the_end_is_trimmed() -> None:
    assert check_body("\r\none\r\ntwo\rthree  \n\n", 50) == "one\ntwo\nthree"


def test_indentation_of_the_first_line_stays() -> None:
    assert check_body("    code\n  more", 50) == "    code\n  more"


def test_a_message_keeps_its_emoji_and_its_direction() -> None:
    for text in ("👩‍👩‍👧", "שלום \u200fworld", "e\u0301"):
        assert check_body(text, 50) == text


@given(anything | sneaky)
def test_a_line_is_one_line_of_visible_characters(text: str) -> None:
    line = taken(check_line, text, "bad_text", "line_too_long")
    if line is None:
        return
    assert line == line.strip()
    assert "\n" not in line
    assert not {"\u200b", "\u202e", "\ufeff", "\x00", "\x1f", "\x85"} & set(line)
    assert unicodedata.is_normalized("NFC", line)
    assert check_line(line, 50) == line


def test_a_hidden_character_between_letter_and_accent_makes_no_second_spelling() -> None:
    assert check_line("Jose\u200b\u0301", 50) == check_line("José", 50)


def test_a_required_line_is_not_empty() -> None:
    assert check_line(" \u200b ", 5) == ""
    with pytest.raises(Unacceptable, match="line_empty"):
        check_line(" \u200b ", 5, required=True)
    for blank in ("\u3164", "\ufe0f", "\u2800\u115f"):
        with pytest.raises(Unacceptable, match="line_empty"):
            check_line(blank, 5, required=True)


def test_a_line_that_is_too_long_names_the_limit() -> None:
    with pytest.raises(Unacceptable, match="line_too_long") as caught:
        check_line("xxxxxx", 5)
    assert caught.value.facts == {"limit": 5}


@given(anything | sneaky)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ADA"),
        ("straße", "STRASSE"),
        ("\ufb01ne", "fine"),
        ("José", "Jose\u0301"),
        ("a\u200bda", "ada"),
        ("\uff21\uff44\uff41", "ada"),
        (" ada ", "ada"),
        ("Jose\u200b\u0301", "josé"),
    ],
)
def test_look_alikes_fold_to_one_name(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("text", ["ada@\x00example.com", "\ud800ada@example.com", "ada@example.com\uffff"])
def test_any_text_may_be_looked_up(text: str) -> None:
    assert fold(text) == "ada@example.com"


@given(anything, st.integers(2, 40))
def test_a_preview_is_one_short_line(text: str, limit: int) -> None:
    line = preview(text, limit)
    assert len(line) <= limit
    assert "\n" not in line


def test_a_preview_says_when_there_is_more() -> None:
    assert preview("one\ntwo", 20) == "one two"
    assert preview("x" * 30, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\n\n\n \n\nb", "a\n\nb"),
        ("  \n a \n ", "a"),
        ("a\u202eb\u200bc\x07d", "abc d"),
        ("e\u0301", "é"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("{{7*7}} <script>", "{{7*7}} <script>"),
    ],
)
def test_s36_a_text_of_several_lines_keeps_its_paragraphs_and_nothing_that_reorders(written: str, kept: str) -> None:
    assert check_lines(written, 100) == kept


def test_a_text_of_several_lines_has_an_end_and_no_characters_that_cannot_be_stored() -> None:
    with pytest.raises(Unacceptable, match="line_too_long"):
        check_lines("x" * 101, 100)
    for wrong in ("a\x00b", "\ud800"):
        with pytest.raises(Unacceptable, match="bad_text"):
            check_lines(wrong, 100)
