"""What is no request is answered in the one shape of errors, and nothing of it is told or kept."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from widget_server.ops.unread import answer_unread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

UNREADABLE = {
    "another protocol": b"\x16\x03\x01t0ps3cret\r\n\r\n",
    "a line that is none": b"t0ps3cret\r\n\r\n",
    "a header that is none": b"GET / HTTP/1.1\r\nHost: a\r\nt0ps3cret\r\n\r\n",
    "a line that is too long": b"GET /" + b"t0ps3cret" * 1000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header that is too large": b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"t0ps3cret" * 1000 + b"\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: t0ps3cret\r\n\r\n",
}


@pytest.fixture
async def port() -> AsyncGenerator[int]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="read")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    answer_unread(runner)
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    yield listener.getsockname()[1]
    await runner.cleanup()


async def send(port: int, data: bytes) -> tuple[bytes, bytes]:
    """Return head and body of what is answered, up to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return head, body


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_s45_what_cannot_be_read_is_an_error_like_every_other(
    port: int, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    head, body = await send(port, UNREADABLE[kind])
    error = json.loads(body)["error"]
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert error["name"] == "bad_request"
    assert f"X-Request-Id: {error['request']}".encode() in head
    assert b"t0ps3cret" not in head + body
    told = [record for record in caplog.records if record.getMessage() == "Not a request."]
    assert [vars(record)["request"] for record in told] == [error["request"]]
    assert "t0ps3cret" not in "".join(str(vars(record)) for record in caplog.records)


async def test_what_can_be_read_is_answered_as_before(port: int) -> None:
    head, body = await send(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (head.splitlines()[0], body) == (b"HTTP/1.1 200 OK", b"read")


async def test_a_runner_that_is_not_set_up_is_refused() -> None:
    with pytest.raises(RuntimeError):
        answer_unread(web.AppRunner(web.Application()))
