"""The index of words: what it is told, what is asked of it, and how far it follows the store.

It can always be made anew from what is stored, so nothing of it is copied, moved or backed up. One interface, twice:
FTS5 in a file of its own beside SQLite (:mod:`search_sqlite`), tables of its own beside PostgreSQL's
(:mod:`search_postgresql`). Words come folded and parted from ``core.words``, so that both find the same.

An entry carries its *scope*, the one thing that decides who may find it, and every question names the scopes that the
asker may read: what is not theirs is neither found nor counted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.store import search_queries as q
from widget_server.store.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from widget_server.core.words import Term
    from widget_server.store.database import Database, Row, Transaction

NOBODY: Final = ""
"""The scope of what is stored and must not be found."""
MOST: Final = 1_000
"""Hits are counted up to here; best ones are chosen among the newest of them."""
_TIMELESS: Final = 2**62


def board_scope(board_id: int) -> str:
    """The scope of all on a board."""
    return f"board:{board_id}"


def site_scope(site_id: int) -> str:
    """The scope of a site's conversations and notes."""
    return f"site:{site_id}"


def room_scope(channel_id: int) -> str:
    """The scope of what is written in a room."""
    return f"room:{channel_id}"


class Entry(NamedTuple):
    """Something that can be found; an entry with the same ``id`` is replaced."""

    id: int
    """The ``no`` of a message; of a board its key below zero."""
    kind: str
    """``thread`` (its first post, with the title), ``post``, ``board``, ``message``, ``note``; others may join."""
    scope: str
    channel_id: int
    seq: int
    author_id: int
    at: int
    title: Sequence[str]
    """Its words, of which each weighs more than one of ``text``."""
    text: Sequence[str]


class Known(NamedTuple):
    """How far a channel is in the index."""

    last_seq: int
    version: int
    head: str
    """What of its head entries depend on, so that a change of it is noticed: scope, title, tags."""


class Progress(NamedTuple):
    """How far the index follows the store. Whoever writes says which ``turn`` they have read."""

    epoch: str
    """Of the installation it was made of; another one: begin anew."""
    cursor: int
    """The stamp from which to follow."""
    built: int
    """The last message (``no``) of the first reading; :data:`COMPLETE` when it is done."""
    holder: str
    """Which node keeps it."""
    held_until: int
    turn: int


COMPLETE: Final = -1
NOTHING: Final = Progress("", 0, 0, "", 0, 0)


class Changes(NamedTuple):
    """What one step of the indexer has found."""

    entries: Sequence[Entry] = ()
    gone: Collection[int] = ()
    """Entries that are no more."""
    scopes: Mapping[int, str] = {}
    """Channels of which every entry has another scope now."""
    tags: Mapping[int, Collection[int]] = {}
    """The tags of a channel, all of them."""
    known: Mapping[int, Known] = {}


class Asked(NamedTuple):
    """A question; of each condition that is there all must hold."""

    scopes: Collection[str]
    """What the asker may read."""
    terms: Sequence[Term] = ()
    without: Sequence[Term] = ()
    kinds: Collection[str] = ()
    """Empty: of every kind."""
    authors: Collection[int] | None = None
    tag: int | None = None
    after_ms: int | None = None
    before_ms: int | None = None
    best_first: bool = False


class Hit(NamedTuple):
    """Something that was found."""

    id: int
    kind: str
    channel_id: int
    seq: int


class Overtaken(Exception):
    """Another node has written since its progress was read: nothing was written now."""


