"""A database with a past: as many messages as a test wants, written straight into a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PER_CONVERSATION = 20


def write_history(path: Path, messages: int) -> None:
    """Fill a migrated and empty SQLite file: a site, an agent, and conversations of 20 messages each.

    Every table has a row at least. A visitor of each tenth conversation was merged into the next one, so that rows
    refer to rows that come after them.

    Args:
        path: of the file, which no server uses.
        messages: how many in all.
    """
    talks = messages // _PER_CONVERSATION
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(f"""
            PRAGMA synchronous=OFF;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {talks})
            INSERT INTO person (id, public_id, kind, created_at, stamp)
                SELECT i, printf('visitor-%d', i), 'visitor', i, i FROM n;
            INSERT INTO person (id, public_id, kind, name, created_at, stamp)
                VALUES ({talks} + 1, 'agent', 'agent', 'Zoë \U0001f98a', 7, 7);
            UPDATE person SET merged_into = id + 1 WHERE id % 10 = 1 AND id < {talks};
            INSERT INTO site (id, key, name, created_at, stamp) VALUES (1, 'shop', 'Shop', 1, 1);
            INSERT INTO role_grant (person_id, site_id, role, stamp) VALUES ({talks} + 1, 0, 'administrator', 9);
            INSERT INTO channel (id, public_id, kind, site_id, creator_id, client_id, last_seq, version, created_at,
                                 stamp)
                SELECT id * 2, printf('channel-%d', id), 'conversation', 1, id, printf('start-%d', id),
                       {_PER_CONVERSATION}, {_PER_CONVERSATION}, id, id FROM person WHERE kind = 'visitor';
            INSERT INTO channel (id, public_id, kind, site_id, creator_id, client_id, beside_id, created_at, stamp)
                SELECT id * 2 - 1, printf('staff-%d', id), 'staff', 1, id, printf('staff-%d', id), id * 2, id, id
                FROM person WHERE kind = 'visitor';
            INSERT INTO conversation (channel_id, staff_id, site_id, visitor_id, activity_at, stamp)
                SELECT id * 2, id * 2 - 1, 1, id, id, id FROM person WHERE kind = 'visitor';
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {talks * _PER_CONVERSATION} - 1)
            INSERT INTO message (no, channel_id, seq, author_id, side, kind, body, client_id, digest, first_version,
                                 version, created_at)
                SELECT i + 1, (i / {_PER_CONVERSATION} + 1) * 2, i % {_PER_CONVERSATION} + 1,
                       i / {_PER_CONVERSATION} + 1, 'visitor', 'text',
                       printf('Message %d: where is my parcel? Größe 44, café ☕', i), printf('client-%d', i), 'd',
                       i % {_PER_CONVERSATION} + 1, i % {_PER_CONVERSATION} + 1, 1700000000000 + i FROM n;
            INSERT INTO identity (person_id, kind, value, secret, created_at)
                VALUES ({talks} + 1, 'mail', 'zoe@chat.test', 'hash', 5);
            INSERT INTO session (token_hash, person_id, created_at, seen_at, expires_at, stamp)
                VALUES ('token', {talks} + 1, 5, 6, 7, 8);
            INSERT INTO contact (site_id, person_id, name, updated_at) VALUES (1, 1, 'Ömer', 5);
            INSERT INTO membership (channel_id, person_id, joined_at, stamp) VALUES (2, 1, 5, 9);
            INSERT INTO reader (channel_id, person_id, delivered_seq, seen_seq) VALUES (2, {talks} + 1, 4, 3);
            INSERT INTO revision (message_no, revision, body, person_id, created_at) VALUES (1, 0, 'before', 1, 5);
            INSERT INTO canned_reply (shortcut, body, updated_at) VALUES ('hi', 'Hello there', 5);
            INSERT INTO outbox (topic, channel_id, payload, created_at, due_at) VALUES ('mail', 2, '{{}}', 5, 6);
        """)
