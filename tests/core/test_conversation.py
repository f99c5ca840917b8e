"""The status of a conversation: its whole transition table, and what of it a visitor may know."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.conversation import COMMAND_FOR, TRANSITIONS, Status, StatusEvent, advance, public_status

_S = Status
_E = StatusEvent

# What each command sets, from every status.
COMMANDS = {
    _E.OPENED: _S.OPEN,
    _E.SET_PENDING: _S.PENDING,
    _E.SNOOZED: _S.SNOOZED,
    _E.RESOLVED: _S.RESOLVED,
    _E.MARKED_SPAM: _S.SPAM,
}
# What a message or the clock does to it.
HAPPENINGS = {
    _E.VISITOR_WROTE: {
        _S.OPEN: _S.OPEN,
        _S.PENDING: _S.OPEN,
        _S.SNOOZED: _S.OPEN,
        _S.RESOLVED: _S.OPEN,
        _S.SPAM: _S.SPAM,
    },
    _E.AGENT_WROTE: {
        _S.OPEN: _S.OPEN,
        _S.PENDING: _S.PENDING,
        _S.SNOOZED: _S.OPEN,
        _S.RESOLVED: _S.OPEN,
        _S.SPAM: _S.OPEN,
    },
    _E.WOKE: {
        _S.OPEN: _S.OPEN,
        _S.PENDING: _S.PENDING,
        _S.SNOOZED: _S.OPEN,
        _S.RESOLVED: _S.RESOLVED,
        _S.SPAM: _S.SPAM,
    },
}


@pytest.mark.parametrize(("status", "event"), list(product(Status, StatusEvent)))
def test_every_status_answers_every_event(status: Status, event: StatusEvent) -> None:
    expected = COMMANDS[event] if event in COMMANDS else HAPPENINGS[event][status]
    assert advance(status, event) is expected


def test_the_table_names_every_status_and_every_event() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert {event for row in TRANSITIONS.values() for event in row} == set(StatusEvent)


@given(st.sampled_from(Status), st.lists(st.sampled_from(StatusEvent)))
def test_commands_set_a_state_and_none_toggles(status: Status, before: list[StatusEvent]) -> None:
    for event in before:
        status = advance(status, event)
    for wanted, command in COMMAND_FOR.items():
        assert advance(status, command) is wanted
        assert advance(wanted, command) is wanted


def test_every_status_can_be_asked_for() -> None:
    assert set(COMMAND_FOR) == set(Status)


@pytest.mark.parametrize("status", Status)
def test_a_visitor_is_told_only_whether_it_is_resolved(status: Status) -> None:
    assert public_status(status) == ("resolved" if status is Status.RESOLVED else "open")


def test_a_visitors_word_brings_back_everything_but_spam() -> None:
    brought = {status: advance(status, StatusEvent.VISITOR_WROTE) for status in Status}
    assert brought.pop(Status.SPAM) is Status.SPAM
    assert set(brought.values()) == {Status.OPEN}
