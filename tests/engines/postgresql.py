"""A PostgreSQL server of one's own."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from typing_extensions import override

from tests import scratch
from tests.engines.daemon import Daemon, find
from tests.patience import PATIENCE_SECONDS
from widget_server.store import migrate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence

_USER: Final = "widget"
_TEMPLATE: Final = "template_widget"
_CAN_CHOOSE: Final = 150_000
"""The first version that can be told how to copy a database."""


class PostgreSQL(Daemon):
    """Serves after the ``with`` line; :meth:`create_database` gives a migrated database.

    :param durable: whether it syncs as in production. Tests that never cut the power are faster without; the programs
        under test cannot tell.
    :param settings: more lines of its configuration.
    """

    name = "postgresql"
    last_word = signal.SIGQUIT

    def __init__(self, *, durable: bool = False, **settings: str) -> None:
        super().__init__()
        self._data = self.folder / "data"
        self._durable = durable
        self._settings = settings
        self._made = 0
        self._has_template = False
        self._copies_files: bool | None = None

    @override
    def prepare(self) -> None:
        self.run(
            [find("initdb"), "-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        )

    @override
    def command(self) -> Sequence[str]:
        chosen = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "shared_buffers": "64MB",
            "max_wal_size": "128MB",
            **({} if self._durable else {"fsync": "off", "synchronous_commit": "on"}),
            **self._settings,
        }
        return [find("postgres"), "-D", str(self._data), *(f"--{name}={value}" for name, value in chosen.items())]

    @override
    def is_ready(self) -> bool:
        try:
            self.ask(lambda connection: connection.fetchval("SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    def url(self, database: str = "postgres") -> str:
        """The address of a database on this server."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def ask(self, question: Callable[[Any], Awaitable[Any]], database: str = "postgres") -> Any:
        """Ask something on a connection of its own."""

        async def answer() -> Any:
            connection = await asyncpg.connect(self.url(database), timeout=PATIENCE_SECONDS)
            try:
                return await question(connection)
            finally:
                await connection.close()

        return _outside_of_loops(answer)

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run one statement."""
        self.ask(lambda connection: connection.execute(sql), database)

    def create_database(self, *, migrated: bool = True) -> str:
        """The address of a new database, at the newest revision unless it shall be empty."""
        if migrated and not self._has_template:
            self.execute(f"CREATE DATABASE {_TEMPLATE}")
            _outside_of_loops(lambda: asyncio.to_thread(migrate.upgrade, self.url(_TEMPLATE)))
            self._has_template = True
        return self.copy_database(self.url(_TEMPLATE if migrated else "template1"))

    def copy_database(self, url: str) -> str:
        """The address of a copy of a database that nobody has open."""
        self._made += 1
        name = f"widget_{os.getpid()}_{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {url.rpartition('/')[2]}{self._way_to_copy()}")
        return self.url(name)

    def _way_to_copy(self) -> str:
        """In memory files are copied in half the time that their pages take; on a disk they take twice as long."""
        if self._copies_files is None:
            version = self.ask(lambda connection: connection.fetchval("SHOW server_version_num"))
            self._copies_files = scratch.is_in_memory() and int(version) >= _CAN_CHOOSE
        return " STRATEGY FILE_COPY" if self._copies_files else ""

    def drop_database(self, url: str) -> None:
        """Remove a database with everybody who is in it."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def terminate_connections(self) -> int:
        """End every connection but the one that asks; how many there were."""
        sql = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(self.ask(lambda connection: connection.fetchval(sql)))

    def restart(self, *, immediate: bool = False) -> None:
        """Stop and start again; ``immediate`` is a crash from which it recovers by its log."""
        self.stop(signal.SIGQUIT if immediate else signal.SIGINT)
        self.start()

    @override
    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        # Its "fast" stop: clients are sent away. A killed postmaster leaves children, which notice by themselves.
        self.resume_all()
        super().stop(sign)
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    @override
    def pause(self) -> None:
        self._send(signal.SIGSTOP)

    @override
    def resume(self) -> None:
        self.resume_all()

    def resume_all(self) -> None:
        """Let every process of it go on."""
        self._send(signal.SIGCONT)

    def _send(self, sign: signal.Signals) -> None:
        for pid in self.pids():
            # A child that ends between the list and the signal needs none.
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    def pids(self) -> list[int]:
        """Its processes: the first one and its children."""
        if self._process is None or self._process.poll() is not None:
            return []
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        return [self.pid, *map(int, children)]


@contextmanager
def open_connection(url: str) -> Generator[Callable[..., list[Any]]]:
    """A connection of one's own that stays open for the block: call it with a statement and its parameters.

    It lives on a loop in a thread, so that a test may hold a lock beside its own loop.
    """
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.set_event_loop, loop).result()

        def wait_for(work: Coroutine[Any, Any, Any]) -> Any:
            return thread.submit(loop.run_until_complete, work).result()

        connection = wait_for(asyncpg.connect(url, timeout=PATIENCE_SECONDS))
        try:
            yield lambda sql, *parameters: wait_for(connection.fetch(sql, *parameters))
        finally:
            wait_for(connection.close())
            thread.submit(loop.close).result()


def _outside_of_loops(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run ``work`` on a loop of its own, in a thread: whoever asks may stand inside another one."""

    async def main() -> Any:
        return await work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(main())).result()
