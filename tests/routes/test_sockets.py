"""What passes between people who are connected: typing, presence, marks, the team's state, and the end of rights."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.state import fresh_id
from tests.serving import SHOP, Served, begin, command, follow
from widget_server.actions import greeting
from widget_server.actions.sessions import do_end_session
from widget_server.actions.sites import access_public_site, do_update_site
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role
from widget_server.protocol.codes import CloseCode
from widget_server.workers import team

if TYPE_CHECKING:
    from tests.clients.socket import SocketClient

pytestmark = pytest.mark.everywhere

OPERATOR = Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))


def typing_of(client: SocketClient, channel: str) -> list[tuple[bool, str | None]]:
    return [(frame["on"], frame.get("draft")) for frame in client.state.typing if frame["channel"] == channel]


async def type_in(client: SocketClient, channel: str, **fields: Any) -> None:
    await client.say({"t": "typing", "channel": channel, **fields})


async def test_s1_03_g08_typing_shows_on_the_other_side_and_clears_and_is_never_stored(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        await served.heard(*await follow(console, name))
        await type_in(visitor, name, on=True, draft="not yet")
        await console.until(lambda: typing_of(console, name) == [(True, None)])
        await type_in(visitor, name, on=False)
        await console.until(lambda: typing_of(console, name)[-1] == (False, None))
        await type_in(console, name, on=True)
        await visitor.until(lambda: typing_of(visitor, name) == [(True, None)])
        assert console.state.typing[0]["person"]["role"] == "visitor"
        assert visitor.state.typing[0]["person"] == console.state.person
        channel = visitor.state.channels[name]
        assert (channel.version, channel.last) == (1, 1)


async def test_s1_03_a_line_that_breaks_while_somebody_types_clears_it(served: Served) -> None:
    async with served.console(await served.staff("Grace")) as console:
        async with served.visitor() as visitor:
            name = await begin(visitor)
            await served.heard(*await follow(console, name))
            await type_in(visitor, name, on=True)
            await console.until(lambda: typing_of(console, name) == [(True, None)])
        await console.until(lambda: typing_of(console, name)[-1] == (False, None))


async def test_a_draft_is_shown_to_the_staff_alone_and_only_where_the_site_says_so(served: Served) -> None:
    database = served.engine.database
    site = await access_public_site(database, SHOP)
    await do_update_site(database, OPERATOR, site.key, {"draft_preview": True}, now_ms=served.clock.now_ms())
    served.clock.ahead_ms += 2_000
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        assert (visitor.state.welcome or {})["site"]["draft_preview"] is True
        name = await begin(visitor)
        _, staff = await follow(console, name)
        await served.heard(name, staff)
        await type_in(visitor, name, on=True, draft="not yet")
        await console.until(lambda: typing_of(console, staff) == [(True, "not yet")])
        assert typing_of(console, name) == [(True, None)]
        await type_in(visitor, name, on=False)
        await console.until(lambda: typing_of(console, name)[-1] == (False, None))


def seen_on(console: SocketClient, staff: str) -> tuple[list[str], bool]:
    """Who has it open, and whether the visitor is there, as last told."""
    frames = [frame for frame in console.state.presence if frame["channel"] == staff]
    if not frames:
        return [], False
    return [viewer["name"] for viewer in frames[-1]["viewers"]], frames[-1]["visitor_online"]


async def test_presence_tells_who_has_it_open_and_whether_the_visitor_is_there(served: Served) -> None:
    ada, grace = await served.staff("Ada"), await served.staff("Grace")
    async with served.visitor() as visitor, served.console(ada) as console:
        name = await begin(visitor)
        _, staff = await follow(console, name)
        await console.until(lambda: seen_on(console, staff) == (["Ada"], True))
        async with served.console(grace) as other, served.console(grace) as second_tab:
            await follow(other, name)
            await follow(second_tab, name)
            await console.until(lambda: seen_on(console, staff) == (["Ada", "Grace"], True))
            await other.until(lambda: seen_on(other, staff) == (["Ada", "Grace"], True))
            await second_tab.leave()
            await other.say({"t": "close", "channel": staff})
            await console.until(lambda: seen_on(console, staff) == (["Ada"], True))
        await visitor.leave()
        await console.until(lambda: seen_on(console, staff) == (["Ada"], False))


async def test_a_page_without_a_sign_of_life_is_not_here_until_it_gives_one(served: Served) -> None:
    ada, grace = await served.staff("Ada"), await served.staff("Grace")
    async with served.visitor() as visitor, served.console(ada) as console, served.console(grace) as other:
        name = await begin(visitor)
        _, staff = await follow(console, name)
        await follow(other, name)
        await console.until(lambda: seen_on(console, staff) == (["Ada", "Grace"], True))
        served.clock.ahead_ms += 46_000
        await console.say({"t": "ping"})
        await console.until(lambda: seen_on(console, staff) == (["Ada"], False))
        await visitor.say({"t": "ping"})
        await console.until(lambda: seen_on(console, staff) == (["Ada"], True))


async def test_s1_04_sent_becomes_delivered_and_then_seen_on_the_senders_side(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        await follow(console, name)
        marks = visitor.state.channels[name].marks
        assert marks["agents"] == {"delivered": 0, "seen": 0}
        await console.say(console.state.receipt(name))
        await visitor.until(lambda: marks["agents"] == {"delivered": 1, "seen": 0})
        await console.say(console.state.receipt(name, seen=True))
        await visitor.until(lambda: marks["agents"] == {"delivered": 1, "seen": 1})
        await console.say({**console.state.receipt(name), "delivered": 0})
        await console.deliver("answer", name)
        await visitor.until(lambda: marks["agents"] == {"delivered": 2, "seen": 2})
        assert visitor.state.violations == []


async def test_s1_05_nobody_but_the_other_side_makes_a_message_seen(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        await follow(console, name)
        await visitor.say(visitor.state.receipt(name, seen=True))
        await visitor.deliver("again", name)
        await console.until(lambda: console.state.channels[name].last == 2)
        assert console.state.channels[name].marks["agents"] == {"delivered": 0, "seen": 0}


async def test_s1_07_a_new_message_is_pushed_without_being_asked_for(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        await command(console, "inbox", view={"status": "open", "who": "all"})
        name = await begin(visitor)
        await console.until(lambda: console.state.rows.get(name, {}).get("unread") == 1)
        await console.show(name)
        await visitor.deliver("more", name)
        await console.until(lambda: console.state.channels[name].last == 2)
        await console.until(lambda: console.state.rows[name]["preview"] == "more")


async def test_s1_10_a_correction_is_marked_as_edited_and_history_pages_backwards(served: Served) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor, "0")
        for n in range(1, 120):
            await visitor.deliver(f"{n}", name)
        await command(visitor, "edit", channel=name, seq=3, revision=1, body="two")
        shown = await console.show(name)
        assert (shown.first, shown.last) == (71, 120)
        page = await command(console, "history", channel=name, before=shown.first)
        assert (page["messages"][0]["seq"], page["messages"][-1]["seq"], page["more"]) == (21, 70, True)
        page = await command(console, "history", channel=name, before=21, limit=200)
        assert ([message["seq"] for message in page["messages"]], page["more"]) == (list(range(1, 21)), False)
        assert (page["messages"][2]["body"], page["messages"][2]["revision"]) == ("two", 1)


async def test_a_widget_is_told_when_the_team_comes_and_goes(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "EVERY_S", 0.05)
    monkeypatch.setattr(greeting, "KEPT_MS", 0)
    grace = await served.staff("Grace")
    async with served.visitor() as visitor:
        assert (visitor.state.welcome or {})["site"]["state"] == "away"
        sites: list[dict[str, Any]] = []
        take = visitor.state.receive

        def receive(frame: dict[str, Any]) -> Any:
            if frame["t"] == "site":
                sites.append(frame["site"])
            return take(frame)

        visitor.state.receive = receive  # type: ignore[method-assign]  # to hear what the client does not keep
        async with served.console(grace) as console:
            await visitor.until(lambda: bool(sites) and sites[-1]["state"] == "online")
            assert [agent["name"] for agent in sites[-1]["agents"]] == ["Grace"]
            assert (await command(console, "availability", state="away"))["t"] == "done"
            await visitor.until(lambda: sites[-1]["state"] == "away")
            await command(console, "availability", state="online")
            await visitor.until(lambda: sites[-1]["state"] == "online")
        await visitor.until(lambda: sites[-1]["state"] == "away")


async def test_the_end_of_a_session_closes_its_sockets_and_no_other(served: Served) -> None:
    ada, grace = await served.staff("Ada"), await served.staff("Grace")
    async with served.console(ada) as console, served.console(grace) as other:
        token = ada.cookie.partition("=")[2]
        await do_end_session(served.engine.database, token, served.clock.now_ms())
        await console.until(lambda: bool(console.closes))
        assert console.closes == [(CloseCode.SIGNED_OUT, "")]
        assert other.closes == []


async def test_s07_a_session_that_expires_closes_its_sockets(served: Served) -> None:
    ada = await served.staff("Ada")
    async with served.console(ada) as console:
        served.clock.ahead_ms += 15 * 86_400_000
        served.engine.on_people({ada.person_id})
        await console.until(lambda: bool(console.closes))
        assert console.closes == [(CloseCode.SIGNED_OUT, "")]


@pytest.mark.parametrize("count", [1, 3])
async def test_several_channels_resume_with_the_hello(served: Served, count: int) -> None:
    async with served.console(await served.staff("Grace")) as console, AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(served.visitor()) for _ in range(count)]
        names = [await begin(visitor) for visitor in visitors]
        for name in names:
            await console.show(name)
        await console.leave()
        for visitor, name in zip(visitors, names, strict=True):
            await visitor.deliver("meanwhile", name)
        console.connect()
        await console.until(lambda: all(console.state.channels[name].last == 2 for name in names))
        assert console.state.violations == []
        assert [console.state.channels[name].holes_met for name in names] == [0] * count
        await console.leave()


async def test_a_channel_closed_while_it_is_read_stays_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    may_read = asyncio.Event()
    read = served.engine.database.read

    async def held(fn: Any) -> Any:
        await may_read.wait()
        return await read(fn)

    async with served.visitor() as visitor:
        monkeypatch.setattr(served.engine.database, "read", held)
        await visitor.deliver("Hello")
        name = visitor.state.channel_of_start
        assert name is not None
        await visitor.say(
            {"t": "close", "channel": name}, {"t": "ping"}, {"t": "open", "ref": 99, "channel": fresh_id()}
        )
        may_read.set()
        await visitor.until(lambda: 99 in visitor.state.answers)
        assert served.engine.switchboard.listeners(name) == []
        async with served.console(await served.staff("Grace")) as console:
            _, staff = await follow(console, name)
            await console.until(lambda: seen_on(console, staff) == (["Grace"], False))
