"""What a part has measured, kept as a file after every step: a part that breaks takes nothing of the others with it."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOISY = 0.1
"""From which share of the machine, used by others, a round is called noisy."""


class Row(NamedTuple):
    """One case in one round."""

    round: int
    case: str
    figures: Mapping[str, float]
    others: float
    """Share of the machine that others used meanwhile, 0 to 1."""


class Record:
    """The rows of one part.

    Args:
        path: the file.
        facts: when, where and with what it was measured.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        self._path = path
        self.facts = facts
        self._rows: list[Row] = []

    @classmethod
    def read(cls, path: Path) -> Record:
        """What an earlier run has kept."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        record = cls(path, kept["facts"])
        record._rows = [Row(**row) for row in kept["rows"]]
        return record

    def keep(self, row: Row) -> None:
        """Add a row, and write all of them."""
        self._rows.append(row)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"facts": self.facts, "rows": [each._asdict() for each in self._rows]}
        self._path.write_text(json.dumps(kept, indent=1), encoding="utf-8")

    @property
    def cases(self) -> list[str]:
        """What was measured in every round, in that order."""
        return list(dict.fromkeys(row.case for row in self._rows))

    @property
    def rounds(self) -> list[int]:
        """The rounds in which every case was measured."""
        cases = len(self.cases)
        counts: dict[int, int] = {}
        for row in self._rows:
            counts[row.round] = counts.get(row.round, 0) + 1
        return [number for number, count in counts.items() if count == cases]

    def values(self, case: str, figure: str) -> list[float]:
        """One figure of one case, for each complete round."""
        rounds = self.rounds
        found = [row.figures[figure] for row in self._rows if row.case == case and row.round in rounds]
        if not found:
            raise LookupError(f"no complete round has {figure} of {case}")
        return found

    @property
    def noise(self) -> str:
        """A sentence about what else the machine did."""
        rounds = self.rounds
        worst = [max(row.others for row in self._rows if row.round == number) for number in rounds]
        noisy = sum(share >= NOISY for share in worst)
        return (
            f"{_counted(len(rounds), 'round')}; others used {statistics.median(worst):.0%} of the machine "
            f"(at most {max(worst):.0%})" + (f", {_counted(noisy, 'round')} noisy." if noisy else ".")
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
