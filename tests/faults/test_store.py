"""A store that is locked, full or slower than what comes in: nothing is acknowledged that is not stored."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.engines.backends import SQLiteBackend
from tests.faults.stage import staged
from tests.faults.talker import emptied, reached
from widget_server.protocol.codes import ERRORS

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.clients.socket import SocketClient
    from tests.clients.state import Pending
    from tests.faults.stage import Stage

_BUSY, _UNAVAILABLE = ERRORS["busy"].number, ERRORS["unavailable"].number
_TMPFS_BYTES = 6 * 1024 * 1024
_BALLAST_STEP = 16 * 1024


def refused(client: SocketClient, code: int) -> bool:
    """Whether the client was refused with this code."""
    return any(error["code"] == code for error in client.state.errors)


@pytest.mark.only("sqlite")
async def test_g14_a_locked_database_refuses_for_now_and_takes_everything_in_order_once_free(
    stage: Stage,
) -> None:
    async with stage.serve() as cluster:
        visitor, agent = await stage.visitor(cluster.for_visitors), await stage.agent(cluster.for_agents)
        name = (await visitor.deliver("first"))["channel"]
        seen = await agent.show(name)
        with closing(sqlite3.connect(stage.installation.data_dir / "widget.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            stage.times.begin()
            for number in range(10):
                await visitor.send(f"while it is locked {number}")
            await visitor.until(lambda: refused(visitor, _UNAVAILABLE))
            page = await agent.ask(
                {"t": "history", "ref": agent.state.ref(), "channel": name, "before": 2, "limit": 10}
            )
            assert [message["body"] for message in page["messages"]] == ["first"]
            assert len(visitor.state.acks) == 1
            other.execute("ROLLBACK")
            stage.times.end()
        await emptied(visitor)
        await reached(agent, seen, 11)
        await stage.conclude("SQLite file locked by another process", stage.times.acked_again_ms())
        assert [body for _, _, body, *_ in seen.lists()] == ["first"] + [f"while it is locked {n}" for n in range(10)]


@pytest.mark.only("sqlite")
async def test_g12_a_full_queue_says_busy_and_nothing_is_lost_or_out_of_order(stage: Stage) -> None:
    async with stage.serve(commit_queue_max=4, commit_batch_max=2) as cluster:
        visitor, agent = await stage.visitor(cluster.for_visitors), await stage.agent(cluster.for_agents)
        name = (await visitor.deliver("first"))["channel"]
        seen = await agent.show(name)
        with closing(sqlite3.connect(stage.installation.data_dir / "widget.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            stage.times.begin()
            for number in range(20):
                await visitor.send(f"{number}")
            await visitor.until(lambda: refused(visitor, _BUSY))
            other.execute("ROLLBACK")
            stage.times.end()
        await emptied(visitor)
        await reached(agent, seen, 21)
        await stage.conclude("queue full", stage.times.acked_again_ms())
        assert [body for _, _, body, *_ in seen.lists()] == ["first"] + [f"{n}" for n in range(20)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of a few MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_TMPFS_BYTES}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


async def test_g14_a_full_disk_refuses_for_now_still_reads_and_goes_on_when_there_is_room(
    small_disk: Path, empty_store: Path
) -> None:
    async with staged(SQLiteBackend(empty_store), small_disk) as stage, stage.serve() as cluster:
        visitor, agent = await stage.visitor(cluster.for_visitors), await stage.agent(cluster.for_agents)
        name = (await visitor.deliver("first"))["channel"]
        seen = await agent.show(name)
        ballast = small_disk / "ballast"
        _fill(ballast)
        stage.times.begin()
        sent = 1
        while not refused(visitor, _UNAVAILABLE):
            await _answered(visitor, await visitor.send("x" * 4000))
            sent += 1
        page = await agent.ask({"t": "history", "ref": agent.state.ref(), "channel": name, "before": 2, "limit": 10})
        assert [message["body"] for message in page["messages"]] == ["first"]
        ballast.unlink()
        stage.times.end()
        await emptied(visitor)
        await reached(agent, seen, sent)
        await stage.conclude("disk full", stage.times.acked_again_ms())


async def _answered(client: SocketClient, pending: Pending) -> None:
    """Wait for the ack, or for the refusal of a store that is full."""
    await client.until(lambda: pending.ack is not None or refused(client, _UNAVAILABLE))


def _fill(ballast: Path) -> None:
    """Write until the disk is full, but for what the next few commits take."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(_BALLAST_STEP))
        except OSError:
            file.truncate(max(0, file.tell() - 4 * _BALLAST_STEP))
