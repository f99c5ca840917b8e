"""How the index of words follows the store: everything once, then what was touched since a stamp.

A channel that was touched is read from where the index knows it: new messages by their ``seq``, changed ones by their
``version``; what its head says (board, title, tags, removed or not) is compared as a whole. A step that is repeated
writes the same again, so it does not matter where one ends.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.core.plain import plain_of
from widget_server.core.words import split_words
from widget_server.store.lists import listed
from widget_server.store.queries import indexing as q
from widget_server.store.search import (
    COMPLETE,
    NOBODY,
    Changes,
    Entry,
    Known,
    Progress,
    board_scope,
    room_scope,
    site_scope,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.search import Index

BATCH: Final = 500
"""Messages in one step: so long nobody else waits for the reader, or for Python."""
_CHANNELS: Final = 100
_TEXTS: Final = frozenset({"text", "file"})


class Head(NamedTuple):
    """Of a channel, what its entries depend on."""

    id: int
    kind: str
    site_id: int | None
    last_seq: int
    version: int
    title: str | None
    board_id: int | None
    removed_at: int | None
    beside: str | None
    """The kind of the channel that a staff channel stands beside."""

    @property
    def scope(self) -> str:
        """Who may find what is in it."""
        if self.kind == "thread" and self.board_id is not None and self.removed_at is None:
            return board_scope(self.board_id)
        if self.kind == "room" and self.removed_at is None:
            return room_scope(self.id)
        is_talk = self.kind == "conversation" or (self.kind == "staff" and self.beside == "conversation")
        return site_scope(self.site_id) if is_talk and self.site_id is not None else NOBODY

    def summary(self, tags: Iterable[int]) -> str:
        """What is compared to see whether the head has changed."""
        return orjson.dumps([self.scope, self.title, sorted(tags)]).decode()


class Written(NamedTuple):
    """A message."""

    no: int
    channel_id: int
    seq: int
    author_id: int
    kind: str
    body: str
    at: int
    removed_at: int | None

    @property
    def is_text(self) -> bool:
        """Whether it has something to be found."""
        return self.removed_at is None and self.kind in _TEXTS


_FACTS: Final = len(Written._fields)


class _Read(NamedTuple):
    """What of some channels is not in the index yet, from one snapshot."""

    heads: Mapping[int, Head]
    tags: Mapping[int, set[int]]
    messages: list[Written]
    upto: Mapping[int, int]
    """How far (``seq``) each channel was read."""


class Indexing:
    """Keeps one index; several may try, and one of them comes through.

    Args:
        database: the store.
        index: what is kept.
        epoch: of the installation.
    """

    def __init__(self, database: Database, index: Index, epoch: str) -> None:
        self._db = database
        self._index = index
        self._epoch = epoch

    async def step(self, before: Progress) -> tuple[Progress, bool]:
        """Go one step on, and say how far that is and whether there is more to do at once.

        Raises:
            Overtaken: somebody else went on from ``before``.
            StoreUnavailable: as ever.
        """
        if before.epoch != self._epoch:
            return await self._begin(before), True
        if before.built != COMPLETE:
            return await self._walk(before), True
        return await self._follow(before), False

    async def size(self) -> int:
        """The number of the last message there is: how far the first reading has to go."""
        row = await self._db.read(lambda tx: tx.one(q.LAST_NO))
        return int(row[0]) if row else 0

    async def _begin(self, before: Progress) -> Progress:
        async def read(tx: Transaction) -> tuple[int, list[Row]]:
            return await self._db.cursor(tx), await tx.all(q.BOARDS, stamp=0)

        # Whatever is written from here on is found by its stamp.
        cursor, boards = await self._db.read(read)
        after = before._replace(epoch=self._epoch, cursor=cursor, built=0)
        return await self._index.write(before, after, Changes([_board_entry(row) for row in boards]))

    async def _walk(self, before: Progress) -> Progress:
        async def read(tx: Transaction) -> tuple[list[Row], dict[int, set[int]]]:
            rows = await tx.all(q.WALK, after=before.built, limit=BATCH)
            return rows, await _tags_of(tx, {row[1] for row in rows if row[2] == 1})

        rows, tags = await self._db.read(read)
        if not rows:
            return await self._index.write(before, before._replace(built=COMPLETE))
        heads = {row[1]: Head._make(row[_FACTS:]) for row in rows}
        messages = [Written._make(row[:_FACTS]) for row in rows]
        entries = await asyncio.to_thread(_entries_of, [each for each in messages if each.is_text], heads)
        return await self._index.write(before, before._replace(built=rows[-1][0]), Changes(entries, tags=tags))

    async def _follow(self, before: Progress) -> Progress:
        async def look(tx: Transaction) -> tuple[int, list[Row]]:
            upto = await self._db.cursor(tx)
            # With several writers an older transaction may hold the cursor where it is while younger ones commit.
            is_still = self._db.one_writer and upto == before.cursor
            return upto, [] if is_still else await tx.all(q.BOARDS, stamp=before.cursor)

        upto, boards = await self._db.read(look)
        if self._db.one_writer and upto == before.cursor:
            return before
        now = before
        if boards:
            now = await self._index.write(now, now, Changes([_board_entry(row) for row in boards]))
        stamp, after = before.cursor, 0
        while True:
            page = await self._channels(stamp, after)
            now = await self._take_in(now, [row[0] for row in page])
            if len(page) < _CHANNELS:
                break
            after, stamp = page[-1]
        return now if upto == now.cursor else await self._index.write(now, now._replace(cursor=upto))

    async def _channels(self, stamp: int, after: int) -> list[Row]:
        return await self._db.read(lambda tx: tx.all(q.CHANNELS, stamp=stamp, after=after, limit=_CHANNELS))

    async def _take_in(self, now: Progress, channels: Collection[int]) -> Progress:
        """Bring these channels up to date, a batch of messages after the other."""
        known = await self._index.known(channels) if channels else {}
        waiting = set(channels)
        while waiting:
            found = await self._read(waiting, known)
            changes = await asyncio.to_thread(_changes_of, found, known)
            if changes.entries or changes.gone or changes.scopes or changes.known:
                now = await self._index.write(now, now, changes)
            known |= changes.known
            waiting = {key for key, seq in found.upto.items() if seq < found.heads[key].last_seq}
            waiting |= found.heads.keys() - found.upto.keys()
        return now

    async def _read(self, channels: Collection[int], known: Mapping[int, Known]) -> _Read:
        async def read(tx: Transaction) -> _Read:
            rows = await tx.all(q.HEADS, channels=listed(tx.dialect, sorted(channels)))
            heads = {row[0]: Head._make(row) for row in rows}
            tags = await _tags_of(tx, [key for key, head in heads.items() if head.kind == "thread"])
            new, changed, upto = _wanted(heads, known, tags)
            found = [*await _of_each(tx, q.CHANGED, changed), *await _of_each(tx, q.BETWEEN, new)]
            return _Read(heads, tags, [Written._make(row) for row in found], upto)

        return await self._db.read(read)


def _wanted(
    heads: Mapping[int, Head], known: Mapping[int, Known], tags: Mapping[int, set[int]]
) -> tuple[list[list[int]], list[list[int]], dict[int, int]]:
    """Which messages to read: (new ones, changed ones, how far that brings each channel)."""
    new: list[list[int]] = []
    changed: list[list[int]] = []
    upto: dict[int, int] = {}
    room = BATCH
    for key, head in heads.items():
        own = known.get(key)
        after = own.last_seq if own else 0
        if room <= 0 and after < head.last_seq:
            continue
        upto[key] = min(head.last_seq, after + room)
        room -= upto[key] - after
        if upto[key] > after:
            new.append([key, after, upto[key]])
        if own is not None and own.version < head.version:
            changed.append([key, own.version, head.version])
        if own is not None and after and own.head != head.summary(tags.get(key, ())):
            # The first post carries the title.
            new.append([key, 0, 1])
    return new, changed, upto


async def _of_each(tx: Transaction, statement: Any, rows: Sequence[Sequence[int]]) -> list[Row]:
    if not rows:
        return []
    if tx.dialect == "sqlite":
        return await tx.all(statement, rows=orjson.dumps(rows).decode())
    ids, low, high = ([row[place] for row in rows] for place in range(3))
    return await tx.all(statement, ids=ids, low=low, high=high)


async def _tags_of(tx: Transaction, channels: Collection[int]) -> dict[int, set[int]]:
    """The tags of each of these channels, also of one that has none."""
    tags: dict[int, set[int]] = {key: set() for key in channels}
    if tags:
        for channel_id, tag_id in await tx.all(q.TAGS, channels=listed(tx.dialect, list(tags))):
            tags[channel_id].add(tag_id)
    return tags


def _changes_of(found: _Read, known: Mapping[int, Known]) -> Changes:
    now: dict[int, Known] = {}
    scopes: dict[int, str] = {}
    tags: dict[int, set[int]] = {}
    for key, seq in found.upto.items():
        head, own = found.heads[key], known.get(key)
        summary = head.summary(found.tags.get(key, ()))
        if own is None or own.head != summary:
            scopes[key] = head.scope
            tags[key] = found.tags.get(key, set())
        if own != (made := Known(seq, head.version, summary)):
            now[key] = made
    read = {each.no: each for each in found.messages}
    return Changes(
        _entries_of([each for each in read.values() if each.is_text], found.heads),
        [each.no for each in read.values() if not each.is_text],
        scopes,
        tags,
        now,
    )


def _entries_of(messages: Iterable[Written], heads: Mapping[int, Head]) -> list[Entry]:
    return [_entry(each, heads[each.channel_id]) for each in messages if heads[each.channel_id].kind in _KINDS]


_KINDS: Final = {"thread": "post", "conversation": "message", "staff": "note", "room": "said"}


def _entry(written: Written, head: Head) -> Entry:
    opens = head.kind == "thread" and written.seq == 1
    return Entry(
        written.no,
        "thread" if opens else _KINDS[head.kind],
        head.scope,
        written.channel_id,
        written.seq,
        written.author_id,
        written.at,
        split_words(head.title or "") if opens else (),
        split_words(plain_of(written.body) if head.kind == "thread" else written.body),
    )


def _board_entry(row: Row) -> Entry:
    key, name, description, creator_id, created_at = row
    title, text = split_words(name), split_words(plain_of(description))
    return Entry(-key, "board", board_scope(key), 0, 0, creator_id or 0, created_at, title, text)
