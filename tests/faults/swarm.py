"""Many visitors at once, each with the client that pages are sent: the widget's own session under Node."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tests.clients.truth import Deeds

if TYPE_CHECKING:
    from collections.abc import Iterable

_SOURCES = Path(__file__).parents[2] / "widget_js"
_LINE_BYTES = 64 * 1024 * 1024
_PATIENCE_SECONDS = 120.0


async def build_swarm(folder: Path) -> Path:
    """Bundle the program for Node into ``folder``, by the bundler that makes what pages load.

    Raises:
        RuntimeError: it could not be built; the text is what the bundler says.
    """
    program = folder / "swarm.mjs"
    bundler = _SOURCES / "node_modules/.bin/esbuild"
    arguments = ("--bundle", "--platform=node", "--format=esm", "--log-level=error", f"--outfile={program}")
    process = await asyncio.create_subprocess_exec(
        *(bundler, "test/swarm/swarm.ts", *arguments), cwd=_SOURCES, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(said.decode())
    return program


class Report(NamedTuple):
    """What a swarm has seen. Times are milliseconds since 1970."""

    tries: list[int]
    """When somebody began to open a line."""
    opened: list[int]
    """When a line stood."""
    without_socket: int
    """How many of the tries went over the HTTP fallback."""
    visitors: list[dict[str, Any]]
    """By visitor: ``written`` (bodies by id), ``acked`` (ids), ``held`` (bodies), ``settledAt``, ``status``."""

    def back_ms(self, moment: int) -> dict[str, int]:
        """How long after ``moment`` half of the visitors, nearly all and all were settled, for good."""
        times = sorted(visitor["settledAt"] for visitor in self.visitors)
        last = len(times) - 1
        shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return {name: times[round(last * share)] - moment for name, share in shares.items()}

    def deeds(self) -> Deeds:
        """What they have written and what was acknowledged, in the words of a truth file; numbers are not known."""
        sent = {message: body for visitor in self.visitors for message, body in visitor["written"].items()}
        return Deeds(sent, {message: 0 for visitor in self.visitors for message in visitor["acked"]})


class Swarm:
    """A crowd of visitors in one Node process. Use as an async context manager.

    Args:
        program: what `build_swarm` made.
        base: ``http://host:port`` of the server.
        key: the site's.
        origin: of the page that they would be on.
        count: how many.
    """

    def __init__(self, program: Path, base: str, key: str, origin: str, count: int) -> None:
        self._arguments = (str(program), base, key, origin, str(count))
        self.count = count
        self._settled = 0
        self._answered = 0
        self._heard = asyncio.Event()
        self._reports: list[dict[str, Any]] = []
        self._process: asyncio.subprocess.Process
        self._reading: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        node = shutil.which("node", path=str(Path(__file__).parents[2] / ".venv/bin")) or "node"
        self._process = await asyncio.create_subprocess_exec(
            *(node, *self._arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        # What stands in the virtual environment starts Node as a child of its own: both have to go.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._reading

    async def connect(self) -> None:
        """Everybody opens a line, and goes on doing so."""
        await self._command("connect")

    async def say(self, body: str) -> None:
        """Everybody writes ``body`` with their number behind it; nobody is settled then."""
        await self._command(f"say {body}")

    async def settled(self, least: int, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until so many are connected, up to date and have nothing unacknowledged.

        Raises:
            TimeoutError: they were not in time.
        """
        async with asyncio.timeout(seconds):
            while self._settled < least:
                await self._next()

    async def report(self) -> Report:
        """Ask for everything."""
        await self._command("report")
        told = self._reports.pop()
        return Report(told["tries"], told["opened"], told["withoutSocket"], told["visitors"])

    async def _command(self, line: str) -> None:
        assert self._process.stdin is not None
        before = self._answered
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self._answered == before:
                await self._next()

    async def _next(self) -> None:
        self._heard.clear()
        heard = asyncio.create_task(self._heard.wait())
        await asyncio.wait({heard, self._reading}, return_when=asyncio.FIRST_COMPLETED)
        heard.cancel()
        if self._reading.done():
            raise RuntimeError("the swarm has ended")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = json.loads(raw)
            if line["kind"] == "report":
                self._reports.append(line)
            else:
                self._settled = line["settled"]
                self._answered += line["kind"] == "done"
            self._heard.set()


def busiest(times: Iterable[int], window_ms: int = 1000) -> int:
    """Return the most events that lie within ``window_ms`` of each other."""
    most, recent = 0, deque[int]()
    for moment in sorted(times):
        recent.append(moment)
        while recent[0] <= moment - window_ms:
            recent.popleft()
        most = max(most, len(recent))
    return most


def now_ms() -> int:
    """This machine's clock, which the swarm's process reads as well."""
    return int(time.time() * 1000)
