"""The command line as a process of its own, in a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from widget_server.settings import variable_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE_S = 100.0


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(home: Path, **settings: str | float) -> dict[str, str]:
    """What a command's process gets: the settings that are named, and nothing of whoever runs the tests.

    Args:
        home: under which the data directory is.
        settings: fields of `Settings`.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WIDGET_") and name != "PORT"}
    chosen: Mapping[str, str | float] = {"mode": "testing", "data_dir": str(home / "data"), **settings}
    return kept | {variable_name(name): str(value) for name, value in chosen.items()}


def begin(home: Path, *arguments: str, **settings: str | float) -> subprocess.Popen[str]:
    """Start ``widget-server`` with the arguments in ``home``; whoever calls waits for its end."""
    return subprocess.Popen(
        [sys.executable, "-m", "widget_server", *arguments],
        cwd=home,
        env=environment(home, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> Ended:
    """Wait for a command that was begun."""
    out, err = process.communicate(timeout=_PATIENCE_S)
    return Ended(process.returncode, out, err)


def command(home: Path, *arguments: str, **settings: str | float) -> Ended:
    """Run ``widget-server`` with the arguments in ``home`` to its end."""
    return end(begin(home, *arguments, **settings))
