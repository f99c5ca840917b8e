"""What a mail says that tells a visitor what agents have answered, read when it is made and not before.

What was removed meanwhile does not leave, and a mail whose every message was seen meanwhile is not sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from widget_server.actions.chat_mails import STOP, is_same_address, read_talks
from widget_server.core.text import preview, without_links
from widget_server.store.queries import chat_mails as queries
from widget_server.store.queries import messages as message_queries
from widget_server.workers.letters import Headers
from widget_server.workers.outbox import Needless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from widget_server.actions.chat_mails import TalkRow
    from widget_server.core.reply_addresses import ReplyAddresses
    from widget_server.store.database import Database, Row, Transaction

_ANSWERS: Final = 50
_HISTORY: Final = 4
_HISTORY_CHARS: Final = 300
_SEQ, _NAME, _SIDE, _KIND, _BODY, _REMOVED = 0, 3, 5, 6, 7, 11


class Answers:
    """Reads them.

    Args:
        database: the store.
        addresses: where a mail is answered.
        base: our public address, without a slash at the end.
        days: for how many of them an address holds.
    """

    def __init__(self, database: Database, addresses: ReplyAddresses, base: str, days: int) -> None:
        self._db = database
        self._addresses = addresses
        self._base = base
        self._days = days

    async def read(self, facts: Mapping[str, Any], to: str, *, now_ms: int) -> tuple[dict[str, Any], Headers]:
        """Return what the mail of an entry says, and its headers.

        Raises:
            Needless: the visitor has seen it all, has another address by now, or wants no mails.
        """
        channel_id, after, upto = int(facts["channel"]), int(facts["after"]), int(facts["upto"])

        async def read(tx: Transaction) -> tuple[list[TalkRow], list[Row], list[Row], int]:
            talks = await read_talks(tx, [channel_id])
            new = await tx.all(message_queries.AFTER, channel_id=channel_id, after=after, limit=_ANSWERS)
            old = await tx.all(message_queries.BEFORE, channel_id=channel_id, before=after + 1, limit=_HISTORY)
            marks = await tx.one(queries.SEEN, channel_id=channel_id)
            return talks, new, old, marks[0] if marks else 0

        talks, new, old, seen = await self._db.read(read)
        if not talks:
            raise Needless("The conversation is gone.")
        talk = talks[0]
        answers = [
            {"name": _name(row, talk), "body": row[_BODY]}
            for row in new
            if seen < row[_SEQ] <= upto and row[_SIDE] == "agent" and _is_text(row)
        ]
        if not answers:
            raise Needless("The visitor has seen it meanwhile, or it was removed.")
        if talk.talk.is_refused or talk.address is None or not is_same_address(talk.address, to):
            raise Needless("The visitor wants no mails there any more.")
        reply_to = self._addresses.make(channel_id, to, now_ms=now_ms, days=self._days)
        stop = self._addresses.stop_token(channel_id, to, now_ms=now_ms, days=self._days)
        told = {
            "site": without_links(talk.site_name),
            "answers": answers,
            "history": [
                {"name": _name(row, talk), "body": without_links(preview(row[_BODY], _HISTORY_CHARS))}
                for row in reversed(old)
                if _is_text(row)
            ],
            "page": _page(talk.context.get("page"), talk.allowed_origins),
            "by_mail": reply_to is not None,
            "stop": f"{self._base}{STOP}/{stop}",
        }
        before = int(facts.get("before") or 0)
        earlier = [0, before] if before else [0]
        headers = Headers(
            self._addresses.thread_id(channel_id, upto),
            f"{answers[-1]['name']} ({talk.site_name})",
            reply_to,
            tuple(self._addresses.thread_id(channel_id, seq) for seq in earlier),
            str(told["stop"]),
        )
        return told, headers


def _is_text(row: Row) -> bool:
    return row[_KIND] != "system" and row[_REMOVED] is None and bool(row[_BODY])


def _name(row: Row, talk: TalkRow) -> str:
    return without_links(row[_NAME] or (talk.site_name if row[_SIDE] == "agent" else talk.visitor_name or "")) or "-"


def _page(page: object, origins: Sequence[str]) -> str | None:
    """The page where the visitor was, where it is one of the site's own."""
    if not isinstance(page, str):
        return None
    parts = urlsplit(page)
    return page if f"{parts.scheme}://{parts.netloc}" in origins else None
