"""A conversation in progress between a visitor and two agents, and everything that can be done in it."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from tests.properties.agreement import agree, either_hears, list_of
from tests.serving import SHOP, begin, command, follow, serving
from widget_server.actions.conversations import do_wake
from widget_server.core.times import iso

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from tests.clients.socket import SocketClient
    from tests.engines.backends import Backend
    from tests.serving import Served, Staff

_STATUSES: Final = ("open", "pending", "snoozed", "resolved", "spam")


class Talk:
    """Who takes part, and through which client."""

    def __init__(self, served: Served, visitor: SocketClient, agent: Staff, other: Staff) -> None:
        self.served = served
        self.visitor = visitor
        self.agent = agent
        self.other = other
        self.console: SocketClient
        self.channel = ""
        self.staff = ""
        self._said = 0

    def text(self) -> str:
        """Something new to say."""
        self._said += 1
        return f"text {self._said}"

    def own(self, client: SocketClient, role: str, channel: str) -> dict[str, Any] | None:
        """The newest message that the client may still change."""
        messages = client.state.channels[channel].messages.values()
        mine = [each for each in messages if each["author"]["role"] == role and not each.get("removed")]
        return max(mine, key=lambda message: int(message["seq"]), default=None)

    async def check(self) -> None:
        """Everybody's picture is the one that a newcomer gets."""
        served = self.served
        async with served.visitor(self.visitor.state.token) as anew:
            await agree(self.visitor, anew, self.channel)
            assert self.visitor.state.channels[self.channel].staff is None
        async with served.console(self.agent) as anew:
            await agree(self.console, anew, self.channel)
            await agree(self.console, anew, self.staff)
            await self._check_list(anew)

    async def _check_list(self, anew: SocketClient) -> None:
        """A page shows the newest rows only: where there are more, the held list may know others too."""
        pages = [await list_all(anew, status) for status in _STATUSES]
        is_whole = all(page["next"] is None for page in pages)

        def held() -> dict[str, Any]:
            rows = list_of(self.console)
            return rows if is_whole else {name: rows.get(name) for name in list_of(anew)}

        await either_hears(self.console, anew, lambda: held() == list_of(anew))
        assert held() == list_of(anew), (held(), list_of(anew))


async def list_all(console: SocketClient, status: str = "open") -> dict[str, Any]:
    """The first page of all conversations of a status; from then on the console hears of changed rows."""
    return await command(console, "inbox", view={"status": status, "who": "all"}, limit=100)


@asynccontextmanager
async def talking(data_dir: Path, backend: Backend) -> AsyncGenerator[Talk]:
    """A visitor who has said hello, and an agent who has it open."""
    async with serving(data_dir, backend) as served, AsyncExitStack() as stack:
        agent, other = await served.staff("Grace"), await served.staff("Linus", SHOP)
        talk = Talk(served, await stack.enter_async_context(served.visitor()), agent, other)
        talk.console = await stack.enter_async_context(served.console(agent))
        await list_all(talk.console)
        talk.channel = await begin(talk.visitor)
        _, talk.staff = await follow(talk.console, talk.channel)
        yield talk


async def visitor_writes(talk: Talk) -> None:
    await talk.visitor.deliver(talk.text(), talk.channel)


async def agent_writes(talk: Talk) -> None:
    await talk.console.deliver(talk.text(), talk.channel)


async def agent_notes(talk: Talk) -> None:
    await talk.console.deliver(talk.text(), talk.staff)


async def _edit(talk: Talk, client: SocketClient, role: str, channel: str) -> None:
    message = talk.own(client, role, channel)
    if message is not None:
        revision = message.get("revision", 0) + 1
        await command(client, "edit", channel=channel, seq=message["seq"], revision=revision, body=talk.text())


async def _remove(talk: Talk, client: SocketClient, role: str, channel: str) -> None:
    message = talk.own(client, role, channel)
    if message is not None:
        await command(client, "remove", channel=channel, seq=message["seq"])


async def visitor_edits(talk: Talk) -> None:
    await _edit(talk, talk.visitor, "visitor", talk.channel)


async def visitor_removes(talk: Talk) -> None:
    await _remove(talk, talk.visitor, "visitor", talk.channel)


async def agent_edits(talk: Talk) -> None:
    await _edit(talk, talk.console, "agent", talk.channel)


async def agent_removes_a_note(talk: Talk) -> None:
    await _remove(talk, talk.console, "agent", talk.staff)


async def visitor_sees(talk: Talk) -> None:
    await talk.visitor.say(talk.visitor.state.receipt(talk.channel, seen=True))


async def agent_holds(talk: Talk) -> None:
    await talk.console.say(talk.console.state.receipt(talk.channel))


async def agent_sees(talk: Talk) -> None:
    await talk.console.say(talk.console.state.receipt(talk.channel, seen=True))


async def visitor_tells_a_name(talk: Talk) -> None:
    attributes = {"visits": talk._said, "plan": "pro"}
    await command(talk.visitor, "contact", name="Ada", mail="ada@example.com", attributes=attributes)


async def visitor_goes_on(talk: Talk) -> None:
    page = f"https://shop.test/{talk.text().replace(' ', '-')}"
    await talk.visitor.say({"t": "context", "context": {"page": page}})
    await talk.visitor.ask({"t": "history", "ref": talk.visitor.state.ref(), "channel": talk.channel, "before": 1})


async def visitor_returns(talk: Talk) -> None:
    talk.visitor.cut()
    await talk.visitor.resumed()


async def agent_returns(talk: Talk) -> None:
    talk.console.cut()
    await talk.console.resumed()


async def assigned(talk: Talk) -> None:
    await command(talk.console, "assign", channel=talk.channel, assignee=talk.other.id)


async def unassigned(talk: Talk) -> None:
    await command(talk.console, "assign", channel=talk.channel, assignee=None)


async def _set_status(talk: Talk, status: str, **more: Any) -> None:
    await command(talk.console, "status", channel=talk.channel, status=status, **more)


async def resolved(talk: Talk) -> None:
    await _set_status(talk, "resolved")


async def opened(talk: Talk) -> None:
    await _set_status(talk, "open")


async def pending(talk: Talk) -> None:
    await _set_status(talk, "pending")


async def marked_as_spam(talk: Talk) -> None:
    await _set_status(talk, "spam")


async def snoozed(talk: Talk) -> None:
    await _set_status(talk, "snoozed", until=iso(talk.served.clock.now_ms() + 60_000))


async def snooze_ends(talk: Talk) -> None:
    talk.served.clock.ahead_ms += 61_000
    await do_wake(talk.served.engine)


async def second_conversation(talk: Talk) -> None:
    async with talk.served.visitor() as stranger:
        await begin(stranger, "Another one")


DEEDS: Final[dict[str, Callable[[Talk], Awaitable[None]]]] = {
    deed.__name__: deed
    for deed in (
        visitor_writes,
        agent_writes,
        agent_notes,
        visitor_edits,
        visitor_removes,
        agent_edits,
        agent_removes_a_note,
        visitor_sees,
        agent_holds,
        agent_sees,
        visitor_tells_a_name,
        visitor_goes_on,
        visitor_returns,
        agent_returns,
        assigned,
        unassigned,
        resolved,
        opened,
        pending,
        marked_as_spam,
        snoozed,
        snooze_ends,
        second_conversation,
    )
}
