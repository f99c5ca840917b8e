"""The installation's rules for what members write, and whether they let a message into a room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from widget_server.core.errors import Unacceptable
from widget_server.core.post_rules import Standing, check_said, is_new, links_in, posting_of
from widget_server.store.installation import read_value
from widget_server.store.queries import holds as q

if TYPE_CHECKING:
    from widget_server.core.post_rules import Limits, Posting
    from widget_server.store.database import Transaction

NAME: Final = "posting"
"""Their row in the store."""


async def read_posting(tx: Transaction) -> Posting:
    """Return what holds on every board, and in every room, now."""
    return posting_of(orjson.loads(await read_value(tx, NAME) or "{}"))


class RoomRules:
    """The rules as one batch finds them: read once, when the first message of a room asks for them."""

    __slots__ = ("_posting", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._posting: Posting | None = None

    async def refusal(self, author_id: int, text: str, now_ms: int) -> Unacceptable | None:
        """Why ``text`` is not taken into a room; None: it is."""
        if not text:
            return None
        if self._posting is None:
            self._posting = await read_posting(self._tx)
        new = links_in(text) > 0 and await self._is_new(author_id, self._posting.limits, now_ms)
        try:
            check_said(text, self._posting, new=new)
        except Unacceptable as error:
            return error
        return None

    async def _is_new(self, author_id: int, limits: Limits, now_ms: int) -> bool:
        posts = await self._tx.all(q.ELSEWHERE, author_id=author_id, most=max(limits.posts, 1))
        row = await self._tx.one(q.JOINED, author_id=author_id)
        return is_new(Standing(len(posts), row[0] if row else now_ms), limits, now_ms)
