"""One event is one line, and a line never carries what it must not."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from widget_server.ops.logging import AccessLogger, LogFile, configure_logging, log_facts, name_requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp.test_utils import TestClient, TestServer
    from pytest_aiohttp import AiohttpClient, AiohttpServer


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    """Give the process's log back to pytest afterwards."""
    root = logging.getLogger()
    handlers, level, hangup = root.handlers[:], root.level, signal.getsignal(signal.SIGHUP)
    yield
    logging.captureWarnings(capture=False)
    signal.signal(signal.SIGHUP, hangup)
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
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


def test_s45_a_body_that_cannot_be_read_is_no_failure_of_ours() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    for error in (web.RequestPayloadError("not packed as it says"), RuntimeError("a real one")):
        logging.getLogger("aiohttp.server").error("Unhandled exception", exc_info=error)
    (line,) = stream.getvalue().splitlines()
    assert "a real one" in line


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


async def test_s03_the_access_line_knows_neither_query_nor_headers(
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


HOSTILE = ["a\r\nb", "a\x1b[2Jb", '","level":"x', '"}\n{"level":"error"', "a\x00b", "a\u2028b", "\ud800"]


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("layout", ["text", "json"])
def test_s42_an_event_is_one_line_whatever_stands_in_its_fields(layout: str, hostile: str) -> None:
    stream = io.StringIO()
    configure_logging("info", "json" if layout == "json" else "text", stream)
    facts = {"reason": hostile, "level": hostile, "time": hostile, "logger": hostile, hostile: hostile}
    with log_facts(request=hostile):
        try:
            raise ValueError(hostile)
        except ValueError:
            logging.getLogger(f"widget.{hostile}").exception("Said %s", hostile, extra=facts)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text[:-1].isprintable()
    if layout == "json":
        line = json.loads(text)
        assert (line["level"], line["logger"], line["reason"]) == ("error", f"widget.{hostile}", hostile)
        assert line["time"].endswith("Z")


@pytest.mark.parametrize("hostile", ["/a%0d%0ab", "/a%1b[2Jb", "/%22,%22level%22:%22x", "/a%E2%80%A8b"])
async def test_s42_a_request_is_one_line_whatever_stands_in_it(
    aiohttp_client: AiohttpClient, aiohttp_server: AiohttpServer, hostile: str
) -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    server: TestServer = await aiohttp_server(
        web.Application(middlewares=[name_requests]), access_log_class=AccessLogger
    )
    client: TestClient[web.Request, None] = await aiohttp_client(server)
    await client.get(hostile, headers={"User-Agent": '","level":"x', "Referer": '","level":"x', "X-Request-Id": '"'})
    await client.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines if line["logger"] == "aiohttp.access"] == ["info"]


def say(text: str) -> None:
    logging.getLogger("widget").info(text)


@pytest.mark.parametrize(("layout", "begins"), [("text", "20"), ("json", "{")])
def test_s0_10_a_log_goes_to_a_file_as_text_or_as_json(tmp_path: Path, layout: str, begins: str) -> None:
    path = tmp_path / "server.log"
    configure_logging("info", "json" if layout == "json" else "text", file=LogFile(path, 0, 1))
    with log_facts(request="r-1"):
        say("One.")
    say("Two.")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert all(line.startswith(begins) for line in lines)
    assert "r-1" in lines[0]
    assert "info" in lines[0]


def test_s0_10_a_full_file_is_put_aside_and_as_many_are_kept_as_were_wished(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    configure_logging("info", "json", file=LogFile(path, 400, 2))
    for number in range(20):
        say(f"Line {number}.")
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == ["server.log", "server.log.1", "server.log.2"]
    lines = [json.loads(line)["message"] for file in reversed(kept) for line in file.read_text().splitlines()]
    assert lines == [f"Line {number}." for number in range(20 - len(lines), 20)]
    assert all(file.stat().st_size <= 400 for file in kept)


def test_s0_10_a_file_that_somebody_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    configure_logging("info", "json", file=LogFile(path, 0, 1))
    say("Before.")
    path.rename(tmp_path / "server.log-1")
    say("After.")
    assert "After." not in (tmp_path / "server.log-1").read_text()
    assert "After." in path.read_text()


def test_s0_10_a_hangup_opens_the_file_again_and_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    configure_logging("info", "json", file=LogFile(path, 0, 1))
    say("Before.")
    os.kill(os.getpid(), signal.SIGHUP)
    say("After.")
    assert [json.loads(line)["message"] for line in path.read_text().splitlines()] == ["Before.", "After."]
