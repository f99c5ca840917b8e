"""The folder of files in a backup: copied beside the database, and put back where it was.

The database is copied first: whatever it names is then in the folder, unless its message was removed meanwhile.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.ops.manifest import Report

FOLDER: Final = "files"
"""In a backup."""
_FRESH: Final = ".new"
"""How a file ends that is being written: whoever wrote it writes it again."""


def copy_files(source: Path, target: Path, report: Report) -> list[str]:
    """Copy what is in ``source``, and return the names by which it stands in ``target``, in order.

    What goes meanwhile is left out. Nothing that is in ``target`` is removed.
    """
    found = sorted(path for path in source.rglob("*") if path.is_file() and path.suffix != _FRESH)
    names = []
    with report("copying files", len(found), "files") as advance:
        for path in found:
            name = str(path.relative_to(source))
            copy = target / name
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = copy.with_name(copy.name + _FRESH)
            try:
                shutil.copyfile(path, fresh)
            except FileNotFoundError:
                fresh.unlink(missing_ok=True)
                continue
            fresh.replace(copy)
            names.append(name)
            advance(1)
    return names
