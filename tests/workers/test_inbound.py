"""The listener for answers by mail, on the loop that it has in earnest."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

from widget_server.settings import Settings
from widget_server.workers.inbound import CONNECTIONS_MAX, Inbound

if TYPE_CHECKING:
    from widget_server.actions.inbound_mail import Letterbox

uvloop = pytest.importorskip("uvloop")


def greetings(port: int, connections: int) -> list[bytes]:
    """How each of so many connections at once is greeted."""
    with ExitStack() as held:
        lines = [
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(connections)
        ]
        return [line.recv(100)[:4] for line in lines]


def test_one_connection_too_many_is_turned_away_by_uvloop_too() -> None:
    async def listen() -> list[bytes]:
        settings = Settings(inbound_host="127.0.0.1", inbound_port=0, inbound_domain="reply.test")
        inbound = Inbound(settings, cast("Letterbox", None))
        await inbound.start()
        try:
            return await asyncio.to_thread(greetings, inbound.port, CONNECTIONS_MAX + 2)
        finally:
            await inbound.stop()

    assert uvloop.run(listen()) == [b"220 "] * CONNECTIONS_MAX + [b"421 "] * 2
