"""How far a long command is: a bar on a terminal, a line for each tenth elsewhere. Both on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import click


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
        return f"{done / max(0.001, time.monotonic() - began):,.0f} {unit}/s"

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
    began = time.monotonic()
    done = told = 0

    def advance(more: int) -> None:
        nonlocal done, told
        done += more
        if (tenth := min(10, done * 10 // total)) > told:
            told = tenth
            rate = done / max(0.001, time.monotonic() - began)
            click.echo(f"{label}: {done:,} of {total:,} {unit}, {rate:,.0f}/s", err=True)

    yield advance
