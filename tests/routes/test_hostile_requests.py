"""Raw requests that no program would write: each gets an answer that is not "our own error", and the server goes on."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from yarl import URL

from tests.routes.conftest import SHOP, make_agent, make_site
from widget_server.core.errors import Malformed
from widget_server.core.permissions import Role
from widget_server.web.bodies import in_time

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


def part(head: bytes, text: bytes = b"1") -> bytes:
    """A form of one part."""
    return b"--x\r\n" + head + b"\r\n\r\n" + text + b"\r\n--x--\r\n"


FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
FIELD = b'Content-Disposition: form-data; name="csrf"'


@pytest.mark.parametrize(
    ("path", "kind", "packed", "body"),
    [
        ("/sign-in", FORM, "gzip", b"not packed"),
        ("/sign-in", FORM, "deflate", b"not packed"),
        ("/contact/confirm", "application/json", "gzip", b"not packed"),
        ("/console/api/me", "application/json", "gzip", b"not packed"),
        ("/stream/plum", "application/json", "gzip", b"not packed"),
        ("/frames/plum", "application/json", "gzip", b"not packed"),
        ("/sign-in", PARTS, "", part(b"A: " + b"b" * 20_000)),
        ("/sign-in", PARTS, "", part(b"A: b\r\n" * 3_000 + FIELD)),
        ("/sign-in", PARTS, "", part(FIELD + b"\r\nContent-Transfer-Encoding: plum")),
        ("/sign-in", PARTS, "", b"--x\r\n--x\r\n" + FIELD),
    ],
)
async def test_s45_a_body_that_cannot_be_read_is_not_our_own_error(
    browser: Browser, caplog: pytest.LogCaptureFixture, path: str, kind: str, packed: str, body: bytes
) -> None:
    await make_site(browser, key="plum")
    headers = {"Content-Type": kind, "Content-Encoding": packed, "Authorization": f"Bearer {TOKEN}"}
    headers["Origin"] = SHOP if "plum" in path else "http://localhost:8080"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    server = browser.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    start = f"POST {path} HTTP/1.1\r\nHost: localhost:8080\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    writer.write(start.encode() + body)
    answer = await reader.readline()
    writer.close()
    assert 400 <= int(answer.split()[1]) < 500, answer
    assert [line.name for line in caplog.records if line.levelno >= logging.ERROR and line.name[:6] == "widget"] == []


@pytest.mark.parametrize("path", ["/sign-in", "/files", "/inbound/mail", "/nowhere", "/api/v1/me"])
async def test_s45_a_type_whose_parameters_take_long_to_read_is_not_read(browser: Browser, path: str) -> None:
    headers = {"Content-Type": 'text/plain; x="' + ";" * 7_000}
    answer = await browser.client.post(path, data=b"a", headers=headers)
    assert answer.status == 400
    assert "Content-Type" in (await answer.json())["error"]["message"]


async def test_s45_a_body_that_breaks_off_is_not_our_own_error() -> None:
    async def broken() -> bytes:
        raise ConnectionResetError

    with pytest.raises(Malformed):
        await in_time(broken())


@pytest.mark.parametrize(
    "head",
    [
        "Host: localhost\r\nHost: other.example\r\n",
        "Host: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Host: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        "Host: localhost\r\nContent-Length: +5\r\n",
        "Host: localhost\r\nTransfer-Encoding: chunked, plum\r\n",
        "Host: localhost\r\nX-Plum : 1\r\n",
    ],
)
async def test_s41_a_head_that_two_programs_would_read_differently_is_refused_and_the_line_ends(
    browser: Browser, head: str
) -> None:
    server = browser.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        f"POST /sign-in HTTP/1.1\r\n{head}\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    assert answer.split()[1] == b"400"
    # Nothing that stood behind it was taken for a request.
    assert answer.count(b"HTTP/1.") == 1


@pytest.mark.everywhere
async def test_s36_nul_in_an_address_or_a_field_is_not_our_own_error(browser: Browser) -> None:
    await make_site(browser, key="plum")
    await make_agent(browser, role=Role.ADMINISTRATOR)
    await browser.sign_in("ada@example.com")
    csrf = await browser.field("csrf", "/account/tokens")
    fields = dict.fromkeys(("q", "who", "name", "role", "actor", "object", "email", "network", "channel", "id"), "\0")
    answers = {}
    for route in browser.app.router.routes():
        path = re.sub(r"\{[^}]*\}", "%00", route.resource.canonical) if route.resource else "/sign-out"
        if path in {"/sign-out", "/console/sign-out", "/console/api/me"}:
            continue
        address = URL(path, encoded=True)
        if route.method == "GET":
            answers["GET", path] = (await browser.open(str(address.with_query(fields)))).status
        elif route.method == "POST":
            form = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
            client = browser.client
            sent = await client.post(address, data=fields | {"csrf": csrf}, headers=form, allow_redirects=False)
            answers["POST", path] = sent.status
            await browser.call("GET", "/console/api/me")
    assert len(answers) > 80
    assert {where: status for where, status in answers.items() if status >= 500} == {}


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
