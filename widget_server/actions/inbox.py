"""An agent's lists: pages of a view, rows that changed since a cursor, search by text."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from widget_server.actions.access import access_channel
from widget_server.actions.actors import Agent
from widget_server.actions.engine import Engine
from widget_server.core.conversation import Status
from widget_server.core.errors import Malformed, Refused
from widget_server.core.permissions import Actor as Rights
from widget_server.core.permissions import Sites, answered_sites, can_answer
from widget_server.core.text import check_characters
from widget_server.protocol import encode
from widget_server.protocol import frames as f
from widget_server.store.database import Database, Transaction
from widget_server.store.lists import listed
from widget_server.store.queries import channels as channel_queries
from widget_server.store.queries import conversations as q
from widget_server.store.queries import sites as site_queries
from widget_server.store.queries.conversations import row_state
from widget_server.store.records import State

CHANGED_MAX: Final = 500
"""More changed rows than this: the list is loaded afresh."""
_END = 2**62


async def access_sites(tx: Transaction, agent: Agent) -> list[int]:
    """The keys of the sites whose conversations the agent may see."""
    allowed: Sites = answered_sites(agent.rights)
    return [row[0] for row in await tx.all(q.SITE_IDS) if row[0] in allowed]


def _place(before: str | None) -> tuple[int, int]:
    """From ``next`` of a page to (activity, key)."""
    if before is None:
        return _END, _END
    at, _, key = before.partition(".")
    if not (before.isascii() and at.isdigit() and key.isdigit() and len(at) < 18 and len(key) < 19):
        raise Malformed("malformed", where="before")
    return int(at), int(key)


async def page(engine: Engine, agent: Agent, frame: f.ListInbox) -> bytes:
    """A page of a view with the counts beside it, from one snapshot."""
    at, key = _place(frame.before)

    async def read(tx: Transaction) -> bytes:
        sites = listed(tx.dialect, await access_sites(tx, agent))
        params: dict[str, Any] = {"sites": sites, "at": at, "key": key, "limit": frame.limit + 1}
        if frame.view.who == "mine":
            params["me"] = agent.author.id
        keys = [row[0] for row in await tx.all(q.VIEWS[frame.view.who, Status(frame.view.status)], **params)]
        found = {row[18]: row for row in await tx.all(q.ROWS_BY_KEY, keys=listed(tx.dialect, keys))}
        rows = [found[key] for key in keys]
        last = rows[frame.limit - 1] if len(rows) > frame.limit else None
        answer: State = {
            "t": "rows",
            "ref": frame.ref,
            "rows": [row_state(row) for row in rows[: frame.limit]],
            "cursor": await engine.database.cursor(tx),
            "next": f"{last[16]}.{last[18]}" if last else None,
            "counts": [list(row) for row in await tx.all(q.COUNTS, sites=sites)],
        }
        return encode.dumps(answer)

    return await engine.database.read(read)


class Wanted(NamedTuple):
    """Which conversations; None leaves out nobody."""

    site_key: str | None = None
    status: Status | None = None
    assignee: str | None = None
    """The public id of a person, or ``nobody``."""


class Listed(NamedTuple):
    """A page of conversations as ``frames.ConversationRow``, and where the next one begins (activity, key)."""

    rows: list[State]
    next: tuple[int, int] | None


async def list_conversations(
    engine: Engine, agent: Agent, wanted: Wanted, *, before: tuple[int, int] | None, limit: int
) -> Listed:
    """Return a page of the conversations that the agent may see, newest activity first.

    :param before: ``next`` of the page before.
    """
    at, place = before or (_END, _END)
    statuses = [wanted.status] if wanted.status else list(Status)

    async def read(tx: Transaction) -> Listed:
        ids = await access_sites(tx, agent)
        if wanted.site_key is not None:
            row = await tx.one(site_queries.BY_KEY, key=wanted.site_key)
            ids = [row[0]] if row is not None and row[0] in ids else []
        params: dict[str, Any] = {"sites": listed(tx.dialect, ids), "at": at, "key": place, "limit": limit + 1}
        who = "all"
        if wanted.assignee == "nobody":
            who = "unassigned"
        elif wanted.assignee is not None:
            person = await tx.one(channel_queries.PERSON, public_id=wanted.assignee)
            who, params["me"] = "mine", person[0] if person else 0
        keys = [row[0] for status in statuses for row in await tx.all(q.VIEWS[who, status], **params)]
        rows = await tx.all(q.ROWS_BY_KEY, keys=listed(tx.dialect, keys))
        rows.sort(key=lambda row: (row[16], row[18]), reverse=True)
        last = rows[limit - 1] if len(rows) > limit else None
        return Listed([row_state(row) for row in rows[:limit]], (last[16], last[18]) if last else None)

    return await engine.database.read(read)


async def read_conversation(engine: Engine, agent: Agent, public_id: str) -> State:
    """Return one conversation as ``frames.ConversationRow``.

    :raises Refused: ``not_found``.
    """

    async def read(tx: Transaction) -> State:
        access = (await access_channel(tx, agent, public_id)).access
        rows = await tx.all(q.ROWS_BY_KEY, keys=listed(tx.dialect, [access.channel_id]))
        if access.kind != "conversation" or not rows:
            raise Refused("not_found")
        return row_state(rows[0])

    return await engine.database.read(read)


async def since(engine: Engine, agent: Agent, cursor: int, epoch: str | None) -> bytes:
    """The rows that changed since a console's cursor, or the word to load afresh."""

    async def read(tx: Transaction) -> bytes:
        upto = await engine.database.cursor(tx)
        if cursor == 0:
            return encode.dumps({"t": "rows", "rows": [], "cursor": upto})
        sites = listed(tx.dialect, await access_sites(tx, agent))
        rows = []
        if epoch == engine.epoch and cursor <= upto:
            rows = await tx.all(q.CHANGED_ROWS, sites=sites, cursor=cursor, limit=CHANGED_MAX + 1)
        if epoch != engine.epoch or cursor > upto or len(rows) > CHANGED_MAX:
            return encode.dumps({"t": "rows", "rows": [], "cursor": upto, "reset": True})
        return encode.dumps({"t": "rows", "rows": [row_state(row) for row in rows], "cursor": upto})

    return await engine.database.read(read)


