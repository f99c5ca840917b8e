"""Words, plain texts and queries: whatever is typed, those who write and those who seek meet, in linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.plain import plain_of, snippet_of
from widget_server.core.seeking import QUERY_CHARS, TERMS, Sought, day_of, seek
from widget_server.core.words import WORD_CHARS, Term, split_words, term_of

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
HOSTILE = ['"', 'foo"', "a AND", "NEAR(", "*", "-", "^", "a'b", "(" * 50, "x:y", "hel*"]
"""F8: what breaks a query of an index when it is handed on as it was typed."""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Größe Café naïve ﬁne", ["grosse", "cafe", "naive", "fine"]),
        ("x\u0301y a\u00adb İstanbul", ["xy", "ab", "istanbul"]),
        ("snake_case don't C++ \uff11\uff12 \u0661\u0662", ["snake", "case", "don", "t", "c", "12", "12"]),
        ("йогурт क्षेत्र", ["йогурт", "क्षेत्र"]),
        ("白猫です", ["白猫", "猫で", "です", "す"]),
        ("v2で", ["v2", "で"]),
        ("--- ☕ \u200b", []),
        ("x" * 100, ["x" * WORD_CHARS]),
    ],
)
def test_words_are_folded_and_parted(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(anything)
def test_a_word_has_nothing_that_a_query_language_knows(text: str) -> None:
    for word in split_words(text):
        assert all(not char.isascii() or char.isalnum() for char in word)
        assert not any(char.isspace() for char in word)
        assert 0 < len(word) <= WORD_CHARS


def stands_in(term: Term, words: list[str]) -> bool:
    *whole, last = term.words
    return any(
        words[at : at + len(whole)] == whole
        and (words[at + len(whole)].startswith(last) if term.is_beginning else words[at + len(whole)] == last)
        for at in range(len(words) - len(whole))
    )


@given(st.lists(st.text("ab猫白กé1", min_size=1, max_size=6), min_size=1, max_size=5), st.data())
def test_what_stands_in_a_text_is_found_in_it(chunks: list[str], data: st.DataObject) -> None:
    term = term_of(data.draw(st.sampled_from(chunks)))
    assert term is not None
    assert stands_in(term, split_words(" ".join(chunks)))


@given(st.text("白猫です犬", min_size=1, max_size=12), st.data())
def test_a_part_of_a_run_without_blanks_is_found_in_it(run: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(run) - 1))
    term = term_of(run[start : data.draw(st.integers(start + 1, len(run)))])
    assert term is not None
    assert stands_in(term, split_words(run))


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        (
            '# A *title*\n\nSome **bold**, `code` and [a link](https://x.test "t").',
            "A title Some bold, code and a link.",
        ),
        ("> quoted\n> > deeper\n\n1. one\n- two", "quoted deeper one two"),
        ("```python\nprint(1)\n```\n---\nend", "print(1) end"),
        ("![a cat](/cat.png) <https://x.test/a> 2*3 snake_case \\*", "a cat https://x.test/a 2*3 snake_case *"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_plain_text_has_no_signs_of_markdown(source: str, plain: str) -> None:
    assert plain_of(source) == plain


@pytest.mark.parametrize(
    "shape",
    [
        "[",
        "[](",
        "![",
        "](",
        "*",
        "_a",
        "`",
        "~~~",
        "> ",
        "#",
        "\\",
        "<a:",
        "- ",
        "猫",
        "\u0301",
        "ﷺ",
        '[a](b "',
        " \n",
        "1. ",
        "**a ",
    ],
)
def test_s28_no_shape_of_text_takes_more_than_its_length(shape: str) -> None:
    def seconds(size: int) -> float:
        text = (shape * size)[:size]
        best = 9.0
        for _ in range(3):
            began = time.process_time()
            split_words(plain_of(text))
            best = min(best, time.process_time() - began)
        return best

    # 64 times the text; what grows with its square would take 4,096 times as long.
    assert seconds(64_000) < 600 * max(seconds(1_000), 0.0002)


def test_a_snippet_shows_the_sought_words_and_what_is_around() -> None:
    plain = "zero " * 100 + "Too much Größe is bad, said Ada. " + "later " * 100
    pieces = snippet_of(plain, {"grosse", "ada"})
    assert [piece.text for piece in pieces if piece.is_hit] == ["Größe", "Ada"]
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("…zero")
    assert text.endswith("later…")
    assert len(text) < 300
    assert [piece.text for piece in snippet_of("この白猫です", {"白猫"}) if piece.is_hit] == ["白猫"]
    assert snippet_of("nothing here", {"else"}) == [("nothing here", False)]


@given(anything, st.sets(st.text("ab猫", min_size=1, max_size=3), max_size=3))
def test_a_snippet_is_the_text(text: str, words: set[str]) -> None:
    pieces = snippet_of(text, words)
    assert "".join(piece.text for piece in pieces) == text


def test_a_query_says_words_phrases_what_not_and_where() -> None:
    sought = seek('plum "brown leaves" -water author:"Ada Byron" board:plants tag:green after:2026-01-31 before:2027')
    assert sought.terms == (Term(("plum",)), Term(("brown", "leaves")))
    assert sought.without == (Term(("water",)),)
    assert (sought.author, sought.board, sought.tag) == ("Ada Byron", "plants", "green")
    assert (sought.after_ms, sought.before_ms) == (day_of("2026-01-31"), day_of("2027-01-01"))
    assert seek("“smart quotes” in:chats").place == "chats"
    assert seek("-author:x snake_case") == Sought((Term(("snake", "case")),), (Term(("author", "x")),))


@pytest.mark.parametrize("text", [*HOSTILE, "after:never", "in:everything", "author:", "--", "{{7*7}}"])
def test_f8_a_hostile_query_is_plain_words(text: str) -> None:
    sought = seek(text)
    assert (sought.author, sought.board, sought.tag, sought.place, sought.after_ms) == ("", "", "", "", None)
    assert [word for term in sought.terms for word in term.words] == split_words(text)


@given(st.text(st.one_of(st.sampled_from('"-: \\abcintauhor'), st.characters(exclude_categories=["Cs"])), max_size=80))
def test_every_query_is_read(text: str) -> None:
    sought = seek(text * 9)
    assert len(sought.terms) + len(sought.without) <= TERMS
    assert len("".join(sought.words)) <= 20 * QUERY_CHARS


@pytest.mark.parametrize("text", ["2026-13", "2026-02-30", "20260101", "2026-1-1-1", "٢٠٢٦", "", "0000", "2026-"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert day_of(text) is None
