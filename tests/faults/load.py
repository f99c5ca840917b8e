"""Chats that go on while things break: both sides talk, and tell what they have seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.faults.talker import Reader, Talker, reached, watch

if TYPE_CHECKING:
    from tests.clients.socket import SocketClient
    from tests.clients.state import ChannelState
    from tests.faults.stage import Stage


class Chat(NamedTuple):
    """A visitor and an agent who talk with each other."""

    visitor: SocketClient
    agent: SocketClient
    own: ChannelState
    """The conversation as the visitor has it."""
    seen: ChannelState
    """As the agent has it."""
    talkers: tuple[Talker, Talker]
    readers: tuple[Reader, Reader]


class Load:
    """Chats of one stage.

    Args:
        stage: whose clients they are.
        pause: seconds between two messages of one talker.
    """

    def __init__(self, stage: Stage, *, pause: float = 0.03) -> None:
        self._stage = stage
        self._pause = pause
        self.chats: list[Chat] = []

    async def begin(self, for_visitors: str, for_agents: str, count: int = 3) -> None:
        """Let so many chats begin; each visitor and each agent has a socket of their own."""
        for _ in range(count):
            visitor, agent = await self._stage.visitor(for_visitors), await self._stage.agent(for_agents)
            asking = Talker(visitor, pause=self._pause)
            seen = await watch(agent, asking)
            answering = Talker(agent, seen.name, pause=self._pause)
            own = visitor.state.channels[seen.name]
            readers = Reader(visitor, own), Reader(agent, seen)
            self.chats.append(Chat(visitor, agent, own, seen, (asking, answering), readers))

    @property
    def talkers(self) -> list[Talker]:
        """Everybody who talks."""
        return [talker for chat in self.chats for talker in chat.talkers]

    async def runs(self, messages: int = 20) -> None:
        """Wait until everybody wrote so many more, and the other side holds as many that were written from now on."""
        times = self._stage.times
        marks = [(talker, len(talker.written)) for talker in self.talkers]
        await times.until(
            lambda: all(
                sum(name in times.held for name in talker.written[start:]) >= messages for talker, start in marks
            )
        )

    async def recovered(self, moment: float) -> list[float]:
        """Wait until for every talker things went again after ``moment``; how long each waited, ms."""
        times = self._stage.times

        def waits() -> list[float | None]:
            return [times.recovered_ms(moment, talker.written) for talker in self.talkers]

        await times.until(lambda: None not in waits())
        return [wait for wait in waits() if wait is not None]

    async def end(self) -> None:
        """Let everybody finish, come to the same lists, and see that the other side has seen all."""
        for chat in self.chats:
            for talker in chat.talkers:
                await talker.stop()
        for chat in self.chats:
            acks = [*chat.visitor.state.acks.values(), *chat.agent.state.acks.values()]
            last = max(ack["seq"] for ack in acks)
            await reached(chat.visitor, chat.own, last)
            await reached(chat.agent, chat.seen, last)
            await _seen(chat.visitor, chat.own, "agents", last)
            await _seen(chat.agent, chat.seen, "visitor", last)
        for chat in self.chats:
            for reader in chat.readers:
                await reader.stop()


async def _seen(client: SocketClient, channel: ChannelState, side: str, seq: int) -> None:
    await client.until(lambda: channel.marks[side]["seen"] >= seq)
