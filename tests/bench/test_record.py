"""What is kept of a measurement."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.bench import machine
from tests.bench.record import Record, Row

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_kept_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "part.json"
    Record(path, {"date": "2026-01-01"}).keep(Row(0, "ours", {"cpu_us": 25.0}, 0.02))
    again = Record.read(path)
    assert again.facts == {"date": "2026-01-01"}
    assert again.values("ours", "cpu_us") == [25.0]


def test_a_round_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    record = Record(tmp_path / "part.json", {})
    for number in range(2):
        record.keep(Row(number, "bare", {"cpu_us": 10.0 + number}, 0.0))
        record.keep(Row(number, "ours", {"cpu_us": 20.0 + number}, 0.0))
    record.keep(Row(2, "bare", {"cpu_us": 99.0}, 0.0))
    assert record.values("bare", "cpu_us") == [10.0, 11.0]
    assert record.values("ours", "cpu_us") == [20.0, 21.0]


def test_a_figure_that_no_round_has_is_an_error(tmp_path: Path) -> None:
    record = Record(tmp_path / "part.json", {})
    record.keep(Row(0, "ours", {"cpu_us": 1.0}, 0.0))
    with pytest.raises(LookupError, match="no complete round has cpu_us of theirs"):
        record.values("theirs", "cpu_us")


def test_a_round_beside_a_busy_neighbour_is_called_noisy(tmp_path: Path) -> None:
    record = Record(tmp_path / "part.json", {})
    for number, others in enumerate((0.01, 0.5, 0.02)):
        record.keep(Row(number, "ours", {"cpu_us": 1.0}, others))
    assert record.noise == "3 rounds; others used 2% of the machine (at most 50%), 1 round noisy."


def test_a_tree_of_processes_counts_what_its_members_use() -> None:
    # What this process's children used before counts in its tree and not in itself.
    tree, alone = machine.tree_cpu_ns(os.getpid()), machine.cpu_ns(os.getpid())
    while machine.cpu_ns(os.getpid()) - alone < 20_000_000:
        sum(range(10_000))
    assert machine.tree_cpu_ns(os.getpid()) - tree >= 20_000_000
