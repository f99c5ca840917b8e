"""Compares what clients did and hold with what the store holds."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.clients.state import ClientState
    from tests.clients.truth import Deeds


class Verdict(NamedTuple):
    """The figures of one run; ``lost``, ``doubled``, ``torn`` and ``differing`` must be 0."""

    sent: int
    acked: int
    stored: int
    lost: int
    """Acknowledged and not in the store."""
    doubled: int
    """Stored more often than once."""
    torn: int
    """Channels whose numbers have a hole or whose counters disagree with their rows, and stored bodies nobody sent."""
    differing: int
    """Channels of which some client holds another list than the store."""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, torn or different."""
        return not (self.lost or self.doubled or self.torn or self.differing)


class _Stored(NamedTuple):
    channel: str
    seq: int
    client_id: str
    body: str
    revision: int


def judge(database: Path, deeds: Deeds, clients: Iterable[ClientState]) -> Verdict:
    """Compare a database with what was written down and with what ``clients`` hold of the channels they show."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = [
            _Stored(*row)
            for row in connection.execute(
                "SELECT c.public_id, m.seq, m.client_id, m.body, m.revision"
                " FROM message m JOIN channel c ON c.id = m.channel_id WHERE m.kind = 'text' ORDER BY c.id, m.seq"
            )
        ]
        heads = dict(connection.execute("SELECT public_id, last_seq FROM channel WHERE kind = 'conversation'"))
    stored = Counter(row.client_id for row in rows)
    lists: dict[str, list[_Stored]] = {name: [] for name in heads}
    for row in rows:
        lists.setdefault(row.channel, []).append(row)
    return Verdict(
        sent=len(deeds.sent),
        acked=len(deeds.acked),
        stored=sum(client_id in stored for client_id in deeds.sent),
        lost=sum(client_id not in stored for client_id in deeds.acked),
        doubled=sum(count - 1 for count in stored.values()),
        torn=sum(_is_torn(lists[name], last_seq) for name, last_seq in heads.items())
        + sum(row.revision == 0 and deeds.sent.get(row.client_id) != row.body for row in rows),
        differing=sum(_differs(client, lists) for client in clients),
    )


def _is_torn(rows: list[_Stored], last_seq: int) -> bool:
    return [row.seq for row in rows] != list(range(1, last_seq + 1))


def _differs(client: ClientState, lists: dict[str, list[_Stored]]) -> int:
    """How many of the client's channels hold something else than the store, from the first message it has."""
    different = 0
    for name, channel in client.channels.items():
        if name in lists and channel.messages:
            expected = [(row.seq, row.client_id, row.body) for row in lists[name] if row.seq >= channel.first]
            held = [(seq, client_id, body) for seq, client_id, body, *_ in channel.lists()]
            different += expected != held
    return different
