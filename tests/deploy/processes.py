"""Programs as whoever deploys them starts them: a command, an environment, what they print, a signal, an exit code."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from tests.patience import START_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM = Path(sys.executable).with_name("widget-server")


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bare_environment() -> dict[str, str]:
    """This process's environment without any setting of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("WIDGET_") and name != "PORT"}


def get(url: str) -> tuple[int, str]:
    """Status and body of an answer, also of one that is an error."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Program:
    """A running program whose lines can be waited for; the block's end stops it and all that it started."""

    def __init__(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        *,
        cwd: Path,
        log: Path,
        shell: bool = False,
    ) -> None:
        self._log = log
        self._sink: IO[bytes] = log.open("wb")
        self._process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._ended = os.pidfd_open(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._ended)
        self._sink.close()

    @property
    def said(self) -> str:
        """Everything that it printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def until_it_says(self, text: str) -> str:
        """Wait for a text in what it prints and return the line that holds it."""
        end = time.monotonic() + START_SECONDS
        while True:
            has_ended = self._process.poll() is not None
            for line in self.said.splitlines():
                if text in line:
                    return line
            if has_ended or time.monotonic() > end:
                raise AssertionError(f"{text!r} was not said: {self.said}")
            # A file cannot be waited for; the end of the process can.
            select.select([self._ended], [], [], 0.05)

    def until_it_answers(self, url: str) -> str:
        """Wait until a GET of ``url`` is answered with 200, and return the body."""
        end = time.monotonic() + START_SECONDS
        told = ""
        while self._process.poll() is None and time.monotonic() < end:
            try:
                status, told = get(url)
            except OSError as error:
                told = str(error)
            else:
                if status == 200:
                    return told
            select.select([self._ended], [], [], 0.05)
        raise AssertionError(f"{url} did not become well: {told}; {self.said}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def ends(self) -> int:
        """Wait for its end and return the exit code."""
        return self._process.wait(START_SECONDS)

    def stop(self) -> int:
        """Ask it to stop, as every runtime does, and return the exit code."""
        self.send(signal.SIGTERM)
        return self.ends()


def run(*arguments: str, environment: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a verb of the program to its end."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env=dict(environment),
        check=False,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
    )
