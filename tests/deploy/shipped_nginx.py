"""nginx with the configuration that is shipped, before nodes of this machine."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from tests.engines.daemon import Daemon, find

if TYPE_CHECKING:
    from collections.abc import Sequence

SHIPPED: Final = Path(__file__).parent.parent.parent / "deploy" / "nginx.conf"


class ShippedNginx(Daemon):
    """Serves ``deploy/nginx.conf`` after the ``with`` line: only addresses and folders are this machine's.

    Args:
        nodes: the nodes' public ports.
    """

    name = "nginx"

    def __init__(self, nodes: Sequence[int]) -> None:
        super().__init__()
        self._nodes = nodes

    @override
    def prepare(self) -> None:
        text = SHIPPED.read_text(encoding="utf-8")
        how = re.search(r"server node-1:8080 (.*);", text)
        assert how is not None
        servers = "\n".join(f"server 127.0.0.1:{port} {how[1]};" for port in self._nodes)
        for old, new in [
            (r"server node-1:.*\n +server node-2:.*", servers),
            (r"listen 8080;", f"listen 127.0.0.1:{self.port};"),
            (r"/tmp/", f"{self.folder}/"),
            (r"/dev/stdout", f"{self.folder}/access.log"),
        ]:
            text, found = re.subn(old, new, text)
            assert found, f"{old} is no longer in {SHIPPED.name}"
        path = self.folder / "nginx.conf"
        path.write_text(text, encoding="utf-8")
        self.give(path)

    @override
    def command(self) -> Sequence[str]:
        return [find("nginx"), "-e", "stderr", "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;"]

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def access_log(self) -> list[str]:
        """The requests it has answered."""
        path = self.folder / "access.log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def reload(self) -> None:
        """Read the configuration again: new workers take over, old ones end when their connections do."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)
