"""Several processes on one port: each a node of its own, watched over by the process that started them.

The parent binds the public socket and hands it to all, so that there is one queue of arriving connections: when a
worker drains or dies, what waits in the queue is taken by the others, where sockets of their own (``SO_REUSEPORT``)
would lose what waits in those of the dead one. The parent serves nobody: it starts a worker again that ended, and
passes a stop on. Workers notice by the end of a pipe that their parent was killed, and drain.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.ops.listening import close_all
from widget_server.settings import OperatorError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator, Sequence

_log = logging.getLogger(__name__)

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_S: Final = 10.0
"""How long a worker must have served for its end not to count as one of a row."""
_GRACE_S: Final = 2.0
"""How much later than the workers' own limit the parent ends those that are left."""


class Worker(NamedTuple):
    """What makes this process one of several."""

    number: int
    """0, 1, 2 …; a worker that takes the place of another has the same."""
    sockets: Sequence[socket.socket]
    """The public listeners, which all share."""
    lifeline: int
    """A descriptor that is at its end once the parent is gone."""
    ready: int
    """Where the parent hears of this worker."""

    def tell_ready(self) -> None:
        """Tell the parent that this worker serves."""
        os.write(self.ready, b"1")
        os.close(self.ready)


@dataclass
class _Place:
    """A worker's number, and who has it at the moment."""

    number: int
    pid: int = 0
    told_ready: int = -1
    ready_since: float | None = None
    pause_s: float = _FIRST_PAUSE_S
    starts_at: float = 0.0


class Supervisor:
    """Keeps ``count`` workers going until a stop signal.

    Args:
        count: how many.
        sockets: bound and listening; the parent closes them when it stops.
        drain_seconds: how long a worker may take to end.
        on_ready: called in the parent once all workers serve for the first time.
    """

    def __init__(
        self, count: int, sockets: list[socket.socket], drain_seconds: float, on_ready: Callable[[], None]
    ) -> None:
        self._places = [_Place(number) for number in range(count)]
        self._sockets = sockets
        self._drain_seconds = drain_seconds
        self._on_ready: Callable[[], None] | None = on_ready
        self._stop_by: float | None = None
        self._failed = False
        self._lifeline: tuple[int, int] = (-1, -1)

    def run(self) -> Worker | None:
        """Start the workers and watch over them.

        Returns twice and more: in each worker with what makes it one, and in the parent with None after the last worker
        has ended. No thread may run when it is called.

        Raises:
            OperatorError: a worker could not start; it has said why.
        """
        self._lifeline = os.pipe()
        with _wakened_by_signals(self._on_stop) as wakened:
            while True:
                for place in self._places:
                    if not place.pid and self._stop_by is None and place.starts_at <= time.monotonic():
                        worker = self._start(place)
                        if worker is not None:
                            return worker
                if not any(place.pid for place in self._places) and self._stop_by is not None:
                    break
                self._wait(wakened)
                self._reap()
        if self._failed:
            raise OperatorError("a worker could not start; it has said why")
        _log.info("All workers have ended.")
        return None

    def _start(self, place: _Place) -> Worker | None:
        # A stop that comes between must neither miss the new worker nor be taken by it for one that was handled.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        if self._stop_by is not None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
            return None
        told, ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            os.close(self._lifeline[1])
            for other in self._places:
                if other.told_ready >= 0:
                    os.close(other.told_ready)
            return Worker(place.number, self._sockets, self._lifeline[0], ready)
        os.close(ready)
        place.pid, place.told_ready, place.ready_since = pid, told, None
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        return None

    def _wait(self, wakened: int) -> None:
        """Sleep until a signal, a worker's word, or the time for something comes."""
        times = [place.starts_at for place in self._places if not place.pid]
        if self._stop_by is not None:
            times = [self._stop_by]
        timeout = max(0.0, min(times) - time.monotonic()) if times else None
        words = {place.told_ready: place for place in self._places if place.told_ready >= 0}
        readable, _, _ = select.select([wakened, *words], [], [], timeout)
        for descriptor in readable:
            if descriptor == wakened:
                os.read(wakened, 4096)
                continue
            place = words[descriptor]
            if os.read(descriptor, 1):
                place.ready_since = time.monotonic()
            os.close(descriptor)
            place.told_ready = -1
        if self._on_ready is not None and all(place.ready_since is not None for place in self._places):
            self._on_ready()
            self._on_ready = None
        if self._stop_by is not None and time.monotonic() >= self._stop_by:
            _log.error("Workers did not stop in time; ending what is left.")
            self._signal(signal.SIGKILL)
            self._stop_by += _LONGEST_PAUSE_S

    def _reap(self) -> None:
        for place in self._places:
            if not place.pid:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if pid:
                self._on_end(place, os.waitstatus_to_exitcode(status))

    def _on_end(self, place: _Place, status: int) -> None:
        place.pid = 0
        if place.told_ready >= 0:
            os.close(place.told_ready)
            place.told_ready = -1
        served_s = time.monotonic() - place.ready_since if place.ready_since is not None else 0.0
        if self._stop_by is not None:
            return
        if self._on_ready is not None:
            self._failed = True
            self._stop()
            return
        pause_s = _FIRST_PAUSE_S if served_s >= _STEADY_S else place.pause_s
        place.starts_at = time.monotonic() + pause_s
        place.pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
        _log.error(
            "A worker ended; it is started again.",
            extra={"worker": place.number, "status": status, "in_seconds": pause_s},
        )

    def _on_stop(self, number: int) -> None:
        if self._stop_by is None:
            _log.info("Stopping all workers.", extra={"signal": signal.Signals(number).name})
            self._stop()
        else:
            _log.warning("Stopped at once by a second signal.", extra={"signal": signal.Signals(number).name})
            self._signal(signal.SIGKILL)

    def _stop(self) -> None:
        self._stop_by = time.monotonic() + self._drain_seconds + _GRACE_S
        self._signal(signal.SIGTERM)
        # With the workers' ends closed too, who comes now is refused instead of waiting for nobody.
        close_all(self._sockets)

    def _signal(self, number: signal.Signals) -> None:
        for place in self._places:
            if place.pid:
                os.kill(place.pid, number)


@contextmanager
def _wakened_by_signals(on_stop: Callable[[int], None]) -> Generator[int]:
    """Call ``on_stop`` for each stop signal, and yield a descriptor that can be read after any signal that matters.

    A worker leaves the block too: signals then have their plain meaning again.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    before = {number: signal.getsignal(number) for number in (*_STOPS, signal.SIGCHLD)}
    for number in _STOPS:
        signal.signal(number, lambda number, _frame: on_stop(number))
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        os.close(reading)
        os.close(writing)
