"""One event is one line, as JSON or as text.

A line carries the time (UTC), the level, the logger, the message and *facts*: what `log_facts` bound around the code
(the request's or the socket's id) and what the call gave in ``extra=``. Never give it a message's body, a token or a
password: facts are identifiers, names and numbers.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
import secrets
import signal
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Literal, NamedTuple

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from aiohttp.typedefs import Handler

Fact = str | int | float | bool | None

_FACTS: ContextVar[Mapping[str, Fact]] = ContextVar("log_facts", default={})  # noqa: B039 - never changed in place

# What logging itself puts on a record; everything else came in by ``extra=``.
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# Control characters, the C1 range, line separators, what turns the direction of writing, and halves of characters that
# cannot be written at all: none may forge a line, or prevent one.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

REQUEST_ID = web.RequestKey("request_id", str)
"""Under it `name_requests` keeps the id with the request, to be told to whoever asks what went wrong."""


def current_facts() -> Mapping[str, Fact]:
    """Return the facts that are bound around the code that asks."""
    return _FACTS.get()


@contextmanager
def log_facts(**facts: Fact) -> Generator[None]:
    """Add facts to every line that is logged inside the block, by this task and those it starts."""
    token = _FACTS.set({**_FACTS.get(), **facts})
    try:
        yield
    finally:
        _FACTS.reset(token)


class LogFile(NamedTuple):
    """A file to which the log goes."""

    path: Path
    max_bytes: int
    """Size at which it is put aside; 0: never."""
    keep: int
    """How many files that were put aside stay."""


class _FileHandler(logging.handlers.RotatingFileHandler):
    """Puts its file aside when it is full, and makes it anew where somebody else did.

    A process has its file for itself: two that rotate the same one would each put the other's lines aside.
    """

    def __init__(self, file: LogFile) -> None:
        super().__init__(file.path, maxBytes=file.max_bytes, backupCount=file.keep, encoding="utf-8")
        self._path = file.path
        self._reopens = False

    def reopen(self) -> None:
        """Open the file again before the next line. Called from a signal's handler, which may interrupt a line."""
        self._reopens = True

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if self.stream is not None and (self._reopens or self._was_moved(self.stream)):
            self._reopens = False
            self.stream.close()
            self.stream = None  # Opened again by what follows.
        super().emit(record)

    def _was_moved(self, stream: IO[str]) -> bool:
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return True
        opened = os.fstat(stream.fileno())
        return (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino)


def configure_logging(
    level: Literal["debug", "info", "warning", "error"],
    layout: Literal["text", "json"],
    stream: IO[str] | None = None,
    file: LogFile | None = None,
) -> None:
    """Send the whole process's log to ``file``, else to ``stream`` (standard error when left out).

    A second call replaces the first. With a file, SIGHUP has it opened again instead of ending the process.

    Raises:
        OSError: the file cannot be written.
    """
    if file is None:
        handler: logging.Handler = logging.StreamHandler(stream or sys.stderr)
    else:
        handler = in_file = _FileHandler(file)
        signal.signal(signal.SIGHUP, lambda _number, _frame: in_file.reopen())
    handler.setFormatter(JsonFormatter() if layout == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # Told at every look at the schema, and of no use to anybody.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    # Who writes to whom, and what: the listener for mail says itself what it took.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    logging.getLogger("aiohttp.server").addFilter(_is_our_failure)


def _is_our_failure(record: logging.LogRecord) -> bool:
    """Whether a line of aiohttp's tells of more than a body that cannot be read: whoever sent it was answered so."""
    return not (record.exc_info and isinstance(record.exc_info[1], web.RequestPayloadError))


def _facts_of(record: logging.LogRecord) -> dict[str, object]:
    given = {name: value for name, value in vars(record).items() if name not in _PLAIN}
    return {**_FACTS.get(), **given}


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class JsonFormatter(logging.Formatter):
    """A line is one JSON object: time, level, logger, message, the facts, and ``exception`` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of ASCII."""
        line: dict[str, object] = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, fact in _facts_of(record).items():
            # A fact never takes the place of what every line has.
            line.setdefault(name, fact)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """A line for a person: time, level, logger, message, then facts as ``name=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; control characters of what it carries are written as escapes."""
        facts = "".join(f" {name}={value}" for name, value in _facts_of(record).items())
        text = f"{_time_of(record)} {record.levelname.lower():7} {record.name}: {record.getMessage()}{facts}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


@web.middleware
async def name_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give each request an id for its lines: the caller's ``X-Request-Id`` if that is plain, else a fresh one."""
    wished = request.headers.get("X-Request-Id", "")
    request_id = wished if _REQUEST_ID.fullmatch(wished) else secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    with log_facts(request=request_id):
        response = await handler(request)
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
    return response


class AccessLogger(AbstractAccessLogger):
    """One line per request, without the query, the body and the headers: those may carry what a log must not know."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line; ``time`` is the seconds the request took."""
        self.logger.info(
            "%s %s",
            request.method,
            request.path,
            extra={
                "status": response.status,
                "ms": round(time * 1000, 1),
                "bytes": response.body_length,
                "request": response.headers.get("X-Request-Id"),
            },
        )

    @property
    def enabled(self) -> bool:
        """Whether the level lets the lines through at all."""
        return self.logger.isEnabledFor(logging.INFO)
