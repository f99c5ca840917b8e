"""The results as a picture: an SVG that needs nothing, reads in light and dark, and says in words what it shows."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.load.step import Result

_WIDTH = 880
_LEFT, _RIGHT = 76, 40
_LEGEND_TOP = 112
_PANEL_TOPS = (184, 456)
_PANEL_HEIGHT = 200
_FOOT = 64
_HEIGHT = _PANEL_TOPS[-1] + _PANEL_HEIGHT + _FOOT
_TICKS = 5
_MARK = 4.5
_LEAST_MS = 0.1

_STYLE = """
  svg { --paper: #ffffff; --ink: #1c2024; --soft: #5b6470; --hair: #dfe3e8 }
  svg { --a: #1f6fd6; --b: #c2570c; --c: #0a8560; --d: #8a4fc4 }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14171a; --ink: #eceff2; --soft: #a3adb8; --hair: #30363d }
    svg { --a: #6aabff; --b: #f49a57; --c: #4cc79a; --d: #c39bf0 }
  }
  text { font: 13px system-ui, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums }
  .title { font-size: 20px; font-weight: 600 }
  .panel { font-size: 14px; font-weight: 600 }
  .soft { fill: var(--soft) }
  .end { text-anchor: end }
  .middle { text-anchor: middle }
  .paper { fill: var(--paper) }
  .hair { stroke: var(--hair) }
  path { fill: none; stroke-width: 2; stroke-linejoin: round }
  .dashed { stroke-dasharray: 7 5 }
  .offered { stroke: var(--soft); stroke-dasharray: 1 4; stroke-linecap: round }
  .a { --hue: var(--a) }
  .b { --hue: var(--b) }
  .c { --hue: var(--c) }
  .d { --hue: var(--d) }
  .line { stroke: var(--hue) }
  .mark { fill: var(--hue); stroke: var(--hue); stroke-width: 1.5 }
  .hollow { fill: var(--paper) }
"""
_HUES = "abcd"


class _Axis(NamedTuple):
    """From values to places; ``ticks`` are the values to name."""

    place: Callable[[float], float]
    ticks: list[float]


def chart(results: Sequence[Result], title: str, notes: tuple[str, str]) -> str:
    """An SVG of what ``results`` show: messages delivered a second, and how long that took, by connections and setup.

    Args:
        results: all steps of up to four setups.
        title: of the whole.
        notes: where and how it was measured, two lines.

    Raises:
        ValueError: more setups than can be told apart.
    """
    setups = list(dict.fromkeys(result.setup for result in results))
    if len(setups) > len(_HUES):
        raise ValueError(f"{len(setups)} setups are too many for one picture")
    series = {setup: sorted((r for r in results if r.setup == setup), key=lambda r: r.connections) for setup in setups}
    across = _linear(max(result.connections for result in results), _LEFT, _WIDTH - _RIGHT)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(_in_words(series))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="title" x="{_LEFT}" y="40">{escape(title)}</text>',
        *(
            f'<text class="soft" x="{_LEFT}" y="{y}">{escape(note)}</text>'
            for y, note in zip((64, 82), notes, strict=True)
        ),
        *_legend(setups),
        *_throughput(series, across),
        *_latency(series, across),
        f'<text class="middle soft" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 16}">open connections</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _in_words(series: dict[str, list[Result]]) -> str:
    """What the picture shows, for those who do not see it."""
    said = []
    for setup, results in series.items():
        steps = "; ".join(
            f"{r.connections:,} connections: {r.delivered:.0f} messages a second, p50 {_ms(r.p50)}, p99 {_ms(r.p99)}"
            for r in results
        )
        said.append(f"{setup}: {steps}.")
    return " ".join(said)


# --- axes


def _linear(top: float, begin: float, end: float) -> _Axis:
    """From 0 to a round number above ``top``."""
    step = _round_step(top / _TICKS)
    last = math.ceil(top / step) * step
    ticks = [step * number for number in range(round(last / step) + 1)]
    return _Axis(lambda value: begin + (end - begin) * value / last, ticks)


def _logarithmic(least: float, top: float, begin: float, end: float) -> _Axis:
    """Whole powers of ten around everything that is to be seen."""
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(top))
    high = max(high, low + 1)

    def place(value: float) -> float:
        return begin + (end - begin) * (math.log10(value) - low) / (high - low)

    return _Axis(place, [10.0**power for power in range(low, high + 1)])


def _round_step(least: float) -> float:
    """The first of 1, 2, 5, 10, 20 … that is not less."""
    power = 10.0 ** math.floor(math.log10(max(least, 1)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def _frame(top: float, heading: str, across: _Axis, up: _Axis, named: Callable[[float], str]) -> Iterator[str]:
    """A panel's heading, grid and numbers."""
    bottom = top + _PANEL_HEIGHT
    yield f'<text class="panel" x="{_LEFT}" y="{top - 18:.0f}">{escape(heading)}</text>'
    for value in up.ticks:
        y = up.place(value)
        yield f'<line class="hair" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="end soft" x="{_LEFT - 10}" y="{y + 4.5:.1f}">{named(value)}</text>'
    for value in across.ticks:
        x = across.place(value)
        yield f'<line class="hair" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 5}"/>'
        yield f'<text class="middle soft" x="{x:.1f}" y="{bottom + 22}">{value:,.0f}</text>'


# --- what is drawn


def _legend(setups: list[str]) -> Iterator[str]:
    x = float(_LEFT)
    for hue, setup in zip(_HUES, setups, strict=False):
        yield _line(hue, [(x, _LEGEND_TOP), (x + 28, _LEGEND_TOP)])
        yield _mark(hue, x + 14, _LEGEND_TOP)
        yield f'<text x="{x + 36:.0f}" y="{_LEGEND_TOP + 4.5}">{escape(setup)}</text>'
        x += 36 + 7.2 * len(setup) + 28


def _throughput(series: dict[str, list[Result]], across: _Axis) -> Iterator[str]:
    top = _PANEL_TOPS[0]
    everything = [result for results in series.values() for result in results]
    most = max(max(result.delivered, result.offered) for result in everything)
    up = _linear(most, top + _PANEL_HEIGHT, top)
    yield from _frame(
        top, "Messages delivered a second (dots: what was sent)", across, up, lambda value: f"{value:,.0f}"
    )
    offered = sorted({(result.connections, result.offered) for result in everything})
    yield f'<path class="offered" d="{_path([(across.place(x), up.place(y)) for x, y in offered])}"/>'
    for hue, results in zip(_HUES, series.values(), strict=False):
        points = [(across.place(result.connections), up.place(result.delivered)) for result in results]
        yield _line(hue, points)
        yield from (_mark(hue, x, y) for x, y in points)


def _latency(series: dict[str, list[Result]], across: _Axis) -> Iterator[str]:
    top = _PANEL_TOPS[1]
    shown = [value for results in series.values() for result in results for value in (result.p50, result.p99)]
    least = max(_LEAST_MS, min(shown))
    up = _logarithmic(least, max(shown), top + _PANEL_HEIGHT, top)
    heading = "Until the other side has it (line: half of all, p50; dashes: all but one in a hundred, p99)"
    yield from _frame(top, heading, across, up, _ms)
    for hue, results in zip(_HUES, series.values(), strict=False):
        for name, is_p99 in (("p50", False), ("p99", True)):
            points = [
                (across.place(result.connections), up.place(max(least, getattr(result, name)))) for result in results
            ]
            yield _line(hue, points, dashed=is_p99)
            yield from (_mark(hue, x, y, hollow=is_p99) for x, y in points)


def _line(hue: str, points: list[tuple[float, float]], *, dashed: bool = False) -> str:
    return f'<path class="{hue} line{" dashed" if dashed else ""}" d="{_path(points)}"/>'


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _mark(hue: str, x: float, y: float, *, hollow: bool = False) -> str:
    """A mark of the series' own shape, so that colour is not all that tells them apart."""
    kind = f'class="{hue} mark{" hollow" if hollow else ""}"'
    size = _MARK
    match hue:
        case "a":
            return f'<circle {kind} cx="{x:.1f}" cy="{y:.1f}" r="{size}"/>'
        case "b":
            return f'<rect {kind} x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size}" height="{2 * size}"/>'
        case "c":
            corners = [(x, y - size * 1.25), (x + size * 1.2, y + size), (x - size * 1.2, y + size)]
        case _:
            corners = [(x, y - size * 1.3), (x + size * 1.3, y), (x, y + size * 1.3), (x - size * 1.3, y)]
    return f'<polygon {kind} points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>'


def _ms(value: float) -> str:
    """Milliseconds as people say them."""
    return f"{value / 1000:g} s" if value >= 1000 and value % 1000 == 0 else f"{value:.3g} ms"
