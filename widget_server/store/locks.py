"""Taking channels' rows for one transaction, so that ``seq`` and ``version`` are given out by one writer at a time.

The order is the same everywhere, so that nobody waits in a circle: the public channels of a transaction by key, then
the staff channels beside them. Whoever holds a staff channel alone waits for no other channel.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from widget_server.store.database import Transaction
from widget_server.store.lists import listed, with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import channel


def _lock(*, skip: bool) -> Statement:
    return with_list(
        # "No key": rows that refer to the channel (a new reader, a membership) need not wait.
        lambda wanted: (
            select(channel.c.id).where(wanted).order_by(channel.c.id).with_for_update(key_share=True, skip_locked=skip)
        ),
        channel.c.id,
        "ids",
    )


_SKIP, _WAIT = _lock(skip=True), _lock(skip=False)


async def lock_channels(tx: Transaction, ids: Iterable[int], *, wait: bool = True) -> list[int]:
    """Those of the channels that this transaction holds now, until its end; they are read anew after this.

    On SQLite the one writer holds everything.

    :param ids: keys of channels.
    :param wait: whether to wait for those that another transaction holds; else they are left out, as are unknown ones.
    """
    keys = sorted(set(ids))
    if tx.dialect == "sqlite" or not keys:
        return keys
    return [row[0] for row in await tx.all(_WAIT if wait else _SKIP, ids=listed(tx.dialect, keys))]
