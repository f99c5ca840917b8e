"""A server under measurement: a process of its own, on a processor of its own, with a folder of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Protocol, Self

from tests.bench import machine

ROOT = Path(__file__).parent.parent.parent
_START_SECONDS = 20.0
_POLL_SECONDS = 0.02


class Server(Protocol):
    """What of one or more running servers those need who talk with them."""

    @property
    def port(self) -> int:
        """Where visitors connect."""
        ...

    @property
    def agents_port(self) -> int:
        """Where agents connect."""
        ...


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def peer_command(module: str, port: int, database: Path | None = None) -> list[str]:
    """The command of one of `tests.bench.peers`."""
    command = [sys.executable, "-m", f"tests.bench.peers.{module}", str(port)]
    return command if database is None else [*command, str(database)]


class Served:
    """A running server. Use as an async context manager; leaving it kills the process.

    Args:
        command: program and arguments.
        port: where it will listen on 127.0.0.1.
        folder: where its log goes, as ``server.log``.
        environment: added to this process's own.
    """

    def __init__(self, command: list[str], port: int, folder: Path, environment: dict[str, str] | None = None) -> None:
        self._command = command
        self.port = port
        self._log_path = folder / "server.log"
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    async def __aenter__(self) -> Self:
        self._log = self._log_path.open("ab")
        # A child is born on its parent's processors, and so are all its threads.
        machine.pin(machine.SERVER_CPU)
        try:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - a start takes a millisecond
                self._command, env=self._environment, cwd=ROOT, stdout=self._log, stderr=self._log
            )
        finally:
            machine.pin(machine.LOAD_CPU)
        try:
            await self._listening()
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._end()
        if error is not None:
            error.add_note(f"The server's last words:\n{self._tail()}")

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    @property
    def agents_port(self) -> int:
        """Where agents connect: the same one."""
        return self.port

    def cpu_ns(self) -> int:
        """Processor time it has used so far."""
        return machine.cpu_ns(self.pid)

    async def _listening(self) -> None:
        assert self._process is not None
        async with asyncio.timeout(_START_SECONDS):
            while True:
                if self._process.poll() is not None:
                    raise RuntimeError(f"{self._command[:3]} ended at once:\n{self._tail()}")
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(_POLL_SECONDS)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    def _tail(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")[-2000:]

    def _end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        if self._log is not None:
            self._log.close()
