"""What an installation stands on: its database, and how many nodes serve it. Suites run on each of these."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL
    from tests.engines.redis import Redis

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
NODES: Final = "nodes"
"""Two nodes on one PostgreSQL and one Redis: visitors come to the first, agents to the last."""

DATABASES: Final = (SQLITE, POSTGRESQL)
EVERYWHERE: Final = (SQLITE, POSTGRESQL, NODES)


class Backend(ABC):
    """One of them. It may carry any number of installations, each known by its data directory."""

    kind: str
    nodes: int = 1

    @abstractmethod
    def lay_out(self, data_dir: Path) -> bool:
        """See that the installation has a database, migrated and empty where it had none; whether it had none."""

    @abstractmethod
    def settings(self, data_dir: Path) -> dict[str, Any]:
        """The settings that lead to it."""

    @abstractmethod
    def swap(self, data_dir: Path) -> None:
        """Put a copy in the place of the stopped installation's database, as a restore from files would."""

    @abstractmethod
    def close(self) -> None:
        """Remove what it made outside of the data directories. Nobody uses it any more."""


class SQLiteBackend(Backend):
    """A file of its own for each.

    :param empty: a migrated file that nobody has written to.
    """

    kind = SQLITE

    def __init__(self, empty: Path) -> None:
        self._empty = empty

    @override
    def lay_out(self, data_dir: Path) -> bool:
        path = data_dir / "widget.db"
        if path.exists():
            return False
        data_dir.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._empty, path)
        return True

    @override
    def settings(self, data_dir: Path) -> dict[str, Any]:
        return {"data_dir": data_dir}

    @override
    def swap(self, data_dir: Path) -> None:
        (data_dir / "mark").unlink()

    @override
    def close(self) -> None:
        """Everything lies in the data directories."""


class PostgreSQLBackend(Backend):
    """A database of its own for each, on one server; with a broker two nodes."""

    kind = POSTGRESQL

    def __init__(self, server: PostgreSQL, broker: Redis | None = None) -> None:
        self._server = server
        self._broker = broker
        self._urls: dict[Path, str] = {}
        if broker is not None:
            self.kind, self.nodes = NODES, 2

    @override
    def lay_out(self, data_dir: Path) -> bool:
        if data_dir in self._urls:
            return False
        self._urls[data_dir] = self._server.create_database()
        return True

    @override
    def settings(self, data_dir: Path) -> dict[str, Any]:
        chosen: dict[str, Any] = {"data_dir": data_dir, "database_url": self._urls[data_dir]}
        if self._broker is not None:
            # What one node takes in another one hands out.
            chosen |= {"broker_url": self._broker.url, "files_url": f"file://{data_dir}/files"}
        return chosen

    @override
    def swap(self, data_dir: Path) -> None:
        before = self._urls[data_dir]
        self._urls[data_dir] = self._server.copy_database(before)
        self._server.drop_database(before)

    @override
    def close(self) -> None:
        while self._urls:
            self._server.drop_database(self._urls.popitem()[1])
