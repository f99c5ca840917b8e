"""PgBouncer in front of a PostgreSQL server, handing connections out one transaction at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from typing_extensions import override

from tests.engines.daemon import Daemon, find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engines.postgresql import PostgreSQL


class PgBouncer(Daemon):
    """Serves after the ``with`` line.

    :param server: what stands behind it.
    :param pool_size: connections per database: fewer than clients, so that they really are shared.
    """

    name = "pgbouncer"

    def __init__(self, server: PostgreSQL, *, pool_size: int = 4) -> None:
        super().__init__()
        self._server = server
        self._pool_size = pool_size

    @override
    def prepare(self) -> None:
        path = self.folder / "pgbouncer.ini"
        path.write_text(
            f"[databases]\n* = host=127.0.0.1 port={self._server.port} user=widget\n"
            "[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nauth_type = any\npool_mode = transaction\n"
            f"default_pool_size = {self._pool_size}\nmax_client_conn = 500\nunix_socket_dir =\n",
            encoding="ascii",
        )
        self.give(path)

    @override
    def command(self) -> Sequence[str]:
        return [find("pgbouncer"), str(self.folder / "pgbouncer.ini")]

    def in_front_of(self, url: str) -> str:
        """The address of a database of the server, through this."""
        parts = urlsplit(url)
        return f"postgresql://{parts.username}@127.0.0.1:{self.port}{parts.path}"
