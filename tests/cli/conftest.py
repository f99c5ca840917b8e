"""A command line on an installation of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web

from widget_server.cli.program import run
from widget_server.cli.serving import Parts
from widget_server.ops.health import HEALTH, Health
from widget_server.ops.metrics import METRICS, Metrics
from widget_server.settings import Settings


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


CommandLine = Callable[..., Ran]
On = Callable[..., Ran]
"""A command line that is told its database first, None for its own file."""


def make_bare_app(_settings: Settings) -> web.Application:
    """An application with nothing but what every one carries."""
    app = web.Application()
    app[HEALTH] = Health()
    app[METRICS] = Metrics()
    return app


async def begin_nothing(_app: web.Application) -> None:
    """A bare application has nobody who could administer it."""


@pytest.fixture
def own_log() -> Iterator[None]:
    """Give the process's log back to pytest after a verb has set it up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def command_line(
    own_log: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> CommandLine:
    """Run verbs in an empty directory, without the settings of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("WIDGET_") or name == "PORT"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Ran:
        capfd.readouterr()
        code = run(arguments, Parts(make_bare_app, lambda _app: web.Application(), begin_nothing))
        told = capfd.readouterr()
        return Ran(code, told.out, told.err)

    return call


@pytest.fixture
def on(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> On:
    """Run verbs on the database at an address."""

    def call(url: str | None, *arguments: str) -> Ran:
        if url is None:
            monkeypatch.delenv("WIDGET_DATABASE_URL", raising=False)
        else:
            monkeypatch.setenv("WIDGET_DATABASE_URL", url)
        return command_line(*arguments)

    return call
