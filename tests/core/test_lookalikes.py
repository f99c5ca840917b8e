"""S36: what looks like a name is that name."""

# ruff: noqa: RUF001 - the look-alikes themselves

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.lookalikes import look, looks
from widget_server.core.text import check_line


@pytest.mark.parametrize(
    "name",
    [
        "Agent\u200b",
        "Agent\u3164",
        "\uffa0Agent\ufe0f",
        "Age\u115fnt\u2800",
        "Agent\U000e0041",
        "\u202eAgent",
        "Аgent",
        "AGENТ",
        "Αgεnt",
        "𝐀gent",
        "Ａｇｅｎｔ",
        "Ágënt",
        "A.gent",
        "a g e n t",
        "Ꭺgent",
        "ᴀgent",
        "agent",
    ],
)
def test_s36_look_alikes_of_a_staff_name_are_that_name(name: str) -> None:
    assert look(name) == look("Agent")


@pytest.mark.parametrize(("one", "other"), [("modern", "modem"), ("Iris", "lris"), ("B0b", "Bob"), ("vvill", "will")])
def test_s36_letters_that_are_read_as_others_are_those(one: str, other: str) -> None:
    assert look(one) == look(other)


@pytest.mark.parametrize(("greek", "latin"), [("ΝΙΝΑ", "NINA"), ("νικα", "vika"), ("ΗΑΝΝΑ", "HANNA")])
def test_s36_a_whole_word_of_another_alphabet_is_found_out(greek: str, latin: str) -> None:
    assert look(greek) == look(latin)


def test_a_name_is_found_in_every_case() -> None:
    assert look("νίκος") in looks("Νίκος")
    assert look("Νίκος") in looks("νίκος")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "Ida"),
        ("Иван", "Ирма"),
        ("Νίκος", "Μάρκος"),
        ("राम", "रुम"),
        ("李雷", "韩梅梅"),
        ("山田", "川田"),
        ("!?", ".."),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert looks(one).isdisjoint(looks(other))


@given(st.text(st.characters(exclude_categories=["Cs", "Co", "Cn"]), max_size=40))
def test_every_name_has_a_look_and_none_depends_on_what_is_invisible(text: str) -> None:
    assert look(text) or not check_line(text.replace("\x00", ""), 200)
    assert look(f"\u200b{text}\u2060") == look(text)
