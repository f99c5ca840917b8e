"""Who is where, on all nodes together: agents with a conversation open, visitors with theirs, agents in a console.

Nothing of it is stored (G08). Each node counts its own connections and tells the others its *picture* of a place when
it changes, and again every 15 s while somebody is there. A picture that was not repeated for 45 s by the hearer's own
clock is over: so a node that died takes its people along. Who comes to listen to a place asks for its pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson

from widget_server.hub.bus import NODES, Bus
from widget_server.hub.presence import Presence
from widget_server.hub.switchboard import Switchboard
from widget_server.protocol import encode
from widget_server.store.records import Author

REPEAT_MS: Final = 15_000
BELIEVED_MS: Final = 45_000
SHOWN_MAX: Final = 50
"""So many of those who are in a room are named to its members; the page of its members says it of each."""


class Attendance:
    """One node's knowledge, and what it tells its listeners and the other nodes of it.

    A place is a staff channel or a room by its public name, or :data:`~widget_server.hub.bus.NODES` for all consoles.

    :param now_ms: any clock in ms that does not jump.
    """

    def __init__(self, bus: Bus, switchboard: Switchboard, now_ms: Callable[[], int]) -> None:
        self._bus = bus
        self._switchboard = switchboard
        self._now_ms = now_ms
        self._due: dict[str, int] = {}
        """When a place's own picture is repeated (ms)."""
        self.viewers: Presence[Author] = Presence()
        """Agents that have a staff channel open."""
        self.visitors: Presence[int] = Presence()
        """Visitors with a live connection, in the staff channel of their conversation."""
        self._rooms: set[str] = set()
        """The rooms in which somebody is by a connection of this node."""
        self._moved: set[str] = set()
        """Those where somebody of this node came or went: :meth:`tick` tells, not each of a thousand who come at once.
        """
        self._stirred: set[str] = set()
        """Those where somebody of another node did."""
        self.agents: Presence[int] = Presence()
        """Agents with a live console, by person: everybody is in the one place."""

    def view(self, staff: str, agent: Author) -> None:
        """An agent has opened a staff channel; they are told who is there, whether or not they were there already."""
        if not self.viewers.own(staff):
            self._bus.ask([staff])
        if self.viewers.enter(staff, agent):
            self._publish(staff)
        self._tell(staff)

    def look_away(self, staff: str, agent: Author) -> None:
        """An agent has closed a staff channel."""
        if self.viewers.leave(staff, agent):
            self._publish(staff)
            self._tell(staff)

    def visit(self, staff: str, visitor: int) -> None:
        """A visitor's connection has opened the conversation beside a staff channel."""
        if self.visitors.enter(staff, visitor):
            self._publish(staff)
            self._tell(staff)

    def part(self, staff: str, visitor: int) -> None:
        """A visitor's connection is gone from the conversation beside a staff channel."""
        if self.visitors.leave(staff, visitor):
            self._publish(staff)
            self._tell(staff)

    def enter_room(self, room: str, member: Author) -> None:
        """A member has opened a room."""
        if not self.viewers.own(room):
            self._rooms.add(room)
            self._bus.ask([room])
        if self.viewers.enter(room, member):
            self._moved.add(room)

    def leave_room(self, room: str, member: Author) -> None:
        """A member's connection has closed a room, or is gone."""
        if self.viewers.leave(room, member):
            self._moved.add(room)

    def in_room(self, room: str) -> set[str]:
        """The members (by public id) that have a room open, on whatever node, as far as this one listens there."""
        return {member.public_id for member in self.viewers.here(room)}

    def enter_console(self, agent: int) -> None:
        """A console of this agent is live."""
        if self.agents.enter(NODES, agent):
            self._publish(NODES)

    def leave_console(self, agent: int) -> None:
        """A console of this agent is gone."""
        if self.agents.leave(NODES, agent):
            self._publish(NODES)

    def in_console(self) -> list[int]:
        """The agents with a live console, on whatever node."""
        return self.agents.here(NODES)

    def frame(self, staff: str) -> bytes:
        """``frames.Presence`` of a staff channel."""
        here = self.viewers.here(staff)
        side = "agent"
        if staff in self._rooms:
            side, here = "member", here[:SHOWN_MAX]
        return encode.dumps(
            {
                "t": "presence",
                "channel": staff,
                "viewers": [viewer.state(side) for viewer in here],
                "visitor_online": bool(self.visitors.here(staff)),
            }
        )

    def tick(self) -> None:
        """About once a second: repeat what is due, forget what is over."""
        now = self._now_ms()
        self._tell_rooms()
        for place in [place for place, due in self._due.items() if due <= now]:
            self._publish(place)
        self._tell_all(self.viewers.expire(now) | self.visitors.expire(now))
        self.agents.expire(now)

    # --- what the bus brings

    def on_picture(self, place: str, node: bytes, picture: bytes) -> None:
        """Another node says who is in a place there."""
        told: dict[str, list[Any]] = orjson.loads(picture)
        until = self._now_ms() + BELIEVED_MS
        if place == NODES:
            self.agents.hear(place, node, told["agents"], until)
            return
        viewers = [Author(*fields) for fields in told["viewers"]]
        # Both are taken; a short-circuit would forget the second.
        changed = [
            self.viewers.hear(place, node, viewers, until),
            self.visitors.hear(place, node, told["visitors"], until),
        ]
        if any(changed):
            if place in self._rooms:
                self._stirred.add(place)
            else:
                self._tell(place)

    def on_question(self, places: Sequence[str]) -> None:
        """Another node wants to know who is in these places: only who has somebody there answers."""
        for place in places:
            if place in self._due:
                self._publish(place)

    def on_goodbye(self, node: bytes) -> None:
        """Another node is gone, and everybody with it."""
        self._tell_all(self.viewers.forget(node) | self.visitors.forget(node))
        self.agents.forget(node)

    def on_live(self, places: Sequence[str]) -> None:
        """What was said of these places before was not heard here.

        A node that hears the others' questions from now on may have missed one, and what it said meanwhile may have
        been lost: it says everything again.
        """
        self._bus.ask([place for place in places if place == NODES or self.viewers.own(place)])
        if NODES in places:
            self.on_question(list(self._due))

    def _publish(self, place: str) -> None:
        """Tell the others this node's picture of a place; an empty one once."""
        told: dict[str, list[Any]]
        if place == NODES:
            told = {"agents": self.agents.own(place)}
        else:
            viewers = [list(viewer) for viewer in self.viewers.own(place)]
            told = {"viewers": viewers, "visitors": self.visitors.own(place)}
        self._bus.picture(place, orjson.dumps(told))
        if any(told.values()):
            self._due[place] = self._now_ms() + REPEAT_MS
        else:
            self._due.pop(place, None)

    def _tell_rooms(self) -> None:
        """Tell who is in those rooms where somebody came or went, here or on other nodes."""
        moved, stirred = self._moved, self._moved | self._stirred
        self._moved, self._stirred = set(), set()
        for room in moved:
            self._publish(room)
        for room in stirred:
            self._tell(room)
            if not self.viewers.own(room):
                self._rooms.discard(room)

    def _tell(self, staff: str) -> None:
        """Tell this node's listeners of a staff channel; the other nodes' are told by theirs."""
        self._switchboard.ephemeral(staff, self.frame(staff))

    def _tell_all(self, places: Iterable[str]) -> None:
        for place in places:
            self._tell(place)
