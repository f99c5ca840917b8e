"""The product with one fault built in: it dies by -9 after the first message's commit, before anybody is told of it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from widget_server.__main__ import main
from widget_server.store.committer import Committer

if TYPE_CHECKING:
    from widget_server.store.records import Committed

_publish = Committer._publish


def _die_with_news(self: Committer, committed: Committed) -> None:
    """Take the place of publishing."""
    if any(event.messages for event in committed.events):
        os.kill(os.getpid(), signal.SIGKILL)
    _publish(self, committed)


if __name__ == "__main__":
    Committer._publish = _die_with_news  # type: ignore[method-assign]  # the fault
    main()
