"""One JSON line for each fault: what was promised, counted. Kept in a file, and printed at the end of the run."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.checker import Verdict
    from tests.faults.times import Times

_ROOT = Path(__file__).parents[2]
PLACE = Path(os.environ.get("FAULTS_FILE", _ROOT / ".cache" / "faults.jsonl"))
"""Where the lines are kept; ``FAULTS_FILE`` names another place."""


def begin() -> None:
    """A run begins: forget the lines of the one before."""
    PLACE.unlink(missing_ok=True)


def lines() -> list[str]:
    """Those of this run so far."""
    return PLACE.read_text(encoding="utf-8").splitlines() if PLACE.exists() else []


def record(case: str, verdict: Verdict, **facts: Any) -> None:
    """Keep the line of one run, to be printed at the end."""
    line = json.dumps({"case": case, "git": _revision(), **facts, **verdict._asdict()})
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    with PLACE.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def figures(times: Times, recovered: list[float]) -> dict[str, Any]:
    """What a run's times come to, in milliseconds."""
    phases: tuple[Any, ...] = ("before", "during", "after")
    return {
        "recover_ms": _spread(recovered),
        "fault_ms": _rounded(1000 * (times.ended - times.began)),
        "ack_ms": {phase: _spread(times.of_phase(phase, times.acked)) for phase in phases},
        "deliver_ms": {phase: _spread(times.of_phase(phase, times.held)) for phase in phases},
        "answer_ms": _spread([took for _, took in times.answered]),
        "errors": {str(code): count for code, count in sorted(times.refusals.items())},
    }


def _spread(values: list[float]) -> dict[str, float] | None:
    """Median, 99th percentile and the worst; None where there is nothing."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        "p50": _rounded(ordered[last // 2]),
        "p99": _rounded(ordered[round(last * 0.99)]),
        "max": _rounded(ordered[last]),
    }


def _rounded(milliseconds: float) -> float:
    return round(milliseconds, 1)


@cache
def _revision() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
