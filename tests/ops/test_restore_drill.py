"""The drill: back up while people talk, lose the server, restore elsewhere, and go on there with the same people."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from sqlalchemy import text

from tests.cli.command import command
from tests.clients.installation import Installation, make_installation
from tests.clients.server import ServerProcess
from tests.faults.talker import Talker, acked, watch
from tests.ops.people import People
from widget_server.store import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL

_VISITORS = 2


class _Places(NamedTuple):
    """Where an installation is, and where it is restored."""

    home: Path
    url: str
    elsewhere: Path
    url_elsewhere: str
    on_sqlite: bool


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> _Places:
    home, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (home, elsewhere):
        folder.mkdir()
    if request.param == "sqlite":
        url, there = (f"sqlite:///{folder / 'data' / 'widget.db'}" for folder in (home, elsewhere))
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url, there = (server.create_database(migrated=False) for _ in range(2))
    return _Places(home, url, elsewhere, there, request.param == "sqlite")


def _client_ids(url: str) -> set[str]:
    rows = migrate.connected(url, lambda connection: connection.exec_driver_sql("SELECT client_id FROM message").all())
    return {row[0] for row in rows}


def _numbers(url: str, channel: str) -> dict[int, str]:
    """What the store holds of a channel."""
    wanted = text("SELECT seq, m.client_id FROM message m JOIN channel c ON c.id = channel_id WHERE public_id = :name")
    rows = migrate.connected(url, lambda connection: connection.execute(wanted, {"name": channel}).all())
    return {row[0]: row[1] for row in rows}


async def test_a_backup_under_load_restores_all_that_was_acknowledged_before_it_began(places: _Places) -> None:
    folder = str(places.home / "backup")
    named = None if places.on_sqlite else places.url
    installation = await make_installation(places.home / "data", named)
    async with People(installation) as people:
        async with ServerProcess(installation) as server:
            agent = await people.agent(server.base)
            talkers = [Talker(await people.visitor(server.base)) for _ in range(_VISITORS)]
            for talker in talkers:
                await watch(agent, talker)
            await acked(talkers[0].client, 50)
            before = {client_id for talker in talkers for client_id in talker.client.state.acks}
            began = time.monotonic()
            made = await asyncio.to_thread(command, places.home, "backup", folder, database_url=places.url)
            assert made.code == 0, made.err
            backup_s = time.monotonic() - began
            # Everybody is ahead of the backup now.
            for talker in talkers:
                await acked(talker.client, 20)
            await server.kill()
        epochs = {talker.client.state.channels[_name(talker)].epoch for talker in talkers}
        known = {client_id for talker in talkers for client_id in talker.client.state.acks}

        began = time.monotonic()
        restored = await asyncio.to_thread(
            command, places.elsewhere, "restore", folder, database_url=places.url_elsewhere
        )
        assert restored.code == 0, restored.err
        there = Installation(
            places.elsewhere / "data", installation.cookie, None if places.on_sqlite else places.url_elsewhere
        )
        again = ServerProcess(there)
        again.port = server.port
        async with again:
            ready_s = time.monotonic() - began
            stored = _client_ids(places.url_elsewhere)
            assert before <= stored
            for talker in talkers:
                await acked(talker.client, 20)
                await talker.stop()
            for talker in talkers:
                await watch(agent, talker)
                name = _name(talker)
                there_now = _numbers(places.url_elsewhere, name)
                for client in (talker.client, agent):
                    # Who is ahead of the past loads the newest page afresh, the one sooner than the other.
                    held = client.state.channels[name]
                    numbers = {seq: client_id for seq, client_id, *_ in held.lists()}
                    assert held.epoch not in epochs
                    assert list(numbers) == list(range(min(numbers), max(there_now) + 1))
                    assert numbers.items() <= there_now.items()
                    assert client.state.violations == []
    engine = "SQLite" if places.on_sqlite else "PostgreSQL"
    print(  # noqa: T201 - the figures are what a drill is for
        f"\n{engine}: {len(known)} acknowledged; {len(before)} before the backup began, and all of these were restored;"
        f" {len(known - stored)} that came later are not in it; backup {backup_s:.1f} s, from the restore's start to a"
        f" serving node {ready_s:.1f} s"
    )


def _name(talker: Talker) -> str:
    name = talker.client.state.channel_of_start
    assert name is not None
    return name
