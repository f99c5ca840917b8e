"""The list that goes with a backup: what it holds, of which time, and a checksum of every file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from widget_server.settings import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    Report = Callable[[str, int, str], AbstractContextManager[Callable[[int], None]]]
    """Told what is done, with how much, and what is counted; what it yields is told what more is done."""

NAME = "manifest.json"
_BLOCK = 1 << 20


class BackedUpFile(BaseModel):
    """One file, by its name in the backup's folder."""

    model_config = ConfigDict(frozen=True)

    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What is in a backup. Times are ISO 8601, UTC; of what arrived after ``begun_at`` nothing is promised."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    product: Literal["widget-server"] = "widget-server"
    version: str
    engine: Literal["sqlite", "postgresql"]
    revision: str
    epoch: str | None
    begun_at: str
    finished_at: str
    rows: dict[str, int]
    files: list[BackedUpFile]

    def write(self, folder: Path) -> None:
        """Write the list into the backup's folder."""
        (folder / NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @property
    def size(self) -> int:
        """How many bytes all files have."""
        return sum(file.bytes for file in self.files)

    @property
    def row_count(self) -> int:
        """How many rows all tables have."""
        return sum(self.rows.values())


def read_manifest(folder: Path) -> Manifest:
    """Return the list of the backup in ``folder``.

    Raises:
        OperatorError: there is none, or it is none that this program knows.
    """
    path = folder / NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}; name the folder that a backup made") from None
    except ValidationError:
        raise OperatorError(f"{path} is not the list of a backup that this version can read") from None


def describe(folder: Path, name: str, report: Report) -> BackedUpFile:
    """Read the file ``name`` in ``folder`` whole, and return it with its checksum."""
    path = folder / name
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file, report(f"reading {name}", path.stat().st_size, "bytes") as advance:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
            advance(len(block))
    return BackedUpFile(name=name, bytes=size, sha256=digest.hexdigest())


def check_files(folder: Path, manifest: Manifest, report: Report) -> None:
    """See that every file is there as it was backed up.

    Raises:
        OperatorError: one is missing or another; its name is told.
    """
    for file in manifest.files:
        try:
            found = describe(folder, file.name, report)
        except OSError as error:
            raise OperatorError(f"{folder / file.name} cannot be read: {error.strerror}") from None
        if found != file:
            raise OperatorError(f"{folder / file.name} is not what was backed up: its checksum is another")
