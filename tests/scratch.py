"""Where tests put what does not outlive them: in memory, if there is enough of it.

A store syncs at every commit and a new database is hundreds of files. Both are what the product does, and what they
cost on a disk is most of what a run would wait for. Processes that are killed lose nothing that was in memory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")
_ENOUGH: Final = 2 << 30
"""What two processes that share a run need at most, several times over. A container gives 64 MiB unless told."""


def _has_room(folder: Path) -> bool:
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return False
    # Some tests write a program and start it.
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC and shutil.disk_usage(folder).free >= _ENOUGH


def choose() -> None:
    """Let this process, and whatever it starts, keep temporary files in memory; who set TMPDIR has chosen already."""
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


def is_in_memory() -> bool:
    """Whether temporary files of this process are kept in memory."""
    return Path(tempfile.gettempdir()) == _MEMORY
