"""Drafts: what somebody has begun to write and not sent, kept so that no closed tab loses it.

A draft has a *place*, one for each form: ``new:BOARD`` (its slug), ``reply:THREAD``, ``edit:THREAD:SEQ``. Sending the
form drops the draft in the transaction that writes the post.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.core.errors import Unacceptable
from widget_server.core.text import check_characters
from widget_server.store.queries import drafts as q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.engine import Engine
    from widget_server.store.database import Row, Transaction
    from widget_server.store.records import Committed

DRAFTS: Final = 100
"""So many one may keep."""
DRAFT_CHARS: Final = 50_000
DETAIL_CHARS: Final = 2_000
DETAILS: Final = ("title", "kind", "tags", "poll_question", "poll_options", "poll_choices", "poll_days", "parent")
"""Other fields of the forms that are kept with the text."""
_PLACE: Final = re.compile(r"new:[^/:\s]{1,120}|reply:\d{1,12}|edit:\d{1,12}:\d{1,12}")


class Draft(NamedTuple):
    """Something that was begun."""

    place: str
    body: str
    details: Mapping[str, str]
    updated_at: int

    @property
    def fields(self) -> dict[str, str]:
        """As the fields of its form."""
        return {**self.details, "body": self.body}


def new_thread(slug: str) -> str:
    """The place of a thread that is begun on a board."""
    return f"new:{slug}"


def reply_in(number: int) -> str:
    """The place of an answer in a thread."""
    return f"reply:{number}"


def edit_of(number: int, seq: int) -> str:
    """The place of a change of a post."""
    return f"edit:{number}:{seq}"


def is_place(text: str) -> bool:
    """Whether a draft can stand there."""
    return _PLACE.fullmatch(text) is not None


async def read_draft(tx: Transaction, person_id: int, place: str) -> Draft | None:
    """Return what somebody has begun to write there."""
    row = await tx.one(q.AT, person_id=person_id, place=place)
    return None if row is None else _draft_of(row)


async def read_to_answer(tx: Transaction, person_id: int, place: str) -> tuple[bool, Draft | None]:
    """As :func:`read_draft`, with whether somebody has a silence that has not been lifted: it has to be looked at."""
    row = await tx.one(q.TO_ANSWER, person_id=person_id, place=place)
    if row is None:
        return False, None
    return bool(row[0]), None if row[1] is None else _draft_of(row[1:])


async def list_drafts(tx: Transaction, person_id: int) -> list[Draft]:
    """Return what somebody has begun to write, the newest first; there are at most :data:`DRAFTS`."""
    return [_draft_of(row) for row in await tx.all(q.ALL, person_id=person_id)]


def _draft_of(row: Row) -> Draft:
    return Draft(row[0], row[1], orjson.loads(row[2]), row[3])


async def drop_draft(tx: Transaction, person_id: int, place: str) -> None:
    """Drop a draft: it was sent."""
    await tx.run(q.DROP, person_id=person_id, place=place)


async def do_keep_draft(engine: Engine, person_id: int, place: str, fields: Mapping[str, Any]) -> None:
    """Keep what somebody has typed into a form; an empty one is dropped. It replaces what was kept for the form before.

    Args:
        engine: the works.
        person_id: whose.
        place: of the form.
        fields: ``body`` and :data:`DETAILS`, as typed; others are left out.

    Raises:
        Unacceptable: ``bad_value`` for a place that is none, ``bad_text``, ``too_many``, ``message_too_long``.
    """
    now = engine.clock.now_ms()
    body = str(fields.get("body", ""))
    details = {name: str(fields[name])[:DETAIL_CHARS] for name in DETAILS if fields.get(name)}
    if not is_place(place):
        raise Unacceptable("bad_value", field="place")
    if len(body) > DRAFT_CHARS:
        raise Unacceptable("message_too_long", limit=DRAFT_CHARS)
    for text in (body, *details.values()):
        check_characters(text)

    async def work(tx: Transaction, _: Committed) -> None:
        if not body.strip() and not details.get("title"):
            await drop_draft(tx, person_id, place)
            return
        others = await tx.one(q.COUNT_OTHERS, person_id=person_id, place=place)
        if others is not None and others[0] >= DRAFTS:
            raise Unacceptable("too_many", limit=DRAFTS)
        kept = orjson.dumps(details).decode()
        await tx.run(q.KEEP, person_id=person_id, place=place, body=body, details=kept, updated_at=now)

    await engine.committer.run(work)


async def do_drop_draft(engine: Engine, person_id: int, place: str) -> None:
    """Throw a draft away."""

    async def work(tx: Transaction, _: Committed) -> None:
        await drop_draft(tx, person_id, place)

    await engine.committer.run(work)
