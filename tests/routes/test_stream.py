"""The HTTP fallback: the session's rules over a stream down and posts up."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.state import fresh_id
from tests.serving import OWN_ORIGIN, SHOP, Served, begin, command, follow, origin_of, serving
from widget_server.app import NODE
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientResponse

    from tests.clients.fallback import FallbackClient
    from tests.clients.socket import SocketClient
    from tests.engines.backends import Backend

pytestmark = pytest.mark.everywhere

HEADERS = {"Origin": origin_of(SHOP), "Content-Type": "application/json"}


async def line_of(response: ClientResponse) -> bytes:
    return await asyncio.wait_for(response.content.readline(), 30)


async def test_both_sides_talk_without_a_websocket(served: Served) -> None:
    staff = await served.staff("Grace")
    async with served.fallback() as visitor, served.console_fallback(staff) as console:
        name = await begin(visitor)
        await served.heard(*await follow(console, name))
        await console.deliver("an answer", name)
        await visitor.until(lambda: visitor.state.channels[name].last == 2)
        await visitor.say(visitor.state.receipt(name, seen=True))
        await console.until(lambda: console.state.channels[name].marks["visitor"] == {"delivered": 2, "seen": 2})
        await visitor.say({"t": "typing", "channel": name, "on": True})
        await console.until(lambda: [frame["on"] for frame in console.state.typing] == [True])
        edit = {"channel": name, "seq": 1, "revision": 1, "body": "Hello!"}
        assert (await command(visitor, "edit", **edit))["revision"] == 1
        await console.until(lambda: console.state.channels[name].messages[1]["body"] == "Hello!")
        assert visitor.state.violations == console.state.violations == []


async def test_nobody_is_told_that_they_type_themselves(served: Served) -> None:
    """A post comes by another way than the stream, and somebody may have two pages open."""
    staff = await served.staff("Grace")
    async with served.fallback() as visitor, served.console(staff) as console:
        name = await begin(visitor)
        await console.show(name)
        async with served.visitor(visitor.state.token) as second_page:
            await second_page.show(name)
            await served.heard(name)
            await visitor.say({"t": "typing", "channel": name, "on": True})
            await console.until(lambda: [frame["on"] for frame in console.state.typing] == [True])
            await console.deliver("I can see you type", name)
            for page in (visitor, second_page):
                await heard(page, name, 2)
                assert page.state.typing == []


async def heard(client: SocketClient | FallbackClient, name: str, last: int) -> None:
    await client.until(lambda: client.state.channels[name].last == last)


async def test_a_list_follows_over_a_stream(served: Served) -> None:
    staff = await served.staff("Grace")
    async with served.console_fallback(staff) as console:
        console.state.inbox_cursor = 0
        console.end_stream()
        await console.until(lambda: (console.state.inbox_cursor or 0) > 0)
        async with served.visitor() as visitor:
            name = await begin(visitor)
            await console.until(lambda: name in console.state.rows)
            assert console.state.rows[name]["unread"] == 1


async def test_a_stream_shows_a_sign_of_life(tmp_path: Path, backend: Backend) -> None:
    async with serving(tmp_path / "data", backend, heartbeat_seconds=0.02) as served:
        url = f"{served.base}/stream/{SHOP}"
        async with served.http.post(url, data=b'{"t":"hello","v":1}', headers=HEADERS) as response:
            assert response.headers["Content-Type"] == "application/x-ndjson"
            assert response.headers["Access-Control-Allow-Origin"] == origin_of(SHOP)
            assert json.loads(await line_of(response))["t"] == "welcome"
            assert await line_of(response) == b"\n"
            assert await line_of(response) == b"\n"


async def test_the_answers_of_a_post_come_in_its_own_response_by_ref(served: Served) -> None:
    async with served.visitor() as visitor:
        name = await begin(visitor)
        token = visitor.state.token
        client_id = fresh_id()
        frames: list[dict[str, Any]] = [
            {"t": "send", "ref": 1, "client_id": client_id, "channel": name, "body": "posted"},
            {"t": "send", "ref": 2, "client_id": fresh_id(), "channel": name, "body": ""},
            {"t": "history", "ref": 3, "channel": name, "before": 2},
            {"t": "send", "ref": 4, "client_id": client_id, "channel": name, "body": "posted"},
            {"t": "ping"},
        ]
        headers = {**HEADERS, "Authorization": f"bearer {token}"}
        async with served.http.post(
            f"{served.base}/frames/{SHOP}", json={"frames": frames}, headers=headers
        ) as response:
            assert response.status == 200
            answers = (await response.json())["frames"]
        by_ref = {answer.get("ref"): answer for answer in answers}
        assert {ref: answer["t"] for ref, answer in by_ref.items()} == {
            1: "ack", 2: "error", 3: "page", 4: "ack", None: "pong",
        }  # fmt: skip
        assert by_ref[1]["seq"] == by_ref[4]["seq"] == 2
        await visitor.until(lambda: visitor.state.channels[name].last == 2)


async def test_a_message_behind_a_refused_one_of_the_same_post_is_held_back(tmp_path: Path, backend: Backend) -> None:
    async with serving(tmp_path / "data", backend, limit_messages_connection="1/minute") as served:
        async with served.visitor() as visitor:
            name = await begin(visitor)
        frames = [
            {"t": "send", "ref": n, "client_id": fresh_id(), "channel": name, "body": f"{n}"} for n in range(1, 4)
        ]
        headers = {**HEADERS, "Authorization": f"Bearer {visitor.state.token}"}
        async with served.http.post(
            f"{served.base}/frames/{SHOP}", json={"frames": frames}, headers=headers
        ) as response:
            answers = (await response.json())["frames"]
        assert sorted(answer.get("name", answer["t"]) for answer in answers) == ["ack", "held_back", "rate_limited"]


@pytest.mark.parametrize("path", [f"/stream/{SHOP}", f"/frames/{SHOP}"])
async def test_a_browser_may_ask_before_it_posts(served: Served, path: str) -> None:
    headers = {"Origin": origin_of(SHOP), "Access-Control-Request-Method": "POST"}
    async with served.http.options(served.base + path, headers=headers) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == origin_of(SHOP)
        assert "authorization" in response.headers["Access-Control-Allow-Headers"].lower()


async def test_a_consoles_post_needs_our_own_page_and_a_session(served: Served) -> None:
    staff = await served.staff("Grace")
    url = f"{served.base}/frames/console"
    async with staff.http.post(url, json={"frames": [{"t": "ping"}]}, headers={"Origin": OWN_ORIGIN}) as response:
        assert (await response.json())["frames"] == [{"t": "pong"}]


async def test_a_stopping_server_ends_streams_with_a_hint(tmp_path: Path, backend: Backend) -> None:
    async with serving(tmp_path / "data", backend) as served:
        url = f"{served.base}/stream/{SHOP}"
        async with served.http.post(url, data=b'{"t":"hello","v":1}', headers=HEADERS) as response:
            await line_of(response)
            await served.app[NODE].drain()
            last = json.loads(await line_of(response))
            assert (last["t"], last["code"]) == ("closed", CloseCode.RESTART)
            assert 0 <= last["retry_after"] < 5_000
            assert await response.content.read() == b""
