"""Files of messages: bound to the message in the transaction that writes it, and let go of with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from widget_server.store.database import Row, Transaction
from widget_server.store.lists import listed
from widget_server.store.queries import files as q
from widget_server.store.records import SendMessage, State

_ID, _PUBLIC_ID, _OWNER, _MESSAGE, _NAME, _KIND, _TYPE, _SIZE, _WIDTH, _HEIGHT, _STATE = (
    0, 1, 2, 5, 6, 7, 8, 9, 12, 13, 15,
)  # fmt: skip


def file_state(row: Row) -> State:
    """A file as it goes on the wire (``answers.File``)."""
    state: State = {
        "id": row[_PUBLIC_ID],
        "name": row[_NAME],
        "kind": row[_KIND],
        "type": row[_TYPE],
        "size": row[_SIZE],
    }
    if row[_WIDTH] is not None:
        state |= {"width": row[_WIDTH], "height": row[_HEIGHT]}
    return state


class Attachments:
    """Files that messages of one batch bring: held from the beginning, bound once the messages are inserted."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._loose: dict[str, Row] = {row[_PUBLIC_ID]: row for row in rows}
        self._bound: list[tuple[int, int, list[Row]]] = []
        self._taken: dict[tuple[str, int], list[Row]] = {}

    @classmethod
    async def load(cls, tx: Transaction, ops: Iterable[Any]) -> Attachments:
        """Hold what these operations name until the transaction ends; nothing is asked where that is nothing."""
        names = {name for op in ops if isinstance(op, SendMessage) for name in op.files}
        return cls(await tx.all(q.TO_BIND, ids=listed(tx.dialect, sorted(names))) if names else ())

    def take(self, op: SendMessage) -> list[State] | None:
        """Return what the message carries, which nothing else of this batch gets; None where it may not have all."""
        if len(set(op.files)) != len(op.files):
            return None
        taken: list[Row] = []
        for name in op.files:
            row = self._loose.get(name)
            if row is None or row[_STATE] != "ready" or row[_MESSAGE] is not None or row[_OWNER] != op.uploader_id:
                return None
            taken.append(row)
        for name in op.files:
            del self._loose[name]
        self._taken[op.client_id, op.author.id] = taken
        return [file_state(row) for row in taken]

    def belong(self, op: SendMessage, channel_id: int, seq: int) -> None:
        """Say which place the message got that has taken files."""
        self._bound.append((channel_id, seq, self._taken.pop((op.client_id, op.author.id))))

    async def bind(self, tx: Transaction) -> None:
        """Write down what each message carries; the messages are inserted."""
        for channel_id, seq, rows in self._bound:
            shown = orjson.dumps([file_state(row) for row in rows]).decode()
            await tx.run(q.SHOW_FILES, channel_id=channel_id, seq=seq, new_files=shown)
            for place, row in enumerate(rows):
                await tx.run(q.BIND, key=row[_ID], channel_id=channel_id, seq=seq, place=place)
        self._bound.clear()


async def take_away(tx: Transaction, message_no: int, shown: str | None, now: int, *, is_own: bool) -> None:
    """Take the files of a message that is removed: its own author's for good, their bytes go once this is committed.

    What somebody else has removed is kept, so that it can be brought back, for as long as its text is.
    """
    if shown is None:
        return
    await tx.run(q.PUT_FILES, key=message_no, new_files=None)
    if is_own:
        await tx.run(q.REMOVE_OF_MESSAGE, of_no=message_no, now=now)


async def show_files(tx: Transaction, message_no: int) -> str | None:
    """Show again what is kept of a message's files, and return it as the message's column has it."""
    rows = await tx.all(q.OF_MESSAGE, of_no=message_no)
    if not rows:
        return None
    shown = orjson.dumps([file_state(row) for row in rows]).decode()
    await tx.run(q.PUT_FILES, key=message_no, new_files=shown)
    return shown
