"""A database that has served for long: thousands or a million messages, written in bulk."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from widget_server.core import ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL

SHORT = 20
"""Messages in an ordinary conversation."""
OPEN = 200
"""Conversations that somebody still has to answer, the newest ones: they do not grow with what lies behind."""
RECENT = 400
"""Conversations among which most of those are who write now."""
_FIRST_KEY = 1_000_000
"""Keys begin behind those that a server gives out during the measurement."""


class Size(NamedTuple):
    """How much is stored."""

    name: str
    short: int
    """Conversations of `SHORT` messages."""
    long: int
    """Conversations of ``length`` messages."""
    length: int

    @property
    def conversations(self) -> int:
        """All of them."""
        return self.short + self.long

    def last_seq(self, number: int) -> int:
        """How many messages conversation ``number`` (from 0) holds."""
        return SHORT if number < self.short else self.length

    def sample(self, count: int, last: int | None = None) -> list[int]:
        """Some conversations, spread over the ordinary ones, or over the ``last`` of these."""
        among = self.short if last is None else min(last, self.short)
        return [self.short - among + among * turn // count for turn in range(count)]


THOUSANDS = Size("10 thousand", 400, 1, 2_000)
MILLION = Size("1 million", 47_500, 5, 10_000)


def channel_name(number: int) -> str:
    """The public name of a conversation's channel."""
    return _uuid(2 * number)


def token_of(number: int) -> str:
    """The token of a conversation's visitor."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"%d" % number).digest()).rstrip(b"=").decode()


def fill_sqlite(path: Path, size: Size, known: list[int]) -> None:
    """Fill an installation's database; the visitors of ``known`` conversations can come back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-200000")
        site, agent = _asked(lambda sql: connection.execute(sql).fetchone()[0])
        connection.execute("BEGIN")
        for sql in _statements(size, site, agent, "printf('%012x', {})"):
            connection.execute(sql)
        for number in known:
            connection.execute(*_know(number, "?"))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgresql(server: PostgreSQL, database: str, size: Size, known: list[int]) -> None:
    """The same on PostgreSQL."""

    async def fill(connection: Any) -> None:
        # Rows are made to refer to each other: nothing has to look each one up.
        await connection.execute("SET session_replication_role = replica")
        site = await connection.fetchval(_SITE)
        agent = await connection.fetchval(_AGENT)
        async with connection.transaction():
            for sql in _statements(size, site, agent, "lpad(to_hex({}), 12, '0')"):
                await connection.execute(sql)
            for number in known:
                sql, values = _know(number, "$")
                await connection.execute(sql, *values)
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")

    server.ask(fill, database)


_SITE = "SELECT min(id) FROM site"
_AGENT = "SELECT min(person_id) FROM role_grant"


def _asked(ask: Any) -> tuple[int, int]:
    return ask(_SITE), ask(_AGENT)


def _know(number: int, mark: str) -> tuple[str, tuple[str, int]]:
    """Let a conversation's visitor be known by the token that `token_of` makes."""
    first, second = (mark, mark) if mark == "?" else (f"{mark}1", f"{mark}2")
    sql = f"UPDATE identity SET value = {first} WHERE id = {second}"
    return sql, (ids.token_hash(token_of(number)), _FIRST_KEY + number)


def _uuid(number: int) -> str:
    return f"01990000-0000-7000-8000-{number:012x}"


