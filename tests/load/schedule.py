"""What will happen and when, drawn before anything begins: a slow server changes nothing about it.

So the time a message waits for its turn is part of its latency, and a stall is counted for everybody it kept waiting
(no coordinated omission).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

Kind = Literal["visitor_says", "agent_says", "visitor_types", "agent_types", "leave", "return"]

_TYPING_BEFORE_SECONDS = 2.0
_SHORTEST_ABSENCE_SECONDS = 0.2


class Deed(NamedTuple):
    """One thing that somebody does."""

    at: float
    """Seconds after the begin."""
    talk: int
    kind: Kind
    is_measured: bool = True
    """Whether the other side is to be there: what is said to somebody who is away is checked, not timed."""


@dataclass(frozen=True)
class Habits:
    """How people behave, as means of exponential distributions, in seconds."""

    pace: float
    """Between two messages of one conversation, of either side."""
    stay: float
    """Until a visitor's line is gone."""
    away: float
    """Until it is there again."""


def schedule(chance: random.Random, talks: int, seconds: float, habits: Habits) -> list[Deed]:
    """Everything that happens in ``seconds`` in so many conversations, in order."""
    deeds = [deed for talk in range(talks) for deed in _one_talk(chance, talk, seconds, habits)]
    return sorted(deeds, key=lambda deed: deed.at)


def _one_talk(chance: random.Random, talk: int, seconds: float, habits: Habits) -> Iterator[Deed]:
    absences = list(_absences(chance, seconds, habits))
    for begin, end in absences:
        yield Deed(begin, talk, "leave")
        yield Deed(end, talk, "return")
    for at in _arrivals(chance, seconds, habits.pace):
        is_away = any(begin <= at < end for begin, end in absences)
        begins_typing = max(0.0, at - chance.uniform(0, _TYPING_BEFORE_SECONDS))
        if chance.random() < 0.5:
            yield Deed(begins_typing, talk, "agent_types")
            yield Deed(at, talk, "agent_says", is_measured=not is_away)
        elif not is_away:
            yield Deed(begins_typing, talk, "visitor_types")
            yield Deed(at, talk, "visitor_says")


def _arrivals(chance: random.Random, seconds: float, mean: float) -> Iterator[float]:
    """The moments of a Poisson process."""
    at = chance.expovariate(1 / mean)
    while at < seconds:
        yield at
        at += chance.expovariate(1 / mean)


def _absences(chance: random.Random, seconds: float, habits: Habits) -> Iterator[tuple[float, float]]:
    """From when to when a visitor is away; everybody is back before the end."""
    begin = chance.expovariate(1 / habits.stay)
    while True:
        end = begin + max(_SHORTEST_ABSENCE_SECONDS, chance.expovariate(1 / habits.away))
        if end >= seconds:
            return
        yield begin, end
        begin = end + chance.expovariate(1 / habits.stay)
