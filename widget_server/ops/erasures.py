"""The list of erasures: who asked to be forgotten, kept outside the database, so that no backup brings them back.

It is a file of lines in the data directory and in every backup. It holds public names and times, nothing else. A node
that starts erases whoever is on the list and in the database all the same, and adds whom only the database knows to be
erased: so each node's list is complete, whichever of them was asked.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

import orjson

from widget_server.actions.personal_data import do_erase_again, list_erased
from widget_server.core.times import from_iso, iso
from widget_server.store.contents import ERASURES_DUE
from widget_server.store.installation import put_value, read_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from widget_server.store.database import Database, Transaction

NAME: Final = "erased.jsonl"


def read_list(folder: Path) -> dict[str, int]:
    """Return everybody on the list in ``folder``, with the time (UTC ms). A line that was cut off is left out."""
    found: dict[str, int] = {}
    try:
        lines = (folder / NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            entry = orjson.loads(line)
            found[str(entry["person"])] = from_iso(entry["at"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def add_to_list(folder: Path, erased: Mapping[str, int]) -> None:
    """Write down who was erased, on disk when this returns; who is on the list already is not written again."""
    known = read_list(folder)
    lines = [orjson.dumps({"person": name, "at": iso(at)}) + b"\n" for name, at in erased.items() if name not in known]
    if not lines:
        return
    # One write for all: several workers may share the file. An empty line ends one that was cut off.
    descriptor = os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, b"\n" + b"".join(lines))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def settle(database: Database, data_dir: Path, now_ms: int) -> int:
    """Bring list and database together, and return how many had come back and were erased again."""
    listed = await asyncio.to_thread(read_list, data_dir)
    due = await database.read(_read_due)
    erased = await list_erased(database)
    back = (listed.keys() | set(due)) - erased.keys()
    count = await do_erase_again(database, back, now_ms=now_ms) if back else 0
    if due:
        await database.write(lambda tx: put_value(tx, ERASURES_DUE, "[]"))
    known = erased if not count else await list_erased(database)
    await asyncio.to_thread(add_to_list, data_dir, known)
    return count


async def _read_due(tx: Transaction) -> list[str]:
    text = await read_value(tx, ERASURES_DUE)
    return list(orjson.loads(text)) if text else []
