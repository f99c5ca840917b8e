"""Starting, stopping and what is in the way of it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import stat
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from tests.patience import PATIENCE_SECONDS
from widget_server.ops import start
from widget_server.ops.health import HEALTH, Health
from widget_server.ops.metrics import METRICS, Metrics
from widget_server.ops.secret import load_secret_key
from widget_server.ops.start import Listeners, serve
from widget_server.settings import OperatorError, Settings
from widget_server.store.engines import database_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL
    from widget_server.store.sqlite import SQLiteDatabase


def make_app() -> web.Application:
    app = web.Application()
    app[HEALTH] = Health()
    app[METRICS] = Metrics()
    return app


async def test_three_listeners_open_and_close(settings: Settings) -> None:
    app, control = make_app(), web.Application()

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app.router.add_get("/", hello)
    control.router.add_get("/", hello)
    listeners = Listeners(app, control, settings)
    await listeners.open()
    try:
        async with aiohttp.ClientSession() as public:
            assert (await public.get(f"http://127.0.0.1:{listeners.port}/")).status == 200
            assert (await public.get(f"http://127.0.0.1:{listeners.port}/metrics")).status == 404
            assert (await public.get(f"http://127.0.0.1:{listeners.internal_port}/metrics")).status == 200
        connector = aiohttp.UnixConnector(str(settings.control_socket))
        async with aiohttp.ClientSession(connector=connector) as inside:
            assert (await inside.get("http://control/")).status == 200
        assert stat.S_IMODE(settings.control_socket.stat().st_mode) == 0o600
    finally:
        await listeners.close()
    assert not settings.control_socket.exists()


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: plum"], ids=["nothing", "half a request"])
async def test_s40_who_connects_and_asks_for_nothing_is_dropped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(start, "_SILENCE_SECONDS", 0.2)
    listeners = Listeners(make_app(), web.Application(), settings)
    await listeners.open()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", listeners.port)
        writer.write(said)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await reader.read() == b""
        writer.close()
    finally:
        await listeners.close()


def test_s40_a_server_takes_the_open_files_that_the_system_grants() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
        start.allow_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(hard if hard > 0 else 65_536, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_taken_port_gives_one_line_that_says_what_to_do(settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        listeners = Listeners(make_app(), web.Application(), settings.model_copy(update={"port": port}))
        with pytest.raises(OperatorError, match=rf"port {port} on 127\.0\.0\.1 is taken; .* set WIDGET_PORT"):
            await listeners.open()
        await listeners.close()
    assert not settings.control_socket.exists()


async def test_a_second_server_on_the_same_data_is_refused(settings: Settings) -> None:
    first = Listeners(make_app(), web.Application(), settings)
    second = Listeners(make_app(), web.Application(), settings)
    await first.open()
    try:
        with pytest.raises(OperatorError, match="another server uses"):
            await second.open()
        await second.close()
        assert settings.control_socket.exists()
    finally:
        await first.close()


async def test_a_socket_left_by_a_killed_server_is_no_obstacle(settings: Settings) -> None:
    settings.data_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(settings.control_socket))
    listeners = Listeners(make_app(), web.Application(), settings)
    await listeners.open()
    await listeners.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_signal_turns_readiness_off_and_lets_handlers_end(settings: Settings, number: int) -> None:
    app = make_app()
    entered, stopping = asyncio.Event(), asyncio.Event()
    internal_port = 0

    async def slow(_request: web.Request) -> web.Response:
        entered.set()
        await stopping.wait()
        async with aiohttp.ClientSession() as outside:
            answer = await outside.get(f"http://127.0.0.1:{internal_port}/readyz")
            return web.Response(text=str(answer.status))

    async def release(_app: web.Application) -> None:
        stopping.set()

    app.router.add_get("/", slow)
    app.on_shutdown.append(release)
    opened: asyncio.Future[Listeners] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app, web.Application(), settings, on_ready=opened.set_result))
    listeners = await opened
    port, internal_port = listeners.port, listeners.internal_port
    async with aiohttp.ClientSession() as client:
        asking = asyncio.create_task(_get(client, port))
        await entered.wait()
        os.kill(os.getpid(), number)
        assert await asking == "503"
    await server
    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def _get(client: aiohttp.ClientSession, port: int) -> str:
    async with client.get(f"http://127.0.0.1:{port}/") as response:
        return await response.text()


async def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    settings = Settings(data_dir=tmp_path / "file" / "data", port=0, internal_port=0)
    listeners = Listeners(make_app(), web.Application(), settings)
    with pytest.raises(OperatorError, match=r"cannot be made: .*WIDGET_DATA_DIR"):
        await listeners.open()
    await listeners.close()


async def test_a_secret_is_made_once_for_its_owner_alone(settings: Settings, database: SQLiteDatabase) -> None:
    first = await load_secret_key(settings, database)
    assert await load_secret_key(settings, database) == first
    assert len(first) >= 32
    assert stat.S_IMODE((settings.data_dir / "secret").stat().st_mode) == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret"]


async def test_nodes_on_one_database_sign_with_one_key(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.create_database()
    nodes = [Settings(data_dir=tmp_path / f"node{number}", database_url=url) for number in range(4)]
    databases = [database_of(url) for _ in nodes]
    try:
        for database in databases:
            await database.open()
        keys = await asyncio.gather(*map(load_secret_key, nodes, databases))
        assert len(set(keys)) == 1
        assert len(keys[0]) >= 32
        given = Settings(data_dir=tmp_path, database_url=url, secret_key="k" * 40)
        assert await load_secret_key(given, databases[0]) == b"k" * 40
    finally:
        for database in databases:
            await database.close()
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_a_given_secret_is_never_written(settings: Settings, database: SQLiteDatabase) -> None:
    given = Settings(data_dir=settings.data_dir, secret_key="k" * 40)
    assert await load_secret_key(given, database) == b"k" * 40
    assert not settings.data_dir.exists()


async def test_a_cut_secret_file_is_refused(settings: Settings, database: SQLiteDatabase) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "secret").write_text("abc\n", encoding="ascii")
    with pytest.raises(OperatorError, match="no usable key"):
        await load_secret_key(settings, database)
