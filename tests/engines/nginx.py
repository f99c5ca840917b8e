"""An nginx of one's own, with a configuration that is handed in."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.engines.daemon import Daemon, find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Nginx(Daemon):
    """Serves after the ``with`` line.

    :param http: makes the inside of the ``http`` block, given the port to listen on.
    """

    name = "nginx"
    last_word = signal.SIGTERM

    def __init__(self, http: Callable[[int], str]) -> None:
        super().__init__()
        self._http = http

    @override
    def prepare(self) -> None:
        self.configure(self._http)

    def configure(self, http: Callable[[int], str]) -> None:
        """Write another configuration; :meth:`reload` takes it up."""
        places = "".join(
            f"{name}_temp_path {self.folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        path = self.folder / "nginx.conf"
        path.write_text(
            f"daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log stderr warn;\n"
            "events { worker_connections 8192; }\n"
            f"http {{ access_log off;\n{places}{http(self.port)}\n}}\n",
            encoding="utf-8",
        )
        self.give(path)

    @override
    def command(self) -> Sequence[str]:
        return [find("nginx"), "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf")]

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def reload(self) -> None:
        """Take up the configuration that was written last."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)
