"""The key with which an installation signs: given by its settings, else made once and kept.

On SQLite it is kept in the data directory, on PostgreSQL in the database, where every node finds the same.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from widget_server.settings import SECRET_MIN_CHARS, OperatorError
from widget_server.store.installation import keep_secret

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.settings import Settings
    from widget_server.store.database import Database


async def load_secret_key(settings: Settings, database: Database) -> bytes:
    """Return the installation's key, making it on the first call of an installation that was given none.

    Args:
        settings: of the installation.
        database: the installation's, open.

    Raises:
        OperatorError: the kept file is not readable or was cut short.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    if not settings.on_sqlite:
        return (await keep_secret(database, secrets.token_urlsafe(48))).encode()
    return _load_file(settings)


def read_secret_file(settings: Settings) -> str | None:
    """Return the key that the data directory keeps, or None where there is none or the settings give another."""
    path = settings.data_dir / "secret"
    if settings.secret_key is not None or not path.is_file():
        return None
    return path.read_text(encoding="ascii").strip()


def _load_file(settings: Settings) -> bytes:
    path = settings.data_dir / "secret"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        key = _read_or_make(path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be used: {error.strerror}; check WIDGET_DATA_DIR and its owner") from None
    if len(key) < SECRET_MIN_CHARS:
        raise OperatorError(f"{path} holds no usable key; remove the file to have a new one made")
    return key


def _read_or_make(path: Path) -> bytes:
    """Read the file, or write it whole under another name first: two processes that start at once share one key."""
    if not path.exists():
        fresh = path.with_name(f".secret-{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes().strip()
