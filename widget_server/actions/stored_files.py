"""Files as they are stored, and those of somebody that no message carries yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.errors import Unacceptable
from widget_server.store.lists import listed
from widget_server.store.queries import files as q

if TYPE_CHECKING:
    from widget_server.store.database import Row, Transaction


class StoredFile(NamedTuple):
    """A row, in the order of ``queries.files.FILE_COLUMNS``."""

    id: int
    public_id: str
    owner_id: int
    client_id: str
    site_id: int | None
    message_no: int | None
    name: str
    kind: str
    content_type: str
    size: int
    received: int
    stored: int
    width: int | None
    height: int | None
    details: str
    state: str
    remark: str | None


_COLUMNS: Final = len(StoredFile._fields)


def stored_file(row: Row) -> StoredFile:
    """Return the file of a row of ``FILE_COLUMNS``."""
    return StoredFile._make(row[:_COLUMNS])


async def list_own(tx: Transaction, owner_id: int, public_ids: list[str]) -> list[StoredFile]:
    """Return those of these files that are somebody's own and that no message carries, in this order."""
    rows = await tx.all(q.BY_PUBLIC_IDS, ids=listed(tx.dialect, public_ids))
    own = {file.public_id: file for file in map(stored_file, rows) if file.owner_id == owner_id}
    return [own[name] for name in public_ids if name in own and own[name].message_no is None]


async def check_of_site(tx: Transaction, site_id: int, public_ids: tuple[str, ...]) -> None:
    """See that a token of one site sends no file that was sent for anything else, though its maker's (S10).

    Raises:
        Unacceptable: ``no_such_file``.
    """
    rows = await tx.all(q.BY_PUBLIC_IDS, ids=listed(tx.dialect, list(public_ids)))
    if any(stored_file(row).site_id != site_id for row in rows):
        raise Unacceptable("no_such_file")


async def keep_for_hold(tx: Transaction, owner_id: int, public_ids: tuple[str, ...], until: int) -> None:
    """Keep files for a post that waits for a moderator.

    Raises:
        Unacceptable: ``no_such_file`` where one of them could not be sent now.
    """
    if not public_ids:
        return
    own = await list_own(tx, owner_id, list(public_ids))
    if len(own) != len(public_ids) or any(file.state != "ready" for file in own):
        raise Unacceptable("no_such_file")
    await tx.run(q.KEEP_UNTIL, ids=listed(tx.dialect, list(public_ids)), owner=owner_id, until=until)
