"""Codes of generators: those of RFC 6238, a clock that is a step off, and none twice."""

from __future__ import annotations

import base64

import pytest

from widget_server.core.totp import STEP_MS, matching_step, totp_address, totp_code, totp_secret

SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = 1_795_000_000_000
STEP = NOW // STEP_MS


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert matching_step(SECRET, code, seconds * 1000, after=0) == seconds // 30


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clock_may_be_one_step_off(off: int) -> None:
    assert matching_step(SECRET, totp_code(SECRET, STEP + off), NOW, after=0) == STEP + off


@pytest.mark.parametrize("off", [-2, 2, -2880])
def test_and_not_more(off: int) -> None:
    assert matching_step(SECRET, totp_code(SECRET, STEP + off), NOW, after=0) is None


def test_a_step_that_was_used_counts_no_more_and_neither_does_one_before_it() -> None:
    assert matching_step(SECRET, totp_code(SECRET, STEP), NOW, after=STEP) is None
    assert matching_step(SECRET, totp_code(SECRET, STEP - 1), NOW, after=STEP) is None
    assert matching_step(SECRET, totp_code(SECRET, STEP + 1), NOW, after=STEP) == STEP + 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "-12345", "12345\uff11", "12345\n", "0x1234"])
def test_what_is_no_code_matches_nothing(typed: str) -> None:
    assert matching_step(SECRET, typed, NOW, after=0) is None


def test_a_code_may_be_typed_in_two_halves() -> None:
    code = totp_code(SECRET, STEP)
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", NOW, after=0) == STEP


def test_a_secret_is_made_of_the_random_bytes_and_named_in_the_address() -> None:
    assert totp_secret(b"12345678901234567890") == SECRET
    address = totp_address(SECRET, account="ada@example.com", issuer="Plum & Sons")
    assert address.startswith("otpauth://totp/Plum%20%26%20Sons:ada%40example.com?secret=")
