"""The data directory belongs to one writing process at a time.

SQLite takes one writer, and the server is it. Whoever opens the store for writing claims the directory first; the claim
is a file lock, so it ends with the process however that ends.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from widget_server.settings import OperatorError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


class AlreadyClaimed(OperatorError):
    """Another process writes in this data directory."""


@contextmanager
def claimed(data_dir: Path) -> Generator[None]:
    """Hold the directory for as long as the block runs, making it when it does not exist.

    Raises:
        AlreadyClaimed: another process holds it.
        OperatorError: it cannot be made or written.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OperatorError(
            f"{data_dir} cannot be used: {error.strerror}; set WIDGET_DATA_DIR to another one"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise AlreadyClaimed(
            f"another server uses {data_dir}; stop it, or set WIDGET_DATA_DIR to another one"
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)
