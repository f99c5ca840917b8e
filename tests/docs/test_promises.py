"""Every promise is in the list, and what is kept of them has its tests."""

from __future__ import annotations

from functools import cache

import pytest

from scripts import requirements
from scripts.requirements import Proof, find_proofs, numbers_of, page, read_parts

PARTS = {"S0": 19, "S1": 13, "S2": 34, "S3": 23, "S4": 17, "G": 22, "S": 48, "P": 7}

KEPT = sorted(
    {f"{seed}.{number:02}" for seed in ("S0", "S1", "S2", "S4") for number in range(1, PARTS[seed] + 1)}
    | {f"S3.{number:02}" for number in (1, 2, 16, 19, 20)}
)


@cache
def proofs() -> dict[str, list[Proof]]:
    """Every number with its tests: to find them all tests are read."""
    return find_proofs()


def test_the_list_is_whole() -> None:
    rows = [number for part in read_parts() for number in part.rows]
    wanted = [
        *(f"S{seed}.{number:02}" for seed in range(5) for number in range(1, PARTS[f"S{seed}"] + 1)),
        *(f"G{number:02}" for number in range(1, PARTS["G"] + 1)),
        *(f"S{number:02}" for number in range(1, PARTS["S"] + 1)),
        *(f"P{number}" for number in range(1, PARTS["P"] + 1)),
    ]
    assert rows == wanted


@pytest.mark.parametrize("number", KEPT)
def test_what_was_promised_and_is_there_has_a_test(number: str) -> None:
    assert proofs().get(number)


def test_no_test_carries_a_number_that_is_not_in_the_list() -> None:
    assert set(proofs()) <= {number for part in read_parts() for number in part.rows}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("test_s2_11_a_link", ["S2.11"]),
        ("test_s20_a_link", ["S20"]),
        ("test_s2_12_s17_a_password", ["S2.12", "S17"]),
        ("test_g05_gaps", ["G05"]),
        ("test_p1_nothing", ["P1"]),
        ("test_a_name_with_s2_11_in_it", []),
    ],
)
def test_a_tests_name_begins_with_what_it_proves(name: str, numbers: list[str]) -> None:
    assert numbers_of(name) == numbers


def test_the_page_names_tests_and_their_files() -> None:
    text = page()
    assert "| S20 | " in text
    assert "(../tests/actions/test_administrators.py)" in text


def test_a_row_without_a_test_has_an_empty_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "find_proofs", dict)
    assert "| S3.04 | A room is joined by its name. |  |" in page()
