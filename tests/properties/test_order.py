"""One order for everybody, and every message once, whatever is lost on the way (G03, G04)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.clients.state import Pending, fresh_id
from tests.serving import SHOP, begin, command, follow, origin_of
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, conversation, identity, message, person

if TYPE_CHECKING:
    from tests.clients.fallback import FallbackClient
    from tests.clients.socket import SocketClient
    from tests.clients.state import ChannelState
    from tests.serving import Served

pytestmark = pytest.mark.everywhere

COUNTS = Statement(
    select(
        select(func.count()).select_from(person).where(person.c.kind == "visitor").scalar_subquery(),
        select(func.count()).select_from(identity).where(identity.c.kind == "visitor_token").scalar_subquery(),
        select(func.count()).select_from(channel).scalar_subquery(),
        select(func.count()).select_from(conversation).scalar_subquery(),
        select(func.count()).select_from(message).scalar_subquery(),
    )
)
ONE_OF_EACH = (1, 1, 2, 1, 1)
"""Person, token, a channel with its staff channel, conversation, message."""


async def counts(served: Served) -> tuple[int, ...]:
    row = await served.engine.database.read(lambda tx: tx.one(COUNTS))
    assert row is not None
    return row


async def test_g04_twenty_writers_and_twenty_readers_see_one_order_without_a_gap(served: Served) -> None:
    staff = await served.staff("Grace")
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(served.visitor())
        name = await begin(first)
        visitors = [await stack.enter_async_context(served.visitor(first.state.token)) for _ in range(20)]
        consoles = [await stack.enter_async_context(served.console(staff)) for _ in range(20)]
        everybody = [*visitors, *consoles]
        await asyncio.gather(*(client.show(name) for client in everybody))
        writers = [*visitors[:10], *consoles[:10]]
        await asyncio.gather(
            *(writer.deliver(f"{who}-{n}", name) for who, writer in enumerate(writers) for n in range(8))
        )
        total = 1 + 8 * len(writers)
        await asyncio.gather(*(holds(client, name, total) for client in everybody))
        lists = [client.state.channels[name].lists() for client in everybody]
        assert [seq for seq, *_ in lists[0]] == list(range(1, total + 1))
        assert all(other == lists[0] for other in lists)
        assert [client.state.violations for client in everybody] == [[]] * len(everybody)
        for who in range(len(writers)):
            own = [body for _, _, body, *_ in lists[0] if body.startswith(f"{who}-")]
            assert own == [f"{who}-{n}" for n in range(8)]


async def holds(client: SocketClient, name: str, last: int) -> None:
    await client.until(lambda: client.state.channels[name].last == last)


async def lost_first_ack(served: Served, body: str) -> tuple[str, Pending]:
    """A first message that is committed, and whose ack nobody reads: the token, and the message as it waits."""
    committed = asyncio.Event()
    tell = served.engine.on_sites

    def hear(sites: set[int]) -> None:
        tell(sites)
        committed.set()

    served.engine.on_sites = hear
    waiting = Pending(fresh_id(), 1, body, None, fresh_id())
    url, headers = f"{served.base}/ws/{SHOP}", {"Origin": origin_of(SHOP)}
    async with served.http.ws_connect(url, headers=headers) as socket:
        await socket.send_json({"t": "hello", "v": 1})
        token = (await socket.receive_json())["token"]
        await socket.send_json(waiting.frame())
        await committed.wait()
    served.engine.on_sites = tell
    return token, waiting


async def send_again(client: SocketClient | FallbackClient, waiting: Pending) -> int:
    """Put the message into the outbox of a client that has just come up; its number."""
    client.state.start = waiting.start
    again = Pending(waiting.client_id, client.state.ref(), waiting.body, None, waiting.start)
    client.state.outbox[again.client_id] = again
    async with client:
        await client.until(lambda: again.ack is not None)
        assert again.ack is not None
        shown = await client.show(again.ack["channel"])
        assert [body for _, _, body, *_ in shown.lists()] == [waiting.body]
    return int(again.ack["seq"])


@pytest.mark.parametrize("way", ["socket", "fallback"])
async def test_a_first_message_whose_ack_was_lost_makes_one_visitor_and_one_conversation(
    served: Served, way: str
) -> None:
    token, waiting = await lost_first_ack(served, "Hello")
    assert await counts(served) == ONE_OF_EACH
    client: SocketClient | FallbackClient = served.visitor(token) if way == "socket" else served.fallback(token)
    assert await send_again(client, waiting) == 1
    assert await counts(served) == ONE_OF_EACH


async def test_a_first_message_posted_twice_makes_one_visitor_and_one_conversation(served: Served) -> None:
    fallback = served.fallback()
    async with fallback:
        pending = await fallback.send("Hello")
        await fallback.until(lambda: pending.ack is not None)
    token = fallback.state.token
    waiting = Pending(pending.client_id, 1, "Hello", None, fallback.state.start)
    assert await send_again(served.visitor(token), waiting) == 1
    assert await counts(served) == ONE_OF_EACH


async def test_a_first_message_sent_from_two_tabs_at_once_makes_one_of_each(served: Served) -> None:
    async with served.visitor() as first:
        token = first.state.token
    waiting = Pending(fresh_id(), 1, "Hello", None, fresh_id())
    tabs: list[SocketClient | FallbackClient] = [served.visitor(token), served.visitor(token), served.fallback(token)]
    assert await asyncio.gather(*(send_again(tab, waiting) for tab in tabs)) == [1, 1, 1]
    assert await counts(served) == ONE_OF_EACH


async def test_ten_messages_sent_before_the_first_ack_arrive_once_and_in_order(served: Served) -> None:
    async with served.visitor() as visitor:
        pending = [await visitor.send(f"{n}") for n in range(10)]
        await visitor.until(lambda: all(each.ack is not None for each in pending))
        name = visitor.state.channel_of_start
        assert name is not None
        await visitor.until(lambda: visitor.state.channels[name].last == 10)
        assert [body for _, _, body, *_ in visitor.state.channels[name].lists()] == [str(n) for n in range(10)]
        assert visitor.state.violations == []
    assert (await counts(served))[:4] == ONE_OF_EACH[:4]


async def test_a_retry_after_an_edit_gives_the_first_ack(served: Served) -> None:
    async with served.visitor() as visitor:
        name = await begin(visitor)
        first = await visitor.deliver("helo", name)
        edit = {"channel": name, "seq": first["seq"], "revision": 1, "body": "hello"}
        assert (await command(visitor, "edit", **edit))["revision"] == 1
        again = await visitor.send("helo", name, first["client_id"])
        await visitor.until(lambda: again.ack is not None)
        assert again.ack is not None
        assert again.ack | {"ref": 0} == first | {"ref": 0}
        assert visitor.state.channels[name].messages[first["seq"]]["body"] == "hello"


async def test_a_status_change_while_away_arrives_with_the_resume(served: Served) -> None:
    staff = await served.staff("Grace")
    async with served.console(staff) as console:
        visitor = served.visitor()
        async with visitor:
            name = await begin(visitor)
        await follow(console, name)
        await command(console, "status", channel=name, status="resolved")
        again: SocketClient | FallbackClient
        for again in (visitor, served.fallback(visitor.state.token)):
            held = again.state.channels[name] = visitor.state.channels[name]
            held.forget_requests()
            await resolved_is_heard(again, held)


async def resolved_is_heard(client: SocketClient | FallbackClient, held: ChannelState) -> None:
    async with client:
        await client.until(lambda: held.is_settled)
    assert held.head is not None
    assert held.head["head"] == {"kind": "conversation", "status": "resolved"}
