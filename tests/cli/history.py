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
            INSERT INTO role (key, name, folded_name, permissions, created_at, stamp)
                VALUES ('night', 'Night watch', 'night watch', 32, 5, 9);
            INSERT INTO link (purpose, person_id, created_at, expires_at) VALUES ('reset', {talks} + 1, 5, 6);
            INSERT INTO passkey (person_id, credential_id, public_key, name, created_at)
                VALUES ({talks} + 1, 'credential', 'key', 'Laptop', 5);
            INSERT INTO second_factor (person_id, secret, created_at) VALUES ({talks} + 1, 'sealed', 5);
            INSERT INTO recovery_code (person_id, code_hash) VALUES ({talks} + 1, 'hash');
            INSERT INTO follow (follower_id, followed_id, created_at) VALUES ({talks} + 1, 1, 5);
            INSERT INTO picture (hash, content_type, body, created_at) VALUES ('hash', 'image/webp', 'AAAA', 5);
            INSERT INTO ban (kind, person_id, reason, made_by, created_at, stamp)
                VALUES ('account', 1, 'spam', {talks} + 1, 5, 9);
            INSERT INTO sign_in (person_id, at, way, outcome) VALUES ({talks} + 1, 5, 'password', 'good');
            INSERT INTO audit (at, actor_id, verb, object_kind, object_id)
                VALUES (5, {talks} + 1, 'ban', 'person', '1');
            INSERT INTO api_token (public_id, token_hash, person_id, name, made_by, created_at)
                VALUES ('token', 'hash', {talks} + 1, 'Script', {talks} + 1, 5);
            INSERT INTO api_answer (owner, key, digest, created_at) VALUES ('token', 'key', 'd', 5);
            INSERT INTO site_secret (site_id, key_id, secret, created_at) VALUES (1, 'key', 'sealed', 5);
            INSERT INTO used_nonce (site_id, nonce, token_hash, expires_at) VALUES (1, 'nonce', 'hash', 6);
            INSERT INTO webhook (public_id, site_id, url, secret, created_at)
                VALUES ('hook', 1, 'https://shop.example/hook', 'sealed', 5);
            INSERT INTO outbox (topic, channel_id, payload, created_at, due_at) VALUES ('mail', 2, '{{}}', 5, 6);
            INSERT INTO webhook_delivery (webhook_id, outbox_id, event_id, topic, payload, created_at, due_at)
                VALUES (1, 1, 'event', 'message.created', '{{}}', 5, 6);
            INSERT INTO board (id, public_id, slug, name, folded_name, created_at, stamp)
                VALUES (1, 'board', 'plants', 'Plants', 'plants', 5, 9);
            INSERT INTO thread (channel_id, number, board_id, author_id, last_author_id, created_at, activity_at)
                VALUES (2, 1, 1, 1, 1, 5, 6);
            INSERT INTO tag (id, name) VALUES (1, 'leaves');
            INSERT INTO thread_tag (tag_id, channel_id) VALUES (1, 2);
            INSERT INTO rendering (message_no, revision, renderer, html) VALUES (1, 0, 1, '<p>before</p>');
            INSERT INTO vote (message_no, person_id, value, created_at) VALUES (1, 1, 1, 5);
            INSERT INTO reaction (message_no, person_id, emoji, created_at) VALUES (1, 1, '🦊', 5);
            INSERT INTO tally_due (message_no, due_at) VALUES (1, 5);
            INSERT INTO poll (channel_id, question, options) VALUES (2, 'Which?', '["One", "Two"]');
            INSERT INTO poll_vote (channel_id, person_id, option, created_at) VALUES (2, 1, 0, 5);
            INSERT INTO bookmark (person_id, channel_id, seq, created_at) VALUES (1, 2, 1, 5);
            INSERT INTO draft (person_id, place, body, updated_at) VALUES (1, 'reply:1', 'Not yet', 5);
            INSERT INTO ignored (person_id, ignored_id, created_at) VALUES (1, 2, 5);
            INSERT INTO board_mark (person_id, board_id, read_at) VALUES (1, 0, 5);
            INSERT INTO notice (person_id, kind, created_at, stamp) VALUES (1, 'reply', 5, 9);
            INSERT INTO held_post (public_id, author_id, client_id, board_id, kind, payload, why, created_at)
                VALUES ('held', 1, 'held', 1, 'reply', '{{}}', 'first', 5);
            INSERT INTO report (public_id, reporter_id, message_no, reason, created_at)
                VALUES ('report', 1, 1, 'spam', 5);
            INSERT INTO silence (person_id, made_by, created_at) VALUES (1, 2, 5);
            INSERT INTO person_note (person_id, author_id, kind, body, created_at) VALUES (1, 2, 'note', 'Kind', 5);
            INSERT INTO forward (channel_id, seq, to_channel_id, to_seq) VALUES (2, 2, 4, 2);
            INSERT INTO room (channel_id, name, folded_name, capacity, owner_id, created_at, activity_at, stamp)
                VALUES (4, 'Garden', 'garden', 2, 1, 5, 6, 9);
            INSERT INTO room_invitation (channel_id, person_id, invited_by, created_at) VALUES (4, 2, 1, 5);
            INSERT INTO file (public_id, owner_id, client_id, message_no, name, size, created_at, changed_at)
                VALUES ('file', 1, 'file', 1, 'leaf.png', 7, 5, 6);
            INSERT INTO watching (person_id, kind, object_id, level, created_at) VALUES (1, 'board', 1, 'watch', 5);
            INSERT INTO notice_choice (person_id, changed_at) VALUES (1, 5);
            INSERT INTO push_line (person_id, session_id, endpoint, sealed_keys, created_at)
                VALUES (1, 1, 'https://push.example/line', '{{}}', 5);
            INSERT INTO chat_mail (channel_id, missed_seq) VALUES (2, 1);
        """)
