"""Pure rules of what people write: tags, mentions and quotes, and how two texts differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.addressing import MOST, named, quotation, quoted
from widget_server.core.differences import Piece, differences
from widget_server.core.errors import Unacceptable
from widget_server.core.tags import check_tags


def test_tags_are_words_folded_each_once_in_their_order() -> None:
    assert check_tags("Water, #LEAVES;water\nC++ ÉTÉ") == ["water", "leaves", "c++", "été"]
    assert check_tags(" , #  ") == []
    for wrong in ("-x", "a/b", "<b>", "x" * 31):
        with pytest.raises(Unacceptable, match="bad_tag"):
            check_tags(wrong)
    with pytest.raises(Unacceptable, match="too_many_tags"):
        check_tags("a b c d e f")


def test_a_post_names_people_by_one_word_or_several_and_nobody_in_code_or_addresses() -> None:
    body = "@ada, @[Bea Lang] and @BeaLang\n`@carl` x@dora.example\n```\n@emil\n```\n> ~~~\n> @fritz\n> ~~~\n@gustav."
    assert named(body) == ["ada", "bealang", "gustav"]
    assert len(named(" ".join(f"@x{number}y" for number in range(500)))) == MOST


def test_a_quote_tells_whose_post_it_is_and_what_was_quoted_in_it_is_left_out() -> None:
    text = quotation("> old\n\nTwo\nlines", "Ada *B*", "/threads/7/3")
    assert text == "> [Ada \\*B\\*](/threads/7/3):\n>\n> Two\n> lines\n\n"
    assert quoted(text + "/threads/7/4 is no quote", 7) == [3]
    assert quoted(text, 8) == []


def test_differences_are_words_and_what_both_have_stands_once() -> None:
    assert differences("one two\nthree", "one four\nthree") == [
        Piece("same", "one "), Piece("removed", "two"), Piece("added", "four"), Piece("same", "\nthree"),
    ]  # fmt: skip
    assert differences("same", "same") == [Piece("same", "same")]
    assert differences("", "new") == [Piece("added", "new")]


@given(st.text("ab \n", max_size=60), st.text("ab \n", max_size=60))
def test_both_texts_can_be_read_from_their_differences(before: str, after: str) -> None:
    pieces = differences(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def test_what_is_too_different_is_not_compared_word_by_word() -> None:
    before, after = "a b " * 10_000, "b a c " * 6_000
    assert [piece.kind for piece in differences(before, after)] in (
        ["removed", "added"],
        ["removed", "added", "same"],
        ["same", "removed", "added"],
    )
