"""When a mail about a conversation is due: to agents whom nobody relieved of it, to a visitor who has gone.

Pure rules; who asks brings what the store knows of the conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.conversation import Status
from widget_server.core.hours import after_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.core.appearance import Appearance

STALE_MS: Final = 3 * 86_400_000
"""What should have been told so long ago is not told any more: an installation that begins to mail, or was off for
days, does not begin with what is over."""
UNCONFIRMED_MAX: Final = 5
"""Mails without an answer to an address of which nobody has shown that it is theirs: somebody else's, perhaps."""
_MINUTE: Final = 60_000
_PATIENCE: Final = 5
"""While an agent goes on writing, the mail waits so many times as long for all of it, and no longer."""
_WAITS: Final = frozenset({Status.OPEN, Status.PENDING})


class Talk(NamedTuple):
    """What of a conversation decides. Numbers of messages are 0 and times None where there is none."""

    status: str
    asked_seq: int
    """The first message of the visitor after the last one of an agent: what nobody has answered."""
    asked_at: int | None
    unseen_seq: int
    """The first message of an agent that the visitor has neither seen nor been mailed, and the last one."""
    unseen_at: int | None
    last_unseen_seq: int
    last_unseen_at: int | None
    missed_seq: int
    """Up to where agents were told."""
    mails: int
    """To the visitor since they wrote last."""
    is_refused: bool
    """Whether the visitor wants no more of them."""
    has_address: bool
    is_confirmed: bool


class Due(NamedTuple):
    """When to look (UTC, ms); None: there is nothing to be told."""

    missed: int | None
    answer: int | None


def due_mails(talk: Talk, look: Appearance, now_ms: int, offset_at: Callable[[int], int]) -> Due:
    """Return when the mails of a conversation are due, as it stands.

    Args:
        talk: the conversation.
        look: its site's settings.
        now_ms: UTC time in ms.
        offset_at: of the time zone of the site's opening hours, as :mod:`core.hours` takes it.
    """
    return Due(
        *(
            None if due is None or due <= now_ms - STALE_MS else due
            for due in (_missed(talk, look, offset_at), _answer(talk, look))
        )
    )


def _missed(talk: Talk, look: Appearance, offset_at: Callable[[int], int]) -> int | None:
    is_told = talk.asked_seq <= talk.missed_seq
    if not look.missed_minutes or talk.asked_at is None or is_told or talk.status not in _WAITS:
        return None
    return after_open(look.hours, talk.asked_at, look.missed_minutes, offset_at)


def _answer(talk: Talk, look: Appearance) -> int | None:
    if not look.answer_minutes or talk.unseen_at is None or talk.last_unseen_at is None:
        return None
    if talk.is_refused or not talk.has_address or talk.status == Status.SPAM:
        return None
    if not talk.is_confirmed and talk.mails >= UNCONFIRMED_MAX:
        return None
    wait = look.answer_minutes * _MINUTE
    return min(talk.last_unseen_at + wait, talk.unseen_at + _PATIENCE * wait)