class Index(ABC):
    """An index that is opened by :meth:`open` and closed by :meth:`close`."""

    database: Database
    """Where it is kept."""
    is_open = False
    is_complete = False
    """Whether all that was there at first had been read when its progress was last looked at."""

    @abstractmethod
    async def open(self) -> None:
        """Make it ready, empty where there is none. Harmless to repeat.

        Raises:
            StoreUnavailable: where it is kept cannot be used.
        """

    @abstractmethod
    async def close(self) -> None:
        """Let it go. Harmless to repeat."""

    @abstractmethod
    async def _clear(self, tx: Transaction) -> None:
        """Forget every entry."""

    @abstractmethod
    def _row_of(self, entry: Entry) -> dict[str, Any]:
        """The entry as its statement takes it."""

    @abstractmethod
    def _query_of(self, terms: Sequence[Term], without: Sequence[Term]) -> str:
        """The terms in the index's own language, in which all of their words are quoted."""

    @abstractmethod
    async def _limit(self, tx: Transaction) -> None:
        """See that the question of this transaction does not go on for too long."""

    async def progress(self) -> Progress:
        """How far it is."""
        row = await self.database.read(lambda tx: tx.one(q.PROGRESS))
        found = Progress._make(row) if row is not None else NOTHING
        self.is_complete = found.built == COMPLETE
        return found

    async def known(self, channels: Collection[int]) -> dict[int, Known]:
        """How far each of these channels is in it; one that is missing was not followed yet."""
        dialect = self.database.dialect
        rows = await self.database.read(lambda tx: tx.all(q.KNOWN, channels=listed(dialect, list(channels))))
        return {row[0]: Known(*row[1:]) for row in rows}

    async def write(self, before: Progress, after: Progress, changes: Changes = Changes()) -> Progress:  # noqa: B008 - it never changes
        """Take in what has changed and how far that brings it; one or the other alone is never there.

        An epoch other than before begins anew: every entry is forgotten first.

        Raises:
            Overtaken: ``before`` is not how far it is.
        """
        now = after._replace(turn=before.turn + 1)
        rows = [self._row_of(entry) for entry in changes.entries]

        async def work(tx: Transaction) -> Progress:
            await tx.run(q.BEGIN)
            if not await tx.run(
                q.ADVANCE, turn_before=before.turn, **{f"new_{k}": v for k, v in now._asdict().items()}
            ):
                raise Overtaken
            if before.epoch != now.epoch:
                await self._clear(tx)
            if rows:
                await tx.many(q.PUT, rows)
            if changes.gone:
                await tx.run(q.REMOVE, ids=listed(tx.dialect, list(changes.gone)))
            for channel_id, scope in changes.scopes.items():
                await tx.run(q.RESCOPE, channel_id=channel_id, new_scope=scope)
            await _put_tags(tx, changes.tags)
            if changes.known:
                await tx.many(
                    q.PUT_KNOWN, [{"channel_id": key, **each._asdict()} for key, each in changes.known.items()]
                )
            return now

        written = await self.database.write(work)
        self.is_complete = written.built == COMPLETE
        return written

    async def forget(self) -> None:
        """Begin anew: whoever keeps it reads everything again. Who writes at the same moment is waited for."""
        await self.open()
        while True:
            before = await self.progress()
            with suppress(Overtaken):
                await self.write(before, before._replace(epoch="", built=0))
                return

    async def find(self, asked: Asked) -> list[Hit]:
        """Return the hits, newest or best first, at most one more than :data:`MOST`.

        Raises:
            TookTooLong: the question is too broad for what is stored.
            StoreUnavailable: as ever.
        """
        if not asked.scopes:
            return []
        dialect = self.database.dialect
        params: dict[str, Any] = {
            "scopes": listed(dialect, sorted(asked.scopes)),
            "kinds": listed(dialect, sorted(asked.kinds)),
            "every_kind": int(not asked.kinds),
            "authors": listed(dialect, sorted(asked.authors or ())),
            "every_author": int(asked.authors is None),
            "tag": asked.tag or 0,
            "after": asked.after_ms if asked.after_ms is not None else -_TIMELESS,
            "before": asked.before_ms if asked.before_ms is not None else _TIMELESS,
            "limit": MOST + 1,
        }
        statement = q.LISTED
        if asked.terms:
            params["query"] = self._query_of(asked.terms, asked.without)
            statement = q.BEST if asked.best_first else q.NEWEST
        else:
            params["query"] = self._query_of(asked.without, ()) if asked.without else ""
            statement = q.LISTED_WITHOUT if asked.without else q.LISTED

        async def read(tx: Transaction) -> list[Row]:
            await self._limit(tx)
            return await tx.all(statement, **params)

        rows = await self.database.read(read)
        if asked.best_first and asked.terms:
            rows.sort(key=lambda row: row[4], reverse=True)
        return [Hit._make(row[:4]) for row in rows]


async def _put_tags(tx: Transaction, tags: Mapping[int, Iterable[int]]) -> None:
    if not tags:
        return
    await tx.run(q.REMOVE_TAGS, channels=listed(tx.dialect, list(tags)))
    pairs = [{"channel_id": channel_id, "tag_id": tag_id} for channel_id, own in tags.items() for tag_id in own]
    if pairs:
        await tx.many(q.PUT_TAG, pairs)
