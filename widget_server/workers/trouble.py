"""From a line of the log to a mail to the administrator, off the way of whatever failed.

The handler only remembers: it may be called in any thread, and while the store is what fails. The mail is written by a
task that waits until it can be.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from widget_server.actions.trouble import EVERY_MS, Trouble, do_report
from widget_server.ops.logging import current_facts
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from widget_server.actions.engine import Clock
    from widget_server.store.database import Database

log = logging.getLogger(__name__)

_PACKAGE: Final = Path(__file__).parent.parent
_WAITING: Final = 100
_KINDS: Final = 1000
_AGAIN_S: Final = 5.0
_TEXT_CHARS: Final = 200
_OWN: Final = (__name__, "widget_server.workers.mail", "widget_server.workers.outbox", "aiosmtplib")
"""What fails while mails are sent is not told by mail: it would come again with each."""


class Troubles(logging.Handler):
    """Reports errors until it is closed.

    Args:
        database: the store.
        clock: when.
        to: the administrator's address.
    """

    def __init__(self, database: Database, clock: Clock, to: str) -> None:
        super().__init__(logging.ERROR)
        self._db = database
        self._clock = clock
        self._to = to
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Trouble] = deque(maxlen=_WAITING)
        self._told: dict[str, int] = {}
        self._came = asyncio.Event()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_OWN):
            return
        try:
            trouble = _trouble_of(record)
            now = self._clock.monotonic_ms()
            told = self._told.get(trouble.kind)
            if told is not None and now - told < EVERY_MS:
                return
            if len(self._told) >= _KINDS:
                self._told.clear()
            self._told[trouble.kind] = now
            self._waiting.append(trouble)
            self._loop.call_soon_threadsafe(self._came.set)
        except Exception:  # noqa: BLE001 - what happens to a line must never happen to whoever wrote it
            self.handleError(record)

    async def run(self) -> None:
        """Write mails until cancelled. While the store cannot be used they wait."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            while True:
                await self._came.wait()
                self._came.clear()
                while self._waiting:
                    await self._report(self._waiting[0])
        finally:
            root.removeHandler(self)

    async def _report(self, trouble: Trouble) -> None:
        try:
            await do_report(self._db, trouble, to=self._to, now_ms=self._clock.now_ms())
        except StoreUnavailable:
            await asyncio.sleep(_AGAIN_S)
            return
        except Exception:
            log.exception("A failure could not be reported.")
        if self._waiting and self._waiting[0] is trouble:
            self._waiting.popleft()


def _trouble_of(record: logging.LogRecord) -> Trouble:
    error = record.exc_info[1] if record.exc_info else None
    facts = vars(record)
    return Trouble(
        logger=record.name,
        error=record.levelname.lower() if error is None else type(error).__name__,
        place=_place_of(record, error),
        # Other libraries put values into their lines themselves.
        said=str(record.msg)[:_TEXT_CHARS] if record.name.startswith(_PACKAGE.name) else "",
        request=" ".join(str(facts[name])[:_TEXT_CHARS] for name in ("method", "path") if name in facts),
        request_id=str(current_facts().get("request") or ""),
        at_ms=int(record.created * 1000),
    )


def _place_of(record: logging.LogRecord, error: BaseException | None) -> str:
    """Return where it happened: the last line of ours that it passed, as in ``store/sqlite line 210 in write``."""
    if error is not None:
        frames = list(traceback.walk_tb(error.__traceback__))
        ours = [(frame, line) for frame, line in frames if _is_ours(frame.f_code.co_filename)]
        if ours or frames:
            frame, line = (ours or frames)[-1]
            return _written(frame.f_code.co_filename, line, frame.f_code.co_name)
    return _written(record.pathname, record.lineno, record.funcName or "")


def _is_ours(file: str) -> bool:
    return Path(file).is_relative_to(_PACKAGE)


def _written(file: str, line: int, function: str) -> str:
    path = Path(file)
    short = path.relative_to(_PACKAGE) if _is_ours(file) else Path(path.name)
    return f"{short.with_suffix('')} line {line} in {function}"
