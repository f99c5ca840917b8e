"""Names that nobody else has: every way to choose one asks here, inside the transaction that takes it (S36)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.core.errors import Unacceptable
from widget_server.core.lookalikes import look, looks
from widget_server.core.text import fold
from widget_server.store.queries import accounts as queries

if TYPE_CHECKING:
    from widget_server.store.database import Row, Transaction


_SPEAK_FOR_US: Final = frozenset(
    look(name) for name in ("admin", "administrator", "moderator", "staff", "support", "system", "team")
)
"""Who is called so would be taken for one of the team; agents may be."""


async def check_free(tx: Transaction, name: str, *, owner: int = 0, is_staff: bool = False) -> str:
    """Return the folded copy by which a name is unique: its look (:mod:`widget_server.core.lookalikes`).

    Args:
        tx: the transaction that takes the name.
        name: as it is shown.
        owner: the person who may have it already; 0 for nobody.
        is_staff: whether the name is for somebody of the team.

    Raises:
        Unacceptable: ``taken`` where it is somebody else's, ``name_looks_alike`` where it only looks so.
    """
    if not is_staff and not _SPEAK_FOR_US.isdisjoint(looks(name)):
        raise Unacceptable("taken")
    for wanted in sorted(looks(name)):
        _refuse(await tx.one(queries.NAME_TAKEN, folded_name=wanted), name, owner)
    for known in await tx.all(queries.STAFF_NAMES):
        # Theirs are protected even where two of them share one, and so one of them has no folded copy.
        if not is_staff and not looks(name).isdisjoint(looks(known[1])):
            _refuse(known, name, owner)
    return look(name)


def _refuse(known: Row | None, name: str, owner: int) -> None:
    if known is not None and known[0] != owner:
        raise Unacceptable("taken" if fold(known[1] or "") == fold(name) else "name_looks_alike")
