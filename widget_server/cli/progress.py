"""How far a long command is: a bar on a terminal, a line now and then elsewhere. Both on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import click

_BETWEEN_LINES_S = 1.0


@contextmanager
def show_progress(label: str, total: int, unit: str = "rows") -> Generator[Callable[[int], None]]:
    """Show how far something is; what is yielded is called with how much more is done.

    Args:
        label: what is done, a word or two.
        total: how much there is to do; with 0 nothing is shown.
        unit: what is counted.
    """
    if not total:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(label, total, unit) as advance:
            yield advance
    else:
        with _lines(label, total, unit) as advance:
            yield advance


@contextmanager
def _bar(label: str, total: int, unit: str) -> Generator[Callable[[int], None]]:
    began = time.monotonic()
    done = 0

    def rate(_item: object) -> str:
        return _rate(done, began, unit)

    with click.progressbar(
        length=total, label=f"{label:<22}", item_show_func=rate, show_eta=True, file=sys.stderr
    ) as bar:

        def advance(more: int) -> None:
            nonlocal done
            done += more
            bar.update(more, more)

        yield advance


@contextmanager
def _lines(label: str, total: int, unit: str) -> Generator[Callable[[int], None]]:
    began = told_at = time.monotonic()
    done = 0

    def advance(more: int) -> None:
        nonlocal done, told_at
        done += more
        if done >= total or time.monotonic() - told_at >= _BETWEEN_LINES_S:
            told_at = time.monotonic()
            so_far = f"{_amount(done, unit)} of {_amount(total, unit)}"
            click.echo(f"{label}: {so_far}, {_rate(done, began, unit)}", err=True)

    yield advance


def _amount(number: float, unit: str) -> str:
    return f"{number / 1e6:,.1f} MB" if unit == "bytes" else f"{number:,.0f} {unit}"


def _rate(done: int, began: float, unit: str) -> str:
    return f"{_amount(done / max(0.001, time.monotonic() - began), unit)}/s"
