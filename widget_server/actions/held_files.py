"""Files of posts that wait for a moderator: shown to who decides about the post, and to nobody else yet (S46)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from widget_server.actions.stored_files import stored_file
from widget_server.core.boards import can_moderate
from widget_server.store.lists import listed
from widget_server.store.queries import files as file_queries
from widget_server.store.queries import holds as q

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from widget_server.actions.stored_files import StoredFile
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import State


async def is_to_be_decided(tx: Transaction, file: StoredFile, actors: Iterable[Actor]) -> bool:
    """Whether a file that is not sent yet belongs to a post about which one of ``actors`` decides."""
    rows = await tx.all(q.WAITING_OF, author_id=file.owner_id)
    boards = [row[0] for row in rows if file.public_id in orjson.loads(row[1]).get("files", ())]
    return any(can_moderate(actor, board) for actor in actors for board in boards)


def carried_file(file: StoredFile) -> State:
    """Return a file as a page shows those of a post."""
    return {
        "id": file.public_id,
        "name": file.name,
        "kind": file.kind,
        "size": file.size,
        "width": file.width,
        "height": file.height,
    }


async def files_named(tx: Transaction, names: Sequence[str]) -> dict[str, StoredFile]:
    """Return those of these files that are still there and ready, by their public ids."""
    if not names:
        return {}
    rows = await tx.all(file_queries.BY_PUBLIC_IDS, ids=listed(tx.dialect, list(names)))
    return {file.public_id: file for file in map(stored_file, rows) if file.state == "ready"}
