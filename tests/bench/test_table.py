"""What the measurement makes of its rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.pairs import body_of, client_id_of, number_in
from tests.bench.record import Record, Row
from tests.bench.table import BEGIN, END, at_least, at_most, ratio_to, ratios, spread, table, write_between_marks
from widget_server.core.ids import is_uuid

if TYPE_CHECKING:
    from pathlib import Path


def test_ratios_are_taken_inside_a_round() -> None:
    assert ratios([2.0, 30.0], [1.0, 10.0]) == [2.0, 3.0]


def test_a_goal_looks_at_the_median() -> None:
    assert at_most("CPU", [1.0, 2.0, 9.0], 2.0).met
    assert not at_most("CPU", [1.0, 2.1, 2.2], 2.0).met
    assert at_least("times less", [1.0, 3.0, 4.0], 3.0).met


def test_the_spread_is_least_median_greatest() -> None:
    assert spread([3.0, 1.0, 2.0]) == "1.00 / 2.00 / 3.00"


def test_a_table_relates_every_server_to_the_base(tmp_path: Path) -> None:
    record = Record(tmp_path / "part.json", {})
    record.keep(Row(0, "bare", {"cpu_us": 10.0}, 0.0))
    record.keep(Row(0, "ours", {"cpu_us": 25.0}, 0.0))
    assert table(record, "server", [ratio_to("bare", "cpu_us", "ratio")]).splitlines() == [
        "| server | ratio to bare |",
        "| --- | ---: |",
        "| bare | 1.00 / 1.00 / 1.00 |",
        "| ours | 2.50 / 2.50 / 2.50 |",
    ]


def test_what_people_wrote_around_the_measured_part_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nWhy.\n", encoding="utf-8")
    write_between_marks(page, "new")
    assert page.read_text(encoding="utf-8") == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nWhy.\n"


def test_a_page_without_marks_is_not_overwritten(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        write_between_marks(page, "new")
    assert page.read_text(encoding="utf-8") == "# Title\n"


def test_a_body_is_eighty_bytes_and_says_its_number() -> None:
    assert len(body_of(123).encode()) == 80
    assert number_in(body_of(123)) == 123


def test_ids_are_valid_and_rise_over_all_pairs_together() -> None:
    ids = [client_id_of(pair, number) for number in (0, 1, 70_000) for pair in (0, 1)]
    assert all(is_uuid(each) for each in ids)
    assert ids == sorted(ids)
