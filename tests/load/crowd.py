"""Visitors and agents of one generator: who they are, how they come, and how they do what the schedule says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from tests.bench.wire import text_frame
from tests.clients.state import fresh_id
from tests.load.histogram import Histogram
from tests.load.line import Door, Line
from tests.load.schedule import Deed, Habits, schedule
from tests.load.talk import Outgoing, Side, Talk, Tally, body_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_PING_SECONDS = 20.0
_SETTLE_SECONDS = 30.0
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
_YIELD_EVERY = 50


@dataclass(frozen=True)
class Task:
    """What one generator is to do. Everything in it can be JSON.

    ``nodes`` are (host, port); a visitor and the agent they talk to are on different ones where there are two.
    """

    nodes: list[tuple[str, int]]
    tls: bool
    site_key: str
    site_origin: str
    own_origin: str
    cookie: str
    talks: int
    first_talk: int
    talks_per_agent: int
    connects_per_second: float
    seconds: float
    pace: float
    stay: float
    away: float
    seed: int


class Crowd:
    """All lines of one generator.

    Args:
        task: who comes, where, and what they do.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._chance = random.Random(task.seed)
        self.tally = Tally()
        self.acks = Histogram()
        self.deliveries = Histogram()
        self.returns = Histogram()
        self.lag = Histogram()
        """How late this generator itself was."""
        self._talks = [Talk(self.tally) for _ in range(task.talks)]
        self._by_channel: dict[str, Talk] = {}
        self._return_due: dict[Talk, float] = {}
        self._visitors = [self._visitor(number, talk) for number, talk in enumerate(self._talks)]
        self._agents = [
            self._agent(number) for number in range((task.talks + task.talks_per_agent - 1) // task.talks_per_agent)
        ]
        self._started = {talk: asyncio.Event() for talk in self._talks}

    @property
    def connections(self) -> int:
        """How many lines there are when nobody is away."""
        return len(self._visitors) + len(self._agents)

    def schedule(self) -> list[Deed]:
        """Draw what will happen."""
        habits = Habits(self._task.pace, self._task.stay, self._task.away)
        return schedule(self._chance, self._task.talks, self._task.seconds, habits)

    # --- who they are

    def _visitor(self, number: int, talk: Talk) -> Line:
        task = self._task
        # On another node than the agent of this conversation.
        node = number // task.talks_per_agent

        def returned() -> None:
            due = self._return_due.pop(talk, None)
            if due is not None:
                self.returns.add(_now() - due)
                self.tally.returns += 1

        return self._line(
            "visitor",
            self._door(f"/ws/{task.site_key}", {"Origin": task.site_origin}, task.first_talk + number, node),
            returned,
            started=talk,
        )

    def _agent(self, number: int) -> Line:
        task = self._task
        headers = {"Origin": task.own_origin, "Cookie": task.cookie}
        return self._line("agent", self._door("/ws/console", headers, task.first_talk + number, number + 1), _nothing)

    def _door(self, target: str, headers: dict[str, str], person: int, node: int) -> Door:
        host, port = self._task.nodes[node % len(self._task.nodes)]
        # No address of this machine has so many ports, nor would so many visitors share one.
        is_local = host == "127.0.0.1"
        source = f"127.0.{1 + person // 250 % 200}.{1 + person % 250}" if is_local else "0.0.0.0"
        return Door(host, port, self._task.tls, target, headers, source)

    def _line(self, side: Side, door: Door, returned: Callable[[], None], *, started: Talk | None = None) -> Line:
        def fresh(channel: str, author: Side, number: int) -> None:
            if author != side:
                talk = self._by_channel[channel]
                self.tally.delivered += 1
                due = talk.due.pop((author, number), None)
                if due is not None:
                    self.deliveries.add(_now() - due)

        def acked(frame: dict[str, Any], message: Outgoing) -> None:
            if started is not None and not started.acked[side]:
                self._by_channel[frame["channel"]] = started
                self._has_started(started, frame["channel"])
            self._by_channel[frame["channel"]].acked[side] += 1
            self.tally.acked += 1
            if message.due is not None:
                self.acks.add(_now() - message.due)

        return Line(door, side, self.tally, fresh, acked, returned)

    def _has_started(self, talk: Talk, channel: str) -> None:
        talk.holdings["agent"].channel = channel
        self._started[talk].set()

    # --- how they come

    async def come(self) -> None:
        """Connect everybody at the task's rate; each visitor begins a conversation, and an agent opens it.

        Raises:
            TimeoutError: somebody did not come in.
        """
        for agent in self._agents:
            agent.come()
        pause = 1 / self._task.connects_per_second
        begin = _now()
        async with asyncio.TaskGroup() as coming:
            for number in range(len(self._talks)):
                await asyncio.sleep(max(0.0, begin + number * pause - _now()))
                coming.create_task(self._begin(number))
        await self._until_quiet(_PATIENCE_SECONDS)
        loud = [talk for talk in self._talks if not talk.is_quiet]
        if loud:
            raise TimeoutError(f"{len(loud)} conversations did not begin; the first: {loud[0].holdings}")

    async def _begin(self, number: int) -> None:
        talk, visitor = self._talks[number], self._visitors[number]
        agent = self._agents[number // self._task.talks_per_agent]
        visitor.starting = talk.holdings["visitor"]
        visitor.come()
        ref = visitor.next_ref()
        self._say(talk, "visitor", visitor, ref, {"start": fresh_id()}, due=None)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._started[talk].wait()
        except TimeoutError:
            raise TimeoutError(f"a conversation did not begin: {visitor}; {self.tally}") from None
        agent.open(talk.holdings["agent"])

    # --- what they do

    async def perform(self, deeds: Sequence[Deed], tell: Callable[[], None]) -> None:
        """Do everything at its time, or as soon after it as this process can; ``tell`` is called now and then."""
        begin = _now()
        loop = asyncio.get_running_loop()
        pinging = asyncio.create_task(self._ping())
        for count, deed in enumerate(deeds):
            due = begin + deed.at
            wait = due - _now()
            if wait > 0:
                await asyncio.sleep(wait)
            elif count % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            self.lag.add(max(0.0, loop.time() - due))
            self._do(deed, due)
            tell()
        await asyncio.sleep(max(0.0, begin + self._task.seconds - _now()))
        await self._until_quiet(_SETTLE_SECONDS)
        pinging.cancel()
        self.tally.lost = sum(talk.missing for talk in self._talks)

    def leave(self) -> None:
        """Drop all lines."""
        for line in (*self._visitors, *self._agents):
            line.leave()

    def _do(self, deed: Deed, due: float) -> None:
        talk, visitor = self._talks[deed.talk], self._visitors[deed.talk]
        agent = self._agents[deed.talk // self._task.talks_per_agent]
        channel = talk.holdings["agent"].channel
        match deed.kind:
            case "visitor_says":
                self._say(talk, "visitor", visitor, visitor.next_ref(), {"channel": channel}, due=due)
            case "agent_says":
                known = {"channel": channel}
                self._say(talk, "agent", agent, agent.next_ref(), known, due=due, is_measured=deed.is_measured)
            case "visitor_types":
                visitor.say({"t": "typing", "channel": channel, "on": True})
            case "agent_types":
                agent.say({"t": "typing", "channel": channel, "on": True})
            case "leave":
                visitor.leave()
            case "return":
                self._return_due[talk] = due
                visitor.come()

    def _say(
        self,
        talk: Talk,
        side: Side,
        line: Line,
        ref: int,
        place: dict[str, str],
        *,
        due: float | None,
        is_measured: bool = True,
    ) -> None:
        number = talk.sent[side]
        talk.sent[side] += 1
        self.tally.sent += 1
        if due is not None and is_measured:
            talk.due[side, number] = due
        frame = {"t": "send", "ref": ref, "client_id": fresh_id(), "body": body_of(side, number), **place}
        line.send(ref, Outgoing(text_frame(orjson.dumps(frame)), due))

    async def _ping(self) -> None:
        """Every line says now and then that its page is alive."""
        lines = [*self._visitors, *self._agents]
        while True:
            for line in lines:
                await asyncio.sleep(_PING_SECONDS / len(lines))
                line.say({"t": "ping"})

    async def _until_quiet(self, seconds: float) -> None:
        """Wait until everything is acknowledged and delivered, at most so long."""
        end = _now() + seconds
        # What it waits for comes over thousands of lines: looking now and then costs less than being told each time.
        while _now() < end and not all(talk.is_quiet for talk in self._talks):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _nothing() -> None:
    """Nobody measures how an agent comes back."""
