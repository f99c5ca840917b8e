"""This server as a larger site runs it: on PostgreSQL, as one node or as two that meet in Redis."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self, TypeVar

from tests.bench import machine
from tests.bench.own_talk import Own
from tests.bench.pairs import CheckFailed
from tests.clients.installation import Installation, make_installation
from tests.engines.daemon import Daemon
from tests.engines.postgresql import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.bench.pairs import Pair
    from tests.bench.served import Served

Engine = TypeVar("Engine", bound=Daemon)


class Seeded:
    """A database from which every run gets a copy of its own.

    Args:
        server: where it lies.
        template: the installation on it; nobody is connected to it.
    """

    def __init__(self, server: PostgreSQL, template: Installation) -> None:
        assert template.database_url is not None
        self.server = server
        self.template = template
        self._name = template.database_url.rpartition("/")[2]
        self._copies = 0

    def copy(self) -> str:
        """The address of a fresh copy."""
        self._copies += 1
        name = f"{self._name}_{self._copies}"
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {self._name}")
        return self.server.url(name)

    def cpu_ns(self) -> int:
        """Processor time that the database's processes have used so far."""
        return machine.tree_cpu_ns(self.server.pid)


class OwnOnPostgreSQL(Own):
    """This server on PostgreSQL.

    Args:
        seeded: what every run begins with.
        name: what the table calls it.
        settings: fields of `Settings` that shall be otherwise.
    """

    def __init__(self, seeded: Seeded, name: str, **settings: str | float) -> None:
        super().__init__(seeded.template, name, None, **settings)
        self.seeded = seeded
        self._url = ""

    def installation(self, folder: Path) -> Installation:
        """The one in ``folder``, on the copy that was made last."""
        return super().installation(folder)._replace(database_url=self._url)

    def serve(self, folder: Path) -> Served:
        """A fresh server on a fresh copy."""
        self._url = self.seeded.copy()
        return super().serve(folder)

    def node_beside(self, folder: Path) -> Served:
        """One more server on the same copy, with a folder of its own."""
        folder.mkdir()
        return super().serve(folder)

    def check(self, pairs: list[Pair], folder: Path) -> None:
        """As on SQLite."""
        found = self.seeded.server.ask(
            lambda connection: connection.fetchval("SELECT count(*) FROM message"), self._url.rpartition("/")[2]
        )
        expected = sum(pair.acked for pair in pairs) + len(pairs)
        if expected != found:
            raise CheckFailed(f"{self.name}: {expected} acked, {found} stored")
        self.seeded.server.drop_database(self._url)


class TwoNodes:
    """Two servers on one database: visitors connect to the first, agents to the second.

    Args:
        own: on a database and a broker.
        folder: of this run.
    """

    def __init__(self, own: OwnOnPostgreSQL, folder: Path) -> None:
        self._own = own
        self._folder = folder
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with self._stack:
            self._first = await self._stack.enter_async_context(self._own.serve(self._folder))
            self._second = await self._stack.enter_async_context(self._own.node_beside(self._folder / "second"))
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._stack.aclose()

    @property
    def port(self) -> int:
        """Where visitors connect."""
        return self._first.port

    @property
    def agents_port(self) -> int:
        """Where agents connect."""
        return self._second.port

    def cpu_ns(self) -> int:
        """Processor time that both have used so far."""
        return self._first.cpu_ns() + self._second.cpu_ns()


class OwnOnTwoNodes:
    """Two nodes, with a visitor and an agent who never meet on one.

    Args:
        own: on a database and a broker.
    """

    def __init__(self, own: OwnOnPostgreSQL) -> None:
        self.name = own.name
        self._own = own

    def serve(self, folder: Path) -> TwoNodes:
        """Two fresh servers on a fresh copy."""
        return TwoNodes(self._own, folder)

    async def join(self, server: TwoNodes, number: int, *, receipts: bool) -> Pair:
        """Connect one new visitor to the first node, and the agent who opens their conversation to the second."""
        return await self._own.join(server, number, receipts=receipts)

    def check(self, pairs: list[Pair], folder: Path) -> None:
        """As for one node."""
        self._own.check(pairs, folder)


@asynccontextmanager
async def seeded_postgresql() -> AsyncGenerator[Seeded]:
    """A PostgreSQL that syncs as in production, with an installation."""
    with TemporaryDirectory(prefix="bench-") as folder, started(PostgreSQL(durable=True)) as server:
        yield Seeded(server, await make_installation(Path(folder) / "data", server.create_database()))


@contextmanager
def started(engine: Engine) -> Generator[Engine]:
    """Run an engine on any processor, wherever this process is bound."""
    with ExitStack() as stack:
        with machine.anywhere():
            stack.enter_context(engine)
        yield engine
