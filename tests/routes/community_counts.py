"""What the community keeps beside its rows, held against the rows themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from sqlalchemy import text

from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction

_LIVING: Final = "m.channel_id = t.channel_id AND m.kind = 'text' AND m.removed_at IS NULL"
_HAS_LIVING: Final = f"EXISTS (SELECT 1 FROM message m WHERE {_LIVING})"
_WHOLE: Final = "NOT EXISTS (SELECT 1 FROM forward f WHERE f.channel_id = t.channel_id AND f.seq = 1)"

_PROBLEMS: Final = {
    "replies": f"""SELECT t.number, t.replies, (SELECT count(*) FROM message m WHERE {_LIVING} AND m.seq > 1)
        FROM thread t WHERE t.replies <> (SELECT count(*) FROM message m WHERE {_LIVING} AND m.seq > 1)""",
    "last author": f"""SELECT t.number, t.last_author_id FROM thread t WHERE {_HAS_LIVING} AND t.last_author_id <>
        (SELECT m.author_id FROM message m WHERE {_LIVING} ORDER BY m.seq DESC LIMIT 1)""",
    "activity": f"""SELECT t.number, t.activity_at, (SELECT max(m.created_at) FROM message m WHERE {_LIVING})
        FROM thread t WHERE {_HAS_LIVING} AND t.activity_at <>
        (SELECT max(m.created_at) FROM message m WHERE {_LIVING})""",
    "threads of a board": """SELECT b.slug, b.threads FROM board b WHERE b.threads <>
        (SELECT count(*) FROM thread t WHERE t.board_id = b.id AND t.removed_at IS NULL)""",
    "score of a post": """SELECT m.no, m.score FROM message m WHERE m.branch IS NOT NULL AND coalesce(m.score, 0) <>
        (SELECT coalesce(sum(v.value), 0) FROM vote v WHERE v.message_no = m.no)""",
    "score of a thread": f"""SELECT t.number, t.score FROM thread t WHERE {_WHOLE} AND t.score <>
        (SELECT coalesce(sum(v.value), 0) FROM vote v JOIN message m ON m.no = v.message_no
         WHERE m.channel_id = t.channel_id AND m.seq = 1)""",
    "holes in a log": """SELECT c.id, c.last_seq, (SELECT count(*) FROM message m WHERE m.channel_id = c.id)
        FROM channel c WHERE c.kind = 'thread' AND (
        c.last_seq <> (SELECT count(*) FROM message m WHERE m.channel_id = c.id) OR
        c.last_seq <> (SELECT coalesce(max(m.seq), 0) FROM message m WHERE m.channel_id = c.id))""",
    "version": """SELECT m.channel_id, m.seq, m.version FROM message m JOIN channel c ON c.id = m.channel_id
        WHERE m.version > c.version""",
    "marks": """SELECT r.person_id, r.channel_id, r.seen_seq FROM reader r JOIN channel c ON c.id = r.channel_id
        WHERE r.seen_seq > c.last_seq""",
    "accepted answer": """SELECT t.number, t.accepted_seq FROM thread t WHERE t.accepted_seq IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM message m WHERE m.channel_id = t.channel_id AND m.seq = t.accepted_seq
         AND m.kind = 'text' AND m.removed_at IS NULL)""",
    "parents": """SELECT m.channel_id, m.seq, m.parent FROM message m
        WHERE m.parent IS NOT NULL AND m.branch IS NOT NULL AND (m.parent >= m.seq OR NOT EXISTS
        (SELECT 1 FROM message p WHERE p.channel_id = m.channel_id AND p.seq = m.parent))""",
    "tombstones that lead nowhere": """SELECT f.channel_id, f.seq FROM forward f WHERE NOT EXISTS
        (SELECT 1 FROM message m WHERE m.channel_id = f.to_channel_id AND m.seq = f.to_seq AND m.kind = 'text')""",
    "what removed posts say": """SELECT m.no FROM message m WHERE m.branch IS NOT NULL AND m.removed_at IS NOT NULL
        AND (m.body <> '' OR EXISTS (SELECT 1 FROM rendering r WHERE r.message_no = m.no))""",
    "what posts look like": """SELECT m.no FROM message m LEFT JOIN rendering r ON r.message_no = m.no
        WHERE m.branch IS NOT NULL AND m.kind = 'text' AND m.removed_at IS NULL
        AND (r.revision IS NULL OR r.revision <> m.revision)""",
    "reports": """SELECT r.id FROM report r JOIN message m ON m.no = r.message_no
        JOIN thread t ON t.channel_id = m.channel_id WHERE r.decided_at IS NULL AND r.board_id <> t.board_id""",
    "what waits": """SELECT count(*) FROM tally_due HAVING count(*) > 0""",
}
_STATEMENTS: Final = {name: Statement(text(sql)) for name, sql in _PROBLEMS.items()}

_POLLS: Final = Statement(text(f"SELECT t.channel_id, t.tally FROM poll t WHERE {_WHOLE}"))
_CHOICES: Final = Statement(
    text('SELECT channel_id, "option", count(*) FROM poll_vote GROUP BY channel_id, "option" ORDER BY 1, 2')
)
_TALLIES: Final = Statement(text("SELECT no, tally FROM message WHERE branch IS NOT NULL"))
_VOTES: Final = Statement(
    text(
        "SELECT message_no, CASE WHEN value > 0 THEN 'up' ELSE 'down' END, count(*) FROM vote GROUP BY 1, 2"
        " UNION ALL SELECT message_no, emoji, count(*) FROM reaction GROUP BY 1, 2"
    )
)


async def problems_of(database: Database) -> list[str]:
    """Return whatever is kept beside the rows and is not what they say; nothing may wait to be counted any more."""
    return await database.read(_read)


async def _read(tx: Transaction) -> list[str]:
    found = []
    for name, statement in _STATEMENTS.items():
        found += [f"{name}: {tuple(row)}" for row in await tx.all(statement)]
    chosen: dict[int, dict[str, int]] = {}
    for channel_id, option, count in await tx.all(_CHOICES):
        chosen.setdefault(channel_id, {})[str(option)] = count
    for channel_id, told in await tx.all(_POLLS):
        if orjson.loads(told) != chosen.get(channel_id, {}):
            found.append(f"poll: {channel_id} says {told} of {chosen.get(channel_id)}")
    thought: dict[int, dict[str, int]] = {}
    for no, what, count in await tx.all(_VOTES):
        thought.setdefault(no, {})[what] = count
    for no, told in await tx.all(_TALLIES):
        if {what: count for what, count in orjson.loads(told or "{}").items() if count} != thought.get(no, {}):
            found.append(f"tally: {no} says {told} of {thought.get(no)}")
    return found
