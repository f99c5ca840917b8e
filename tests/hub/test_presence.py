"""Who is here, and how many connections there may be."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from widget_server.hub.presence import Presence
from widget_server.hub.registry import Registry


def test_somebody_with_two_tabs_leaves_with_the_second() -> None:
    presence: Presence[str] = Presence()
    assert presence.enter("room", "ada")
    assert not presence.enter("room", "ada")
    assert not presence.leave("room", "ada")
    assert presence.is_here("room", "ada")
    assert presence.leave("room", "ada")
    assert not presence.is_here("room", "ada")
    assert list(presence.here("room")) == []


def test_leaving_where_one_never_was_is_harmless() -> None:
    presence: Presence[str] = Presence()
    presence.enter("room", "ada")
    assert not presence.leave("room", "grace")
    assert not presence.leave("hall", "ada")
    assert list(presence.here("room")) == ["ada"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from("xyz"))))
def test_presence_counts_like_a_plain_count_and_says_exactly_when_the_picture_changes(
    steps: list[tuple[bool, str, str]],
) -> None:
    presence: Presence[str] = Presence()
    counts: dict[tuple[str, str], int] = {}
    for enters, place, who in steps:
        before = {name for (there, name), count in counts.items() if there == place and count}
        counts[place, who] = max(0, counts.get((place, who), 0) + (1 if enters else -1))
        after = {name for (there, name), count in counts.items() if there == place and count}
        changed = presence.enter(place, who) if enters else presence.leave(place, who)
        assert changed == (before != after)
        assert set(presence.here(place)) == after


@dataclass(eq=False)
class Line:
    """As much of a connection as the registry wants to know."""

    address: str


def test_an_address_may_hold_only_so_many_connections() -> None:
    registry: Registry[Line] = Registry(per_address=2)
    lines = [Line("192.0.2.1"), Line("192.0.2.1"), Line("192.0.2.2")]
    for line in lines:
        assert registry.has_room(line.address)
        registry.add(line)
    assert len(registry) == 3
    assert not registry.has_room("192.0.2.1")
    assert registry.has_room("192.0.2.2")
    registry.remove(lines[0])
    registry.remove(lines[0])
    assert registry.has_room("192.0.2.1")
    assert list(registry) == lines[1:]


def test_a_connection_may_leave_while_all_are_asked() -> None:
    registry: Registry[Line] = Registry(per_address=5)
    for _ in range(3):
        registry.add(Line("192.0.2.1"))
    for line in registry:
        registry.remove(line)
    assert len(registry) == 0
