"""Waking browsers (web push, RFC 8030): what is due in the outbox, sealed for each of a member's browsers and sent out.

A push service is an address that a browser gave, so everything goes through the guard on outgoing requests. At least
once: a browser that is told of the same notice again shows it in the place of the first.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from widget_server.actions.notice_mails import access_push, do_note_pushed
from widget_server.actions.push_lines import do_drop_line, do_note_failure, do_note_sent, list_lines
from widget_server.core.web_push import MAX_TEXT_BYTES, SALT_BYTES, sealed
from widget_server.ops.outgoing import NotReachable
from widget_server.workers.outbox import Later, Needless

if TYPE_CHECKING:
    from widget_server.actions.engine import Clock
    from widget_server.actions.outbox import Entry
    from widget_server.actions.push_lines import Line, Signer
    from widget_server.actions.sealing import Sealer
    from widget_server.ops.outgoing import Outgoing
    from widget_server.store.database import Database
    from widget_server.workers.letters import Letters

log = logging.getLogger(__name__)

KEPT_S: Final = 86_400
"""How long a push service keeps what it cannot hand over yet: older news is no news."""
_TAKEN: Final = range(200, 300)
_GONE: Final = frozenset({404, 410})
"""Of a line that is no more (RFC 8030, 7.3)."""
_LATER: Final = frozenset({408, 425, 429, *range(500, 600)})
_BODY_CHARS: Final = 500


class Telling(NamedTuple):
    """What a browser shows of a notice, in words of whom it is for."""

    title: str
    body: str
    path: str
    """Of the page that it opens, from our front page on."""
    tag: str
    """A later one with the same tag takes its place."""
    language: str
    direction: str


class Pushes:
    """The handler of the topic ``push``.

    Args:
        database: the store.
        clock: the time, and chance.
        sealer: opens the browsers' keys.
        signer: says who sends.
        outgoing: the way out.
        letters: find the words.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Sealer,
        signer: Signer,
        outgoing: Outgoing,
        letters: Letters,
    ) -> None:
        self._db = database
        self._clock = clock
        self._sealer = sealer
        self._signer = signer
        self._outgoing = outgoing
        self._letters = letters

    async def send(self, entry: Entry) -> None:
        """Wake all browsers of a member.

        Raises:
            Needless: there is none, or nothing to tell.
            Later: none of the push services took it, and one of them may yet.
        """
        person_id, notice_id = int(entry.payload["person"]), int(entry.payload["notice"])
        telling = await self._tell(notice_id, person_id)
        if telling is None:
            raise Needless("It was seen, or is not for them any more.")
        lines = await list_lines(self._db, self._sealer, person_id, self._clock.now_ms())
        if not lines:
            raise Needless("No browser of theirs is to be woken.")
        text = _text(telling)
        statuses = await asyncio.gather(*(self._push(line, text, telling.tag) for line in lines))
        if any(status in _TAKEN for status in statuses):
            await do_note_pushed(self._db, notice_id, self._clock.now_ms())
        elif any(status in _LATER for status in statuses):
            raise Later("No push service takes it now.")

    async def _tell(self, notice_id: int, person_id: int) -> Telling | None:
        """Say what a notice tells now; None: it was seen or told otherwise, is gone, or not for them any more."""
        found = await access_push(self._db, person_id, notice_id)
        if found is None:
            return None
        (item,) = found.items
        said = self._letters.sentence(found.account.language, item.facts)
        # Beside the worker's own place, which may be below a path.
        return Telling(said.text, item.text, f"notices/{notice_id}", f"notice-{notice_id}", *said[1:])

    async def _push(self, line: Line, text: bytes, tag: str) -> int:
        """Send it to one browser and return what its push service said; 503 where it could not be asked."""
        body = sealed(text, line.keys, ec.generate_private_key(ec.SECP256R1()), self._clock.random(SALT_BYTES))
        headers = {
            "Authorization": self._signer.authorization(line.endpoint, self._clock.now_ms() // 1_000),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_S),
            "Topic": tag,
            "Urgency": "normal",
        }
        try:
            answer = await self._outgoing.send("POST", line.endpoint, headers=headers, body=body)
        except NotReachable as error:
            log.info("A push service cannot be reached.", extra={"line": line.id, "reason": str(error)})
            await do_note_failure(self._db, line)
            return 503
        if answer.status in _TAKEN:
            await do_note_sent(self._db, line, self._clock.now_ms())
        elif answer.status in _GONE:
            await do_drop_line(self._db, line)
        else:
            log.info("A push service refuses.", extra={"line": line.id, "status": answer.status})
            await do_note_failure(self._db, line)
        return answer.status


def _text(telling: Telling) -> bytes:
    """Return what the service worker is handed, short enough for every push service."""
    told = {
        "title": telling.title,
        "body": telling.body[:_BODY_CHARS],
        "path": telling.path,
        "tag": telling.tag,
        "lang": telling.language,
        "dir": telling.direction,
    }
    text = orjson.dumps(told)
    # A letter may take four bytes, and twice as many where it is escaped.
    return text if len(text) <= MAX_TEXT_BYTES else orjson.dumps(told | {"body": telling.body[: _BODY_CHARS // 8]})
