"""A Redis (or Valkey) server of one's own, which keeps nothing on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis as Client
from typing_extensions import override

from tests.engines.daemon import Daemon, find

if TYPE_CHECKING:
    from collections.abc import Sequence


class Redis(Daemon):
    """Serves after the ``with`` line."""

    name = "redis"

    @override
    def command(self) -> Sequence[str]:
        return [
            find("redis-server", "valkey-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--dir", str(self.folder),
        ]  # fmt: skip

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def ask(self, *command: str | bytes) -> object:
        """Say one command and return the answer."""
        with Client(port=self.port, decode_responses=True) as client:
            return client.execute_command(*command)

    def kill_listeners(self) -> None:
        """Cut every connection that is subscribed to something."""
        self.ask("CLIENT", "KILL", "TYPE", "pubsub")

    def flush(self) -> None:
        """Forget everything."""
        self.ask("FLUSHALL")