def _statements(size: Size, site: int, agent: int, hex12: str) -> Iterator[str]:
    """Everything, as one statement for each table: conversation ``n`` has visitor, channel and staff channel ``n``."""

    def uuid(number: str) -> str:
        return f"'01990000-0000-7000-8000-' || {hex12.format(number)}"

    person, channel, staff = f"{_FIRST_KEY} + n", f"{_FIRST_KEY} + 2 * n", f"{_FIRST_KEY} + 2 * n + 1"
    at = "1760000000000 + 1000 * n"
    last = f"CASE WHEN n < {size.short} THEN {SHORT} ELSE {size.length} END"
    is_open = f"n BETWEEN {size.short - OPEN} AND {size.short - 1}"
    everyone = _numbers(size.conversations)
    yield (
        f"{everyone} INSERT INTO person (id, public_id, kind, availability, created_at, stamp)"
        f" SELECT {person}, {uuid('n + 500000000')}, 'visitor', 'online', {at}, 1 FROM numbers"
    )
    yield (
        f"{everyone} INSERT INTO identity (id, person_id, kind, scope, value, created_at)"
        f" SELECT {person}, {person}, 'visitor_token', {site}, {uuid('n')}, {at} FROM numbers"
    )
    yield (
        f"{everyone} INSERT INTO contact (site_id, person_id, attributes, context, updated_at)"
        f" SELECT {site}, {person}, '{{}}', '{{\"url\": \"https://shop.test/\"}}', {at} FROM numbers"
    )
    columns = "id, public_id, kind, site_id, creator_id, client_id, beside_id, last_seq, version, created_at, stamp"
    yield (
        f"{everyone} INSERT INTO channel ({columns})"
        f" SELECT {channel}, {uuid('2 * n')}, 'conversation', {site}, {person}, {uuid('2 * n')}, NULL, {last}, {last},"
        f" {at}, 1 FROM numbers"
    )
    yield (
        f"{everyone} INSERT INTO channel ({columns})"
        f" SELECT {staff}, {uuid('2 * n + 1')}, 'staff', {site}, {person}, {uuid('2 * n + 1')}, {channel}, 0, 1,"
        f" {at}, 1 FROM numbers"
    )
    yield (
        f"{everyone} INSERT INTO conversation (channel_id, staff_id, site_id, visitor_id, status, assignee_id,"
        " visitor_delivered, visitor_seen, agents_delivered, agents_seen, activity_at, stamp)"
        f" SELECT {channel}, {staff}, {site}, {person}, CASE WHEN {is_open} THEN 'open' ELSE 'resolved' END,"
        f" CASE WHEN {is_open} THEN NULL ELSE {agent} END, {last}, {last}, {last},"
        f" CASE WHEN {is_open} THEN {last} - 3 ELSE {last} END, {at}, 1 FROM numbers"
    )
    yield (
        f"{everyone} INSERT INTO reader (channel_id, person_id, delivered_seq, seen_seq)"
        f" SELECT {channel}, {agent}, {last}, {last} FROM numbers"
    )
    yield _messages(size.short * SHORT, SHORT, 0, 0, agent, uuid)
    yield _messages(size.long * size.length, size.length, size.short, size.short * SHORT, agent, uuid)


def _messages(count: int, each: int, first: int, before: int, agent: int, uuid: Any) -> str:
    """``each`` messages in every conversation from ``first`` on; ``before`` messages were written before."""
    no, number, seq = f"{before} + n", f"{first} + n / {each}", f"n % {each} + 1"
    visitor = f"{_FIRST_KEY} + {number}"
    return (
        f"{_numbers(count)} INSERT INTO message (no, channel_id, seq, author_id, side, kind, body, client_id, digest,"
        " revision, first_version, version, created_at)"
        f" SELECT {_FIRST_KEY} + {no}, {_FIRST_KEY} + 2 * ({number}), {seq},"
        f" CASE WHEN n % 2 = 0 THEN {visitor} ELSE {agent} END, CASE WHEN n % 2 = 0 THEN 'visitor' ELSE 'agent' END,"
        f" 'text', 'Message ' || n || ' of some eighty characters, as long as most of those that people write.',"
        f" {uuid(no)}, '0123456789abcdef', 0, {seq}, {seq}, 1760000000000 + 1000 * ({number}) + {seq} FROM numbers"
    )


def _numbers(count: int) -> str:
    return f"WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count})"
