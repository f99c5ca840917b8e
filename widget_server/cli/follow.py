"""`widget-server follow`: a conversation in a terminal, as it happens."""

from __future__ import annotations

import asyncio
import unicodedata
from contextlib import suppress
from datetime import datetime
from typing import Any

import aiohttp
import click
import orjson

from widget_server.cli.control import asking, read_answer
from widget_server.settings import Settings, load_settings

_Frame = dict[str, Any]


@click.command()
@click.argument("conversation")
def follow(conversation: str) -> None:
    """Print a conversation's messages and status changes as they happen.

    CONVERSATION is its name, the last part of the console's address when it is open there. The server must be running.
    Ctrl-C ends it.
    """
    asyncio.run(_follow(load_settings(), conversation))


async def _follow(settings: Settings, conversation: str) -> None:
    transcript = Transcript()
    async with asking(settings) as server, server.get(f"/follow/{conversation}") as response:
        if response.status != 200:
            await read_answer(response)
        # A server that stops cuts the stream; that is an end like any other.
        with suppress(aiohttp.ClientPayloadError):
            async for line in response.content:
                for told in transcript.read(orjson.loads(line)):
                    click.echo(told)
    click.echo("The server stopped.", err=True)


class Transcript:
    """What has been printed of a conversation; turns frames into the lines that are new."""

    def __init__(self) -> None:
        self._shown: dict[int, int] = {}
        self._status: str | None = None

    def read(self, frame: _Frame) -> list[str]:
        """Return the lines that a frame adds; a repeat adds none."""
        lines = [line for message in frame.get("messages", []) for line in self._read_message(message)]
        status = (frame.get("head") or {}).get("status")
        if status is not None and status != self._status:
            self._status = status
            lines.append(f"         -- {status}")
        return lines

    def _read_message(self, message: _Frame) -> list[str]:
        known = self._shown.get(message["seq"])
        if known is not None and known >= message["version"]:
            return []
        self._shown[message["seq"]] = message["version"]
        who = message["author"]["name"] or "Visitor"
        if message.get("removed"):
            return [f"{_local_time(message['at'])} {_plain(who)} removed #{message['seq']}"]
        mark = f" (edited #{message['seq']})" if message.get("revision") else ""
        first, *rest = message["body"].split("\n")
        return [
            f"{_local_time(message['at'])} {_plain(who)}{mark}: {_plain(first)}",
            *(f"         {_plain(line)}" for line in rest),
        ]


def _local_time(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S")


def _plain(text: str) -> str:
    """Return text that cannot steer a terminal: control and format characters are replaced."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in {"Cc", "Cf"} else char for char in text)
