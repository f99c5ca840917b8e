"""One engine's process: found, started as nobody in particular, waited for, and gone with whoever started it."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PACKAGES: Final = "postgresql redis-server nginx-light pgbouncer"
"""What Debian calls them all."""
_UNPRIVILEGED: Final = ("postgres", "nobody")
_PR_SET_PDEATHSIG: Final = 1
_LIBC = ctypes.CDLL(None)


class MissingEngine(Exception):
    """A program is not installed; the text says how to get all of them."""


def find(*names: str) -> str:
    """The path of the first of these programs that is installed.

    :raises MissingEngine: when none is.
    """
    places = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    # Debian keeps each version's programs apart; the newest one serves.
    places += [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    for name in names:
        found = shutil.which(name, path=os.pathsep.join(places))
        if found is not None:
            return found
    raise MissingEngine(f"{names[0]} is not installed; run: sudo apt-get install {PACKAGES}")


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody answers on the port."""
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def unprivileged() -> str | None:
    """The user as whom engines run where we are root, which PostgreSQL refuses to be; None: as who we are."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


class Daemon:
    """A folder, a port and a process. Subclasses say what is started and when it is ready."""

    name: str = ""
    last_word: signal.Signals = signal.SIGKILL
    """What ends it at once, with its children: by us, and by the kernel when the thread that started it dies."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self._user = unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        self.give(self.folder)

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Write what the engine needs before its first start."""

    def command(self) -> Sequence[str]:
        """What is run."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether it serves."""
        return listens(self.port)

    def give(self, path: Path) -> None:
        """Make the path the engine's own."""
        if self._user is not None:
            shutil.chown(path, self._user, pwd.getpwnam(self._user).pw_gid)

    def run(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Run a program to its end as the engine's user. :raises RuntimeError: it failed."""
        done = subprocess.run(
            command, cwd=self.folder, user=self._user, group=self._group, extra_groups=self._groups,
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")

    @property
    def _group(self) -> int | None:
        return pwd.getpwnam(self._user).pw_gid if self._user is not None else None

    @property
    def _groups(self) -> list[int] | None:
        return [] if self._user is not None else None

    @property
    def log(self) -> str:
        """What it has said so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def pid(self) -> int:
        """Its main process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and return when it serves. :raises RuntimeError: it did not come up."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=self.folder, user=self._user, group=self._group, extra_groups=self._groups,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._die_with_parent,  # noqa: PLW1509 - between fork and exec nothing runs but one call
            )  # fmt: skip
        self.wait(self.is_ready)

    def _die_with_parent(self) -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, self.last_word)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Return when ``condition`` holds. :raises RuntimeError: the engine died, or half a minute has passed."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended by itself: {self.log[-2000:]}")
            if time.monotonic() > ends:
                raise RuntimeError(f"{self.name} is not ready: {self.log[-2000:]}")
            time.sleep(0.02)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """End the process by a signal and wait for it. Harmless to repeat."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(sign)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """Stop at once and remove everything."""
        self.stop(self.last_word)
        shutil.rmtree(self.folder, ignore_errors=True)