async def others(engine: Engine, actor: Rights, channel: str) -> list[State]:
    """The other conversations that a conversation's visitor has with its site, newest activity first, at most 50.

    :raises Refused: ``not_found``, also for a conversation that is not the actor's to answer.
    """

    async def read(tx: Transaction) -> list[State]:
        found = await tx.one(q.FACE_OF_CHANNEL, public_id=channel)
        if found is None or not can_answer(actor, found[1]):
            raise Refused("not_found")
        face, site_id, channel_id = found
        keys = [row[0] for row in await tx.all(q.OF_FACE, face=face, site_id=site_id) if row[0] != channel_id]
        rows = {row[18]: row_state(row) for row in await tx.all(q.ROWS_BY_KEY, keys=listed(tx.dialect, keys))}
        return [rows[key] for key in keys]

    return await engine.database.read(read)


class ChangedRows:
    """Rows that changed, each encoded once, with the site it belongs to."""

    def __init__(self, rows: list[tuple[int, bytes]], cursor: int, *, complete: bool) -> None:
        self.rows = rows
        self.cursor = cursor
        self.complete = complete

    def frame(self, sites: Sites) -> bytes | None:
        """What an agent with a right to ``sites`` is told; None: nothing of theirs changed."""
        if not self.complete:
            return encode.dumps({"t": "rows", "rows": [], "cursor": self.cursor, "reset": True})
        own = [data for site_id, data in self.rows if site_id in sites]
        return encode.rows(own, self.cursor) if own else None


async def changed_rows(database: Database, cursor: int) -> ChangedRows:
    """What changed in any list since ``cursor``, read once for all consoles of the node."""

    async def read(tx: Transaction) -> ChangedRows:
        upto = await database.cursor(tx)
        rows = await tx.all(q.ALL_CHANGED_ROWS, cursor=cursor, limit=CHANGED_MAX + 1)
        complete = len(rows) <= CHANGED_MAX
        return ChangedRows([(row[19], orjson.dumps(row_state(row))) for row in rows], upto, complete=complete)

    return await database.read(read)


def _pattern(text: str) -> str:
    """A LIKE pattern in which every character stands for itself.

    :raises Unacceptable: ``bad_text`` for what no message may contain and no database would compare.
    """
    check_characters(text)
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def search(engine: Engine, agent: Agent, frame: f.Search) -> bytes:
    """Conversations of the agent's sites that contain the text, newest first, one hit for each."""

    async def read(tx: Transaction) -> bytes:
        sites = listed(tx.dialect, await access_sites(tx, agent))
        found = await tx.all(q.SEARCH, sites=sites, pattern=_pattern(frame.text), limit=frame.limit)
        keys = listed(tx.dialect, [row[0] for row in found])
        rows = {row[18]: row_state(row) for row in await tx.all(q.ROWS_BY_KEY, keys=keys)}
        hits = []
        for key, seq in found:
            body = await tx.one(q.BODY, channel_id=key, seq=seq)
            if body is not None and key in rows:
                hits.append({"row": rows[key], "seq": seq, "text": body[0][:500]})
        return encode.dumps({"t": "found", "ref": frame.ref, "hits": hits})

    return await engine.database.read(read)
