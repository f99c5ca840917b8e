"""Compares what clients did and hold with what the store holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tests.faults.stored import read_store

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tests.clients.installation import Installation
    from tests.clients.state import ClientState
    from tests.clients.truth import Deeds
    from tests.faults.stored import Stored, StoredMessage
    from tests.faults.times import TimedState


class Verdict(NamedTuple):
    """The figures of one run; all but the first three must be 0."""

    sent: int
    acked: int
    stored: int
    lost: int
    """Acknowledged and not in the store."""
    doubled: int
    """Stored more often than once."""
    out_of_order: int
    """Stored behind a later message of the same author in the same conversation."""
    receipts_regressed: int
    """Marks that fell before some client's eyes, or that stand lower in the store than a client was told."""
    torn: int
    """Channels whose numbers have a hole or whose counters disagree with their rows, and stored bodies nobody sent."""
    differing: int
    """Channels of which some client holds another list than the store."""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, torn, different, out of order, and no receipt fell."""
        return not any(self[3:])


def judge(installation: Installation, deeds: Deeds, clients: Collection[TimedState]) -> Verdict:
    """Compare the store with what was written down and with what ``clients`` hold of the channels they show."""
    store = read_store(installation)
    rows = [row for channel in store.messages.values() for row in channel]
    stored = Counter((row.author, row.client_id) for row in rows)
    known = {row.client_id for row in rows}
    return Verdict(
        sent=len(deeds.sent),
        acked=len(deeds.acked),
        stored=sum(client_id in known for client_id in deeds.sent),
        lost=sum(client_id not in known for client_id in deeds.acked),
        doubled=sum(count - 1 for count in stored.values()),
        out_of_order=_out_of_order(store, deeds),
        receipts_regressed=sum(_regressed(client, store) for client in clients),
        torn=sum(_is_torn(store.messages[name], head.last_seq) for name, head in store.heads.items())
        + sum(row.revision == 0 and deeds.sent.get(row.client_id) != row.body for row in rows),
        differing=sum(_differs(client, store) for client in clients),
    )


def _out_of_order(store: Stored, deeds: Deeds) -> int:
    written = {client_id: number for number, client_id in enumerate(deeds.sent)}
    inversions = 0
    for rows in store.messages.values():
        newest: dict[int, int] = {}
        for row in rows:
            number = written.get(row.client_id, 0)
            inversions += number < newest.get(row.author, -1)
            newest[row.author] = max(number, newest.get(row.author, -1))
    return inversions


def _regressed(client: TimedState, store: Stored) -> int:
    fallen = sum(": marks of" in violation for violation in client.violations)
    for name, told in client.told.items():
        if name in store.heads:
            for side, marks in told.items():
                fallen += any(store.heads[name].marks[side][kind] < mark for kind, mark in marks.items())
    return fallen


def _is_torn(rows: list[StoredMessage], last_seq: int) -> bool:
    return [row.seq for row in rows] != list(range(1, last_seq + 1)) or any(
        row.version > row.channel_version or row.version < row.seq for row in rows
    )


def _differs(client: ClientState, store: Stored) -> int:
    """How many of the client's channels hold something else than the store, from the first message it has."""
    different = 0
    for name, channel in client.channels.items():
        if name in store.heads and channel.messages:
            expected = [(row.seq, row.client_id, row.body) for row in store.messages[name] if row.seq >= channel.first]
            held = [(seq, client_id, body) for seq, client_id, body, *_ in channel.lists()]
            different += expected != held
    return different


def violations(clients: Iterable[ClientState]) -> list[str]:
    """Everything that some client met and a correct server never does."""
    return [violation for client in clients for violation in client.violations]
