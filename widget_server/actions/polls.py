"""Polls: what a thread may ask its readers. A poll never changes once it is there (voting: ``poll_votes``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.core.errors import Unacceptable
from widget_server.core.text import check_line, fold
from widget_server.store.queries import polls as q

if TYPE_CHECKING:
    from widget_server.store.database import Transaction

QUESTION_CHARS: Final = 200
OPTION_CHARS: Final = 100
OPTIONS: Final = range(2, 11)
"""How many a poll may have."""
DAYS: Final = 365
_DAY_MS: Final = 86_400_000


class NewPoll(NamedTuple):
    """A poll, checked."""

    question: str
    options: list[str]
    choices: int
    """How many options one may take."""
    days: int | None
    """After how many it closes; None: it stays open."""


def check_question(text: str) -> str:
    """Return what a poll asks; empty where there is none. Raises ``Unacceptable``."""
    return check_line(text, QUESTION_CHARS)


def check_options(text: str) -> list[str]:
    """Return the options that were typed, one on each line.

    Raises:
        Unacceptable: ``poll_options``, ``line_too_long``, ``bad_text``.
    """
    options = [line for line in (check_line(each, OPTION_CHARS) for each in text.splitlines()) if line]
    if len(options) not in OPTIONS or len({fold(option) for option in options}) < len(options):
        raise Unacceptable("poll_options", least=OPTIONS[0], most=OPTIONS[-1])
    return options


def check_choices(text: str, *, options: int) -> int:
    """Return how many options one may take, of so many. Raises ``Unacceptable``: ``poll_choices``."""
    choices = _number(text or "1")
    if choices is None or not 1 <= choices <= options:
        raise Unacceptable("poll_choices")
    return choices


def check_days(text: str) -> int | None:
    """Return after how many days a poll closes, None for never. Raises ``Unacceptable``: ``poll_closing``."""
    if not text.strip():
        return None
    days = _number(text)
    if days is None or not 1 <= days <= DAYS:
        raise Unacceptable("poll_closing", most=DAYS)
    return days


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


async def put_poll(tx: Transaction, channel_id: int, poll: NewPoll, now_ms: int) -> None:
    """Put a poll to a thread that has just been made."""
    await tx.run(
        q.INSERT,
        channel_id=channel_id,
        question=poll.question,
        options=orjson.dumps(poll.options).decode(),
        choices=poll.choices,
        closes_at=None if poll.days is None else now_ms + poll.days * _DAY_MS,
    )
