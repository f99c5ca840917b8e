"""A standby that takes over behind the same address while nodes run: its past is another one than people hold (G22)."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.engines.backends import PostgreSQLBackend
from tests.engines.daemon import find
from tests.engines.postgresql import PostgreSQL
from tests.faults.stage import staged

if TYPE_CHECKING:
    from pathlib import Path

_STOPPED_BY_ITSELF = 0


class Standby(PostgreSQL):
    """A server that follows another one."""

    def __init__(self, primary: PostgreSQL) -> None:
        super().__init__()
        self._primary = primary

    @override
    def prepare(self) -> None:
        self.run(
            [
                *(
                    find("pg_basebackup"),
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(self._primary.port),
                    "--username",
                    "widget",
                ),
                *(
                    "--pgdata",
                    str(self._data),
                    "--write-recovery-conf",
                    "--wal-method",
                    "stream",
                    "--checkpoint",
                    "fast",
                ),
            ]
        )

    def lag_behind(self) -> None:
        """Hear nothing more of the primary."""
        self.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.execute("SELECT pg_reload_conf()")
        self.wait(lambda: not self._receives())

    def _receives(self) -> bool:
        return bool(self.ask(lambda connection: connection.fetchval("SELECT count(*) FROM pg_stat_wal_receiver")))

    def take_over(self) -> None:
        """Be a primary from now on."""
        self.execute("SELECT pg_promote()")


async def test_who_holds_what_a_failover_lost_loads_afresh(own_postgresql: PostgreSQL, tmp_path: Path) -> None:
    async with (
        staged(PostgreSQLBackend(own_postgresql), tmp_path) as stage,
        stage.serve(lines=True) as cluster,
    ):
        visitor = await stage.visitor(cluster.for_visitors)
        await visitor.deliver("kept")
        name = visitor.state.channel_of_start
        assert name is not None
        await visitor.until(lambda: name in visitor.state.channels and visitor.state.channels[name].is_settled)
        held = visitor.state.channels[name]
        with Standby(own_postgresql) as standby:
            await asyncio.to_thread(standby.lag_behind)
            await visitor.deliver("lost", name)
            await visitor.until(lambda: held.last == 2)
            before = held.epoch
            await asyncio.to_thread(own_postgresql.stop, signal.SIGQUIT)
            await asyncio.to_thread(standby.take_over)
            line, node = cluster.database_line, cluster.nodes[0]
            assert line is not None
            line.lead_to(standby.port)
            # A node does not go on in another past; whoever started it starts it again.
            assert await node.ended() == _STOPPED_BY_ITSELF
            await node.start()
            await visitor.until(lambda: held.is_settled and held.epoch != before)
            assert [message["body"] for message in held.messages.values()] == ["kept"]
            await visitor.deliver("after", name)
            await visitor.until(lambda: held.last == 2)
            assert [message["body"] for message in held.messages.values()] == ["kept", "after"]
            # The lines end before the server does.
            await node.kill()
