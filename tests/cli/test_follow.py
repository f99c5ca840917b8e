"""A conversation in a terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.clients.installation import OWN_ORIGIN, SITE_KEY, SITE_ORIGIN, make_installation
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from widget_server.app import create_app, create_control
from widget_server.cli.follow import Transcript
from widget_server.ops.start import Listeners
from widget_server.settings import Settings


def message(seq: int, body: str, **changes: Any) -> dict[str, Any]:
    """A message as it goes on the wire."""
    plain = {
        "seq": seq,
        "version": seq,
        "revision": 0,
        "removed": False,
        "author": {"name": "Ada"},
        "at": "2026-11-20T12:00:00.000Z",
        "body": body,
    }
    return plain | changes


def texts(lines: list[str]) -> list[str]:
    """Without the local time in front."""
    return [line[9:] for line in lines]


def test_a_message_is_printed_once_and_again_when_it_changes() -> None:
    transcript = Transcript()
    assert texts(transcript.read({"t": "messages", "messages": [message(1, "Hi")]})) == ["Ada: Hi"]
    assert transcript.read({"t": "event", "messages": [message(1, "Hi")]}) == []
    edited = message(1, "Hello", version=2, revision=1)
    assert texts(transcript.read({"t": "event", "messages": [edited]})) == ["Ada (edited #1): Hello"]
    removed = message(1, "", version=3, removed=True)
    assert texts(transcript.read({"t": "event", "messages": [removed]})) == ["Ada removed #1"]


def test_a_status_is_printed_when_it_changes() -> None:
    transcript = Transcript()
    head = {"kind": "conversation", "status": "open"}
    assert texts(transcript.read({"t": "head", "head": head})) == ["-- open"]
    assert transcript.read({"t": "event", "messages": [], "head": head}) == []
    assert texts(transcript.read({"t": "event", "messages": [], "head": head | {"status": "resolved"}})) == [
        "-- resolved"
    ]


def test_lines_of_a_message_stay_together_and_cannot_steer_the_terminal() -> None:
    lines = Transcript().read({"t": "event", "messages": [message(1, "one\n\x1b[2Jtwo\u202e")]})
    assert texts(lines) == ["Ada: one", "\N{REPLACEMENT CHARACTER}[2Jtwo\N{REPLACEMENT CHARACTER}"]


async def start_following(data_dir: Path, channel: str) -> asyncio.subprocess.Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WIDGET_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "widget_server", "follow", channel),
        env=kept | {"WIDGET_DATA_DIR": str(data_dir)},
        cwd=data_dir,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_s1_02_a_terminal_shows_a_conversation_as_it_happens(tmp_path: Path) -> None:
    installation = await make_installation(tmp_path)
    settings = Settings(mode="testing", data_dir=tmp_path, port=0, internal_port=0, public_url=OWN_ORIGIN)
    app = create_app(settings)
    listeners = Listeners(app, create_control(app), settings)
    try:
        await listeners.open()
        url = f"http://127.0.0.1:{listeners.port}/ws/{SITE_KEY}"
        async with (
            aiohttp.ClientSession() as session,
            SocketClient(session, url, SITE_ORIGIN, ClientState("visitor")) as visitor,
        ):
            ack = await visitor.deliver("Is anybody there?")
            terminal = await start_following(installation.data_dir, ack["channel"])
            assert terminal.stdout is not None
            assert b"open" in await terminal.stdout.readline()
            told = await terminal.stdout.readline()
            assert b"Visitor: Is anybody there?" in told
            await visitor.deliver("I will wait")
            assert b"Visitor: I will wait" in await terminal.stdout.readline()
    finally:
        await listeners.close()
    out, err = await terminal.communicate()
    assert (terminal.returncode, out, err) == (0, b"", b"The server stopped.\n")


async def test_following_without_a_server_says_what_to_do(tmp_path: Path) -> None:
    terminal = await start_following(tmp_path, "0199aaaa-0000-7000-8000-000000000000")
    out, err = await terminal.communicate()
    assert (terminal.returncode, out) == (1, b"")
    assert err.startswith(b"widget-server: no server runs on ")
    assert err.count(b"\n") == 1
