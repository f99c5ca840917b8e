"""The product as a process of its own, to be stopped, killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Self

from tests.patience import START_SECONDS

if TYPE_CHECKING:
    from tests.clients.installation import Installation


class ServerProcess:
    """``widget-server serve`` on an installation. Use as an async context manager; `start` and `kill` may alternate.

    The port is chosen by the first start and kept, so that clients find the server again.

    Args:
        installation: whose data directory is served.
        settings: fields of `Settings` that shall be otherwise.
    """

    arguments: tuple[str, ...] = ("serve",)

    def __init__(self, installation: Installation, **settings: str | float) -> None:
        self._installation = installation
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.port = 0
        self.log: list[dict[str, Any]] = []
        """Every line the server wrote, since the first start."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            await self.kill()

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    async def start(self, module: str = "widget_server") -> None:
        """Start, and return when it listens.

        Args:
            module: the program, with ``serve`` as its argument; another one for a server with a fault built in.

        Raises:
            RuntimeError: it ended instead; the text is its log.
            TimeoutError: it did not listen in time, and was ended.
        """
        self._ready.clear()
        environment = {**os.environ, **self._installation.environment(self.port, **self._settings)}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *self.arguments),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read(self._process))
        ready = asyncio.create_task(self._ready.wait())
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.wait({ready, self._reading}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            # Nobody else ends what never listened; it would go on beside all tests that follow.
            await self.kill()
            raise
        finally:
            ready.cancel()
        if not self._ready.is_set():
            await self.ended()
            raise RuntimeError(f"the server ended: {self.log[-5:]}")

    async def kill(self) -> None:
        """``kill -9``, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.ended()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; harmless where the process has ended by itself."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for the end; the exit status (negative: the signal)."""
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(START_SECONDS):
            status = await self._process.wait()
            await self._reading
        self._process = None
        return status

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for raw in process.stderr:
            try:
                line = json.loads(raw)
            except ValueError:
                line = {"message": raw.decode(errors="replace").rstrip()}
            self.log.append(line)
            if line.get("message") == "Ready.":
                self.port = line["port"]
                self._ready.set()
