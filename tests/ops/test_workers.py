"""Several processes on one port: people on different ones see each other live, and one that dies takes nobody along."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from typing_extensions import override

from tests.cli.command import begin, end
from tests.clients.installation import make_installation
from tests.clients.server import ServerProcess
from tests.engines.daemon import free_port
from tests.faults.talker import Talker, acked, watch
from tests.ops.people import People
from widget_server.protocol.codes import CloseCode
from widget_server.store import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.clients.installation import Installation
    from tests.clients.socket import SocketClient
    from tests.engines.postgresql import PostgreSQL
    from tests.engines.redis import Redis


class _Lines(list[dict[str, Any]]):
    """A log that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.grown = asyncio.Event()

    @override
    def append(self, line: dict[str, Any]) -> None:
        super().append(line)
        self.grown.set()


class Workers(ServerProcess):
    """``widget-server serve --workers 2``."""

    arguments = ("serve", "--workers", "2")

    def __init__(self, installation: Installation, **settings: str | float) -> None:
        super().__init__(installation, **settings)
        self.log = self._lines = _Lines()

    def pids(self) -> list[int]:
        """The workers that there are now, the eldest first."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in children.split()]

    @contextmanager
    def only(self, pid: int) -> Generator[None]:
        """Let no other worker do anything: whoever connects comes to this one."""
        others = [other for other in self.pids() if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)

    async def logged(self, message: str, times: int = 1) -> None:
        """Wait until the log has a line so many times."""
        async with asyncio.timeout(60):
            while sum(line["message"] == message for line in self.log) < times:
                self._lines.grown.clear()
                await self._lines.grown.wait()


@pytest.fixture
async def installation(postgresql: PostgreSQL, tmp_path: Path) -> Installation:
    return await make_installation(tmp_path / "data", postgresql.create_database())


@pytest.fixture
async def workers(installation: Installation, redis: Redis) -> AsyncGenerator[Workers]:
    async with Workers(installation, broker_url=redis.url) as workers:
        yield workers


@pytest.fixture
async def people(installation: Installation) -> AsyncGenerator[People]:
    async with People(installation) as people:
        yield people


async def on_different(workers: Workers, people: People) -> tuple[SocketClient, SocketClient]:
    """A visitor on one worker, the agent on the other."""
    first, second = workers.pids()
    with workers.only(first):
        visitor = await people.visitor(workers.base)
        await visitor.until(lambda: visitor.state.welcome is not None)
    with workers.only(second):
        agent = await people.agent(workers.base)
        await agent.until(lambda: agent.state.welcome is not None)
    return visitor, agent


async def test_s3_21_people_on_different_processes_of_one_start_line_see_each_other_live(
    workers: Workers, people: People
) -> None:
    visitor, agent = await on_different(workers, people)
    name = (await visitor.deliver("Is anybody there?"))["channel"]
    seen = await agent.show(name)
    own = visitor.state.channels[name]
    await visitor.until(lambda: own.is_settled)
    for turn in range(3):
        await visitor.deliver(f"Question {turn}")
        await agent.until(lambda: seen.last == own.last)
        await agent.deliver(f"Answer {turn}", name)
        await visitor.until(lambda: own.last == seen.last)
    await agent.say(agent.state.receipt(name, seen=True))
    await visitor.until(lambda: own.marks["agents"]["seen"] == own.last)
    await agent.say({"t": "typing", "channel": name, "on": True})
    await visitor.until(lambda: bool(visitor.state.typing))
    assert own.lists() == seen.lists()
    assert visitor.closes == agent.closes == []


async def test_a_terminal_follows_what_is_said_on_another_worker(
    workers: Workers, people: People, tmp_path: Path
) -> None:
    _, second = workers.pids()
    with workers.only(second):
        visitor = await people.visitor(workers.base)
        await visitor.until(lambda: visitor.state.welcome is not None)
    name = (await visitor.deliver("One"))["channel"]
    terminal = await asyncio.to_thread(begin, tmp_path, "follow", name)
    assert terminal.stdout is not None
    said: list[str] = []
    for body in ("One", "Two"):
        while not any(body in line for line in said):
            said.append(await asyncio.to_thread(terminal.stdout.readline))
        if body == "One":
            await visitor.deliver("Two")
    workers.signal(signal.SIGTERM)
    await workers.ended()
    assert (await asyncio.to_thread(end, terminal)).code == 0


async def test_a_worker_that_dies_is_started_again_and_takes_nobody_along(
    workers: Workers, people: People, installation: Installation
) -> None:
    visitor, agent = await on_different(workers, people)
    talker = Talker(visitor)
    await watch(agent, talker)
    dying, staying = workers.pids()
    for deaths in (1, 2):
        await acked(visitor, 20)
        os.kill(dying, signal.SIGKILL)
        await workers.logged("A worker ended; it is started again.", deaths)
        await workers.logged("Worker ready.", 2 + deaths)
        dying = next(pid for pid in workers.pids() if pid != staying)
    await acked(visitor, 20)
    await talker.stop()
    seen = await watch(agent, talker)
    name = seen.name
    assert seen.lists() == visitor.state.channels[name].lists()
    assert agent.closes == []
    assert installation.database_url is not None
    stored = migrate.connected(
        installation.database_url, lambda db: db.exec_driver_sql("SELECT client_id FROM message ORDER BY seq").all()
    )
    assert sorted(row[0] for row in stored) == sorted(visitor.state.acks)


async def test_who_waits_to_be_accepted_is_taken_by_another_worker_when_one_dies(workers: Workers) -> None:
    dying, staying = workers.pids()
    for pid in (dying, staying):
        os.kill(pid, signal.SIGSTOP)
    lines = [await asyncio.open_connection("127.0.0.1", workers.port) for _ in range(40)]
    for _, writer in lines:
        writer.write(b"GET /livez HTTP/1.1\r\nHost: chat.test\r\nConnection: close\r\n\r\n")
    os.kill(dying, signal.SIGKILL)
    os.kill(staying, signal.SIGCONT)
    for reader, writer in lines:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_a_stop_drains_all_workers_at_once(workers: Workers, people: People) -> None:
    visitor, agent = await on_different(workers, people)
    await visitor.deliver("Before the stop")
    # A service manager may send the signal to everybody.
    for pid in (workers.pid, *workers.pids()):
        os.kill(pid, signal.SIGTERM)
    await visitor.until(lambda: bool(visitor.closes))
    await agent.until(lambda: bool(agent.closes))
    assert {visitor.closes[0][0], agent.closes[0][0]} == {CloseCode.RESTART}
    assert await workers.ended() == 0
    assert [line["message"] for line in workers.log].count("Stopped.") == 2
    assert workers.log[-1]["message"] == "All workers have ended."


async def test_a_worker_that_hangs_is_ended_when_its_time_is_over(installation: Installation, redis: Redis) -> None:
    async with Workers(installation, broker_url=redis.url, drain_seconds=0.5) as workers:
        os.kill(workers.pids()[0], signal.SIGSTOP)
        workers.signal(signal.SIGTERM)
        assert await workers.ended() == 0
    told = [line["message"] for line in workers.log]
    assert told.count("Stopped.") == 1
    assert told.count("Workers did not stop in time; ending what is left.") == 1


async def test_workers_whose_parent_was_killed_drain(workers: Workers) -> None:
    await workers.kill()
    assert [line["message"] for line in workers.log].count("The parent process is gone.") == 2
    assert [line["message"] for line in workers.log].count("Stopped.") == 2
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", workers.port)


async def test_each_worker_has_its_own_internal_port_and_control_socket(
    installation: Installation, redis: Redis
) -> None:
    first = free_port()
    async with (
        Workers(installation, broker_url=redis.url, internal_port=first) as workers,
        aiohttp.ClientSession() as outside,
    ):
        for port in (first, first + 1):
            async with outside.get(f"http://127.0.0.1:{port}/readyz") as answer:
                assert answer.status == 200
        assert sorted(path.name for path in installation.data_dir.glob("*.sock")) == ["control.1.sock", "control.sock"]
        workers.signal(signal.SIGTERM)
        assert await workers.ended() == 0
    assert list(installation.data_dir.glob("*.sock")) == []


async def test_workers_that_cannot_start_end_all_and_say_why(installation: Installation, redis: Redis) -> None:
    with pytest.raises(RuntimeError, match="the server ended") as told:
        async with Workers(installation, broker_url=redis.url, internal_host="192.0.2.1", internal_port=9464):
            pass
    assert "cannot listen on 192.0.2.1:946" in str(told.value)
    assert "a worker could not start" in str(told.value)
