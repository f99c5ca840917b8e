"""What answers on the control socket: verbs, and a conversation as it happens."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.clients.state import fresh_id
from tests.serving import Served, begin, command
from widget_server.app import create_control
from widget_server.protocol.answers import SERVER_FRAME
from widget_server.routes import control

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import ClientResponse

Control = TestClient[Any, Any]


@pytest.fixture
async def line(served: Served) -> AsyncGenerator[Control]:
    async with TestClient(TestServer(create_control(served.app))) as line:
        yield line


async def frame_of(response: ClientResponse) -> dict[str, Any]:
    text = await asyncio.wait_for(response.content.readline(), 30)
    SERVER_FRAME.validate_json(text)
    frame = json.loads(text)
    assert isinstance(frame, dict)
    return frame


async def test_s1_08_a_conversation_is_told_as_it_happens(served: Served, line: Control) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        await console.show(name)
        async with line.get(f"/follow/{name}") as response:
            assert [(await frame_of(response))["t"] for _ in range(3)] == ["head", "messages", "synced"]
            await console.deliver("an answer", name)
            event = await frame_of(response)
            assert [message["body"] for message in event["messages"]] == ["an answer"]
            await visitor.say(visitor.state.receipt(name))
            marks = await frame_of(response)
            assert (marks["t"], marks["visitor"]["delivered"]) == ("marks", 2)
            await command(console, "status", channel=name, status="resolved")
            event = await frame_of(response)
            assert event["head"]["status"] == "resolved"
            assert console.state.presence == []


async def test_following_what_is_not_there_is_told_plainly(line: Control) -> None:
    for name in (fresh_id(), "x", "%00"):
        response = await line.get(f"/follow/{name}")
        assert response.status == 404
        assert (await response.json())["error"]["name"] == "not_found"


async def test_a_terminal_that_does_not_keep_up_is_told_to_begin_again(
    served: Served, line: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_WAITING_MAX", 3)
    async with served.visitor() as visitor:
        name = await begin(visitor)
        async with line.get(f"/follow/{name}") as response:
            for _ in range(3):
                await frame_of(response)
            (follower,) = [
                each for each in served.engine.switchboard.listeners(name) if isinstance(each, control._Follower)
            ]
            for _ in range(10):
                follower.on_ephemeral(name, b'{"t":"pong"}')
            rest = [each for each in (await response.content.read()).splitlines() if each]
            assert len(rest) < 10
            assert not any(isinstance(each, control._Follower) for each in served.engine.switchboard.listeners(name))


async def test_a_gap_of_the_node_ends_the_stream(served: Served, line: Control) -> None:
    async with served.visitor() as visitor:
        name = await begin(visitor)
        async with line.get(f"/follow/{name}") as response:
            for _ in range(3):
                await frame_of(response)
            for each in served.engine.switchboard.listeners(name):
                if isinstance(each, control._Follower):
                    each.on_gap(name)
            assert await response.content.read() == b""


async def test_a_verb_answers_or_refuses_in_the_one_shape(line: Control) -> None:
    assert (await line.post("/verbs/dance", data=b"{}")).status == 404
    site = {"name": "Third", "origins": ["https://third.test"]}
    made = await (await line.post("/verbs/create-site", data=json.dumps(site))).json()
    assert "error" not in made
    refused = await (await line.post("/verbs/create-site", data=json.dumps({**site, "origins": ["x"]}))).json()
    assert refused["error"]["name"] == "bad_origin"
