"""One event is one line, and a line never carries what it must not."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from widget_server.ops.logging import AccessLogger, configure_logging, log_facts, name_requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.test_utils import TestClient, TestServer
    from pytest_aiohttp import AiohttpClient, AiohttpServer


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    """Give the process's log back to pytest afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_json_line_is_one_object_with_its_facts() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    with log_facts(socket="s-1"):
        logging.getLogger("widget").info("Closed after %d frames.", 3, extra={"code": 1012})
    line = json.loads(stream.getvalue())
    assert line["message"] == "Closed after 3 frames."
    assert (line["socket"], line["code"], line["level"], line["logger"]) == ("s-1", 1012, "info", "widget")
    assert line["time"].endswith("Z")


def test_facts_end_with_their_block() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    with log_facts(request="a"), log_facts(socket="b"):
        pass
    logging.getLogger("widget").info("Later.")
    line = json.loads(stream.getvalue())
    assert "request" not in line
    assert "socket" not in line


@pytest.mark.parametrize("layout", ["text", "json"])
def test_an_event_with_a_traceback_is_still_one_line(layout: str) -> None:
    stream = io.StringIO()
    configure_logging("info", "json" if layout == "json" else "text", stream)
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        logging.getLogger("widget").exception("It failed.")
    assert stream.getvalue().count("\n") == 1
    assert "RuntimeError" in stream.getvalue()


@pytest.mark.parametrize("forged", ["a\nb", "a\rb", "a\x1b[31mb", "a\u2028b", "a\u202eb", "a\x85b"])
def test_what_a_line_carries_cannot_forge_another_line(forged: str) -> None:
    stream = io.StringIO()
    configure_logging("info", "text", stream)
    logging.getLogger("widget").info("Said %s", forged, extra={"who": forged})
    assert stream.getvalue().isprintable() or stream.getvalue()[:-1].isprintable()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure_logging("warning", "text", stream)
    logging.getLogger("widget").info("Nobody reads this.")
    assert stream.getvalue() == ""


async def test_the_access_line_knows_neither_query_nor_headers(
    aiohttp_client: AiohttpClient, aiohttp_server: AiohttpServer
) -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application(middlewares=[name_requests])
    app.router.add_get("/page", answer)
    server: TestServer = await aiohttp_server(app, access_log_class=AccessLogger)
    client: TestClient[web.Request, None] = await aiohttp_client(server)
    response = await client.get("/page?token=t0ps3cret", headers={"Authorization": "Bearer t0ps3cret"})
    assert response.status == 200
    await client.close()
    assert "t0ps3cret" not in stream.getvalue()
    assert '"message": "GET /page"' in stream.getvalue()


async def test_a_request_keeps_a_plain_id_and_never_a_strange_one(aiohttp_client: AiohttpClient) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application(middlewares=[name_requests])
    app.router.add_get("/", answer)
    client = await aiohttp_client(app)
    plain = await client.get("/", headers={"X-Request-Id": "abc-123-def"})
    strange = await client.get("/", headers={"X-Request-Id": "a b <script>"})
    assert plain.headers["X-Request-Id"] == "abc-123-def"
    assert strange.headers["X-Request-Id"] != "a b <script>"
