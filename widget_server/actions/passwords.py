"""Keeping and checking passwords: Argon2id, off the event loop, and never more than two at a time.

The parameters are above OWASP's least ones (19 MiB, 2 passes; requirement S19). A password of an account that does not
exist costs the same as one that does (S21): it is verified against a hash that nothing matches.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from widget_server.core.errors import TryLater

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_AT_ONCE: Final = 2
_NICENESS: Final = 10
_WAITING_MAX: Final = 50
_PATIENCE_MS: Final = 5_000


def _give_way() -> None:
    """Let this thread have what of the processor nobody else wants: where there is one, the event loop lives on it too.

    Without it messages waited a hundred milliseconds while two passwords were hashed (measured).
    """
    if sys.platform == "linux":
        # There a thread has a priority of its own; elsewhere this would slow the whole process down.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class Passwords:
    """One per application. :meth:`close` it at the end.

    When too many wait for their turn, its methods raise :class:`TryLater` (``busy``).

    Args:
        memory_kib: what one hash occupies; tests take little.
        passes: how often it goes over that memory.
    """

    def __init__(self, *, memory_kib: int = 32 * 1024, passes: int = 3) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords", initializer=_give_way)
        self._nobody: str | None = None
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return what is stored for ``password``."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether ``password`` is the one that was stored; None is an account without one, and takes as long."""
        return await self._in_thread(lambda: self._matches(stored, password))

    def is_outdated(self, stored: str) -> bool:
        """Return whether ``stored`` was made with other parameters and should be made anew at the next sign-in."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads end. What still runs is finished first."""
        self._threads.shutdown()

    def _matches(self, stored: str | None, password: str) -> bool:
        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody's password")
        try:
            self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING_MAX:
            raise TryLater("busy", _PATIENCE_MS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def passwords_for(mode: str) -> Passwords:
    """Return the keeper of an installation in this mode: quick where nobody but a test signs in."""
    return Passwords(memory_kib=64, passes=1) if mode == "testing" else Passwords()
