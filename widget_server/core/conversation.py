"""The status of a conversation, as a transition table shared by Python and TypeScript.

``open`` needs somebody's attention, ``pending`` waits for the visitor, ``snoozed`` comes back by itself at a time,
``resolved`` is finished until the visitor writes again, ``spam`` stays out of the way.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """What the agents see; only :func:`public_status` of it is ever shown to the visitor."""

    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    SPAM = "spam"


class StatusEvent(StrEnum):
    """What moves a conversation from one status to another."""

    VISITOR_WROTE = "visitor_wrote"
    AGENT_WROTE = "agent_wrote"
    OPENED = "opened"
    SET_PENDING = "set_pending"
    SNOOZED = "snoozed"
    WOKE = "woke"
    RESOLVED = "resolved"
    MARKED_SPAM = "marked_spam"


_S = Status
_E = StatusEvent
_COMMANDS: Final = {
    _E.OPENED: _S.OPEN,
    _E.SET_PENDING: _S.PENDING,
    _E.SNOOZED: _S.SNOOZED,
    _E.RESOLVED: _S.RESOLVED,
    _E.MARKED_SPAM: _S.SPAM,
}

TRANSITIONS: Final[dict[Status, dict[StatusEvent, Status]]] = {
    _S.OPEN: {**_COMMANDS, _E.VISITOR_WROTE: _S.OPEN, _E.AGENT_WROTE: _S.OPEN},
    _S.PENDING: {**_COMMANDS, _E.VISITOR_WROTE: _S.OPEN, _E.AGENT_WROTE: _S.PENDING},
    _S.SNOOZED: {**_COMMANDS, _E.VISITOR_WROTE: _S.OPEN, _E.AGENT_WROTE: _S.OPEN, _E.WOKE: _S.OPEN},
    _S.RESOLVED: {**_COMMANDS, _E.VISITOR_WROTE: _S.OPEN, _E.AGENT_WROTE: _S.OPEN},
    _S.SPAM: {**_COMMANDS, _E.VISITOR_WROTE: _S.SPAM, _E.AGENT_WROTE: _S.OPEN},
}

COMMAND_FOR: Final[dict[Status, StatusEvent]] = {status: event for event, status in _COMMANDS.items()}
"""The event by which an agent asks for a status: commands set a state, none toggles."""


def advance(status: Status, event: StatusEvent) -> Status:
    """The status after ``event``; an event without an entry (waking what is not asleep) changes nothing."""
    return TRANSITIONS[status].get(event, status)


def public_status(status: Status) -> str:
    """What the visitor may know: ``resolved`` or ``open``. That one is snoozed or taken for spam stays inside."""
    return "resolved" if status is Status.RESOLVED else "open"
