"""What would be guessed first is refused; everything else is taken, whatever it is made of."""

from __future__ import annotations

import pytest

from widget_server.core.errors import Unacceptable
from widget_server.core.passwords import check_password, generated_password


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "a" * 257,
        "1234567890",
        "9876543210",
        "qwertyuiop",
        "Password2026!",
        "P@ssw0rd1234",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "correct horse battery staple",
        "ada@example.com",
        "AdaLovelace1",
    ],
)
def test_s19_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(Unacceptable, match="weak_password"):
        check_password(password, mail="Ada@example.com", name="Ada Lovelace")


@pytest.mark.parametrize(
    "password",
    ["plum tree over river", "k3-violet-ox", "пароль-из-трёх-слов", "🦊🌲🏔️🌊🔥⚡🌙⭐🍄🐢", "x" * 60 + "yz" * 98],
)
def test_s19_any_character_and_a_long_one_are_taken(password: str) -> None:
    check_password(password, mail="ada@example.com", name="Ada Lovelace")


def test_a_generated_password_is_taken_and_hangs_on_the_random_bytes() -> None:
    first, second = generated_password(bytes(range(15))), generated_password(bytes(range(1, 16)))
    assert first != second
    check_password(first, mail="ada@example.com", name="Ada")
