"""Raw requests that no program would write: each gets an answer that is not "our own error", and the server goes on."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import SHOP, make_site

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

REQUESTS = 400
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"]
NAMES = [
    "plum",
    "plum.js",
    "",
    "x" * 300,
    "%00",
    "%ff",
    "..%2f..",
    "%2e%2e",
    "%F0%9F%98%80",
    "'%22<>",
    "plum%0d%0aX:1",
    "-1",
]
TOKEN = "A" * 43
HEADERS = [
    ("Origin", SHOP),
    ("Origin", "\xff\xfe"),
    ("Origin", "https://["),
    ("Origin", "null"),
    ("Host", "[::"),
    ("Host", ""),
    ("Cookie", f"session={TOKEN}"),
    ("Cookie", "session=\xff; form=;;;=,"),
    ("Accept", "text/html"),
    ("Accept-Encoding", "gzip;q=abc,br;q=0,,;"),
    ("Accept-Language", "\xff"),
    ("If-None-Match", "*"),
    ("If-None-Match", '"\xff'),
    ("Range", "bytes=-1"),
    ("X-Forwarded-For", "\xff,,,"),
    ("X-Request-Id", "\xff" * 9),
    ("X-CSRF", "\xff"),
    ("Sec-Fetch-Site", "\xff"),
    ("Authorization", f"Bearer {TOKEN}"),
    ("Authorization", "Bearer \xff"),
    ("Authorization", "Basic"),
    ("Content-Type", "application/json; charset=utf-99"),
    ("Content-Type", "multipart/form-data; boundary="),
    ("Content-Type", "application/x-www-form-urlencoded; charset=\xff"),
    ("Content-Encoding", "gzip"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "\xff"),
    ("Expect", "something"),
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"[" * 3000,
    b"\xff" * 10,
    b'{"t":"hello","v":2}',
    b'{"frames":[{"t":"ping"}]}',
    b'{"frames":[1]}',
    b'{"frames":[{"t":"\\ud800"}]}',
    b'{"name":"\\ud800"}',
    b"csrf=1&email=%ff",
]


def raw_request(chance: random.Random, path: str) -> bytes:
    method = chance.choice(METHODS)
    headers = chance.sample(HEADERS, chance.randint(0, 5))
    body = chance.choice(BODIES) if method in {"POST", "PUT", "DELETE"} else b""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if not any(name == "Host" for name, _ in headers):
        lines.append("Host: localhost:8080")
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.mark.parametrize("seed", [1, 2])
async def test_s45_no_request_is_our_own_error(browser: Browser, seed: int) -> None:
    await make_site(browser, key="plum")
    chance = random.Random(seed)
    addresses = sorted({route.resource.canonical for route in browser.app.router.routes() if route.resource})
    server = browser.client.server
    for _ in range(REQUESTS // 2):
        path = chance.choice(addresses).replace("{id}", "1")
        for field in ("{key}", "{file}"):
            path = path.replace(field, chance.choice(NAMES))
        request = raw_request(chance, path)
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(request)
        answer = await reader.readline()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        status = int(answer.split()[1])
        assert status < 500, (request, answer)
    assert (await browser.open("/livez")).status == 200
