"""A site that keeps to itself what its visitors have seen: nobody is told, and they themselves miss nothing (P6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.serving import SHOP, Served, begin, command, follow
from widget_server.actions.resume import present, refill
from widget_server.actions.sites import do_update_site
from widget_server.core.delivery import NOT_TOLD
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role
from widget_server.store.stamps import changes_since

if TYPE_CHECKING:
    from tests.clients.socket import SocketClient

pytestmark = pytest.mark.everywhere

OPERATOR = Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))
VIEW = {"status": "open", "who": "all"}


async def switch(served: Served, *, on: bool) -> None:
    """Move the site's switch."""
    now = served.clock.now_ms()
    await do_update_site(served.engine.database, OPERATOR, SHOP, {"read_receipts": on}, now_ms=now)


def visitors(client: SocketClient, channel: str) -> dict[str, int]:
    """The marks of the visitor's side, as this client knows them."""
    return client.state.channels[channel].marks["visitor"]


async def answered(visitor: SocketClient, console: SocketClient) -> str:
    """A conversation with an answer that the visitor holds and has not seen; its name."""
    name = await begin(visitor)
    await follow(console, name)
    await console.deliver("answer", name)
    await visitor.until(lambda: visitor.state.channels[name].last == 2)
    await visitor.say(visitor.state.receipt(name))
    await console.until(lambda: visitors(console, name)["delivered"] == 2)
    return name


async def row(console: SocketClient, channel: str) -> dict[str, Any]:
    """The conversation in the list of a console that asks for it now."""
    rows = (await command(console, "inbox", view=VIEW))["rows"]
    return next(dict(found) for found in rows if found["channel"] == channel)


async def test_p6_what_a_visitor_has_seen_is_told_to_nobody_else_where_receipts_are_off(served: Served) -> None:
    await switch(served, on=False)
    grace = await served.staff("Grace")
    async with served.visitor() as visitor, served.console(grace) as console:
        name = await answered(visitor, console)
        async with served.visitor(visitor.state.token) as phone:
            await phone.show(name)
            listed = await row(console, name)
            await visitor.say(visitor.state.receipt(name, seen=True))
            await phone.until(lambda: phone.state.channels[name].place == 2)
            assert await row(console, name) == listed, "nor is a row stamped for it"
            await visitor.deliver("the last word", name)
            await console.until(lambda: console.state.channels[name].last == 3)
            await phone.until(lambda: phone.state.channels[name].last == 3)
        async with served.console(grace) as later:
            await later.show(name)
            assert visitors(later, name) == {"delivered": 3}
            assert (later.state.channels[name].head or {}).get("seen") is None
        for client in (visitor, phone, console, later):
            assert client.state.channels[name].seen_told == {"agents"}
            assert client.state.violations == []
        assert console.state.channels[name].place == 0


async def test_p6_neither_another_node_nor_the_pulse_is_told_what_a_visitor_has_seen(served: Served) -> None:
    await switch(served, on=False)
    database = served.engine.database
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        start = await database.read(database.cursor)
        name = await answered(visitor, console)
        await visitor.say(visitor.state.receipt(name, seen=True))
        await visitor.until(lambda: visitor.state.channels[name].place == 2)
        kept = (2, NOT_TOLD, 0, 0)
        assert [marks for _, _, marks in await present(database, [name])] == [kept]
        assert (await changes_since(database, start)).marks == [(name, kept)]
        missed = await refill(database, name, 1)
        assert missed.event is not None
        assert missed.event.marks == kept


async def test_p6_a_visitor_who_comes_back_knows_what_they_have_seen_where_receipts_are_off(served: Served) -> None:
    await switch(served, on=False)
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await answered(visitor, console)
        async with served.visitor(visitor.state.token) as unread:
            assert [own["unread"] for own in (unread.state.welcome or {})["conversations"]] == [1]
        await visitor.say(visitor.state.receipt(name, seen=True))
        await visitor.until(lambda: visitor.state.channels[name].place == 2)
        async with served.visitor(visitor.state.token) as back:
            assert [own["unread"] for own in (back.state.welcome or {})["conversations"]] == [0]
            await back.show(name)
            assert (back.state.channels[name].head or {})["seen"] == back.state.channels[name].place == 2


async def test_p6_the_switch_takes_effect_on_open_lines(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await answered(visitor, console)
        await visitor.say(visitor.state.receipt(name, seen=True))
        await console.until(lambda: visitors(console, name) == {"delivered": 2, "seen": 2})
        await switch(served, on=False)
        for seq in (3, 4):
            await console.deliver("more", name)
            await visitor.until(lambda seq=seq: visitor.state.channels[name].last == seq)  # type: ignore[misc]  # a lambda with a default
            await visitor.say(visitor.state.receipt(name, seen=True))
            await console.until(lambda seq=seq: visitors(console, name) == {"delivered": seq})  # type: ignore[misc]  # a lambda with a default
            await visitor.until(lambda seq=seq: visitor.state.channels[name].place == seq)  # type: ignore[misc]  # a lambda with a default
        await switch(served, on=True)
        await console.deliver("and more", name)
        await visitor.until(lambda: visitor.state.channels[name].last == 5)
        await visitor.say(visitor.state.receipt(name, seen=True))
        await console.until(lambda: visitors(console, name) == {"delivered": 5, "seen": 5})
        assert console.state.violations == visitor.state.violations == []
