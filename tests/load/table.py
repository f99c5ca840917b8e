"""The results as a table in Markdown, and as lines of JSON to be kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from tests.load.step import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = (
    "| setup | connections | messages/s sent | delivered | ack p50 / p99 ms | delivered p50 / p99 ms "
    "| back and resumed p50 / p99 ms | processors | KiB each | others | wrong |"
)
_RULE = "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- |"


def table(results: Sequence[Result]) -> str:
    """One row for each step. ``late`` marks where the generator itself was late: its times are an upper bound."""
    return "\n".join([_COLUMNS, _RULE, *map(_row, results)])


def _row(result: Result) -> str:
    cells = [
        result.setup,
        f"{result.connections:,}",
        f"{result.offered:.0f}",
        f"{result.delivered:.0f}",
        f"{result.ack_p50:.1f} / {result.ack_p99:.1f}",
        f"{result.p50:.1f} / {result.p99:.1f}{' (late)' if result.is_late else ''}",
        f"{result.return_p50:.1f} / {result.return_p99:.1f}",
        ", ".join(f"{name} {share:.0%}" for name, share in result.cpu.items()) or "—",
        f"{result.kib_each:.0f}" if result.resident_mib else "—",
        f"{result.others:.0%}",
        wrongs(result) or "nothing",
    ]
    return "| " + " | ".join(cells) + " |"


def wrongs(result: Result) -> str:
    """What must not be and was, in words; empty when all is well."""
    names = {"lost": "lost", "doubled": "doubled", "disordered": "out of order", "failed": "refused for good"}
    return ", ".join(f"{result.tally[name]} {text}" for name, text in names.items() if result.tally[name])


def to_lines(results: Sequence[Result]) -> bytes:
    """As lines of JSON."""
    return b"".join(orjson.dumps(asdict(result)) + b"\n" for result in results)


def from_lines(lines: bytes) -> list[Result]:
    """The results that `to_lines` wrote."""
    return [Result(**orjson.loads(line)) for line in lines.splitlines()]
