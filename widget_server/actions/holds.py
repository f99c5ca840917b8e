"""Whether somebody may post now, and whether what they post waits for a moderator first.

Both are asked at once, inside the transaction that would write the post: :func:`check_may_post`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from widget_server.actions.silences import check_not_silenced
from widget_server.actions.stored_files import keep_for_hold
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.core.permissions import Permission, may
from widget_server.core.post_rules import Standing, check_few_links, is_new, judge, rules_of, wait_ms
from widget_server.store.posting import read_posting
from widget_server.store.queries import holds as q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.accounts import Account
    from widget_server.actions.boards import KnownBoard
    from widget_server.core.post_rules import Found, Limits
    from widget_server.store.database import Transaction


_KEPT_MS: Final = 365 * 86_400_000
"""How long files wait with a post that nobody decides about."""


class Held(NamedTuple):
    """The outcome of a post that waits: it is nowhere but in the queue of the board's moderators."""

    board: KnownBoard
    why: str


class Waiting(NamedTuple):
    """What is kept of a post until somebody decides; it is sent under the key of its form."""

    kind: Literal["thread", "reply"]
    client_id: str
    channel_id: int | None
    payload: Mapping[str, Any]
    """What it is made of: for a thread ``Opening.payload``, for a reply its ``parent`` and ``body``."""


async def check_present(tx: Transaction, person_id: int) -> None:
    """See that somebody who was let in is still there, and keep them until this transaction ends.

    Raises:
        Refused: ``not_allowed`` for an account that was deleted meanwhile.
    """
    if await tx.one(q.PRESENT, person_id=person_id) is None:
        raise Refused("not_allowed")


async def check_may_post(
    tx: Transaction, account: Account, board: KnownBoard, text: str, now_ms: int, *, is_edit: bool = False
) -> str:
    """See that somebody may write ``text`` (a title and a body) on this board now, and return why it waits, if it does.

    That is :attr:`core.post_rules.Found.told`, or nothing. Rights were looked at before.

    What would wait if it were new is refused as an edit: a text that was read by a moderator is not changed into one
    that was not. Moderators of everything are asked nothing, and those of the board nothing that is theirs to say:
    they may be silenced, and what is refused everywhere they do not send either, since anybody may open a board.

    Raises:
        Refused: ``silenced``, ``silenced_until``.
        Unacceptable: ``post_refused``, ``link_refused``, ``too_many_links``.
        TryLater: ``posts_limited`` for a new member who wrote much, with the time to wait.
    """
    if may(account.actor, Permission.MODERATE):
        return ""
    await check_not_silenced(tx, account.person_id, board.id, now_ms)
    ruling = await _ruling(tx, account, board, text, now_ms)
    found, limits = ruling.found, ruling.limits
    if can_moderate(account.actor, board.id):
        if found is not None and found.verdict == "refuse":
            raise found.refusal
        return ""
    if found is not None and found.why != "first" and (is_edit or found.verdict == "refuse"):
        raise found.refusal
    why = "" if found is None else found.told
    if not ruling.is_new:
        return why
    check_few_links(text, limits, new=True)
    wait = 0 if is_edit else wait_ms(ruling.times, limits, now_ms)
    if wait:
        raise TryLater("posts_limited", wait, minutes=-(-wait // 60_000))
    return why


class _Ruling(NamedTuple):
    found: Found | None
    limits: Limits
    is_new: bool
    times: list[int]
    """When the newest posts were written, also those that wait."""


async def _ruling(tx: Transaction, account: Account, board: KnownBoard, text: str, now_ms: int) -> _Ruling:
    posting = await read_posting(tx)
    limits = posting.limits
    most = max(limits.posts, limits.hourly, limits.daily, board.holds, 1)
    posts = await tx.all(q.NEWEST, author_id=account.person_id, most=most)
    waiting = await tx.all(q.NEWEST_WAITING, author_id=account.person_id, most=most)
    # What somebody writes on a board that they opened nobody else has looked at: it makes no one less new.
    elsewhere = await tx.all(q.ELSEWHERE, author_id=account.person_id, most=most)
    standing = Standing(len(elsewhere), account.created_at)
    new = is_new(standing, limits, now_ms)
    rules = [posting.rules]
    if not can_moderate(account.actor, board.id):
        rules.append(rules_of(board.settings))
    found = judge(text, rules, new=new, first=standing.posts < board.holds)
    times = sorted((row[0] for row in (*posts, *waiting)), reverse=True)
    return _Ruling(found, limits, new, times)


async def known_hold(tx: Transaction, account: Account, board: KnownBoard, waiting: Waiting) -> Held | None:
    """Return the outcome of a form that was sent before, and held.

    Raises:
        Unacceptable: ``conflict`` for something else under the same key.
    """
    row = await tx.one(q.KNOWN, author_id=account.person_id, client_id=waiting.client_id)
    if row is None:
        return None
    if orjson.loads(row[0]) != waiting.payload:
        raise Unacceptable("conflict")
    return Held(board, row[1])


async def hold(
    tx: Transaction, account: Account, board: KnownBoard, waiting: Waiting, why: str, public_id: str, now_ms: int
) -> Held:
    """Put a post into the queue of the board's moderators, with the files that it will carry.

    Raises:
        Unacceptable: ``no_such_file``.
    """
    await keep_for_hold(tx, account.person_id, tuple(waiting.payload.get("files", ())), now_ms + _KEPT_MS)
    await tx.run(
        q.INSERT,
        public_id=public_id,
        author_id=account.person_id,
        client_id=waiting.client_id,
        board_id=board.id,
        channel_id=waiting.channel_id,
        kind=waiting.kind,
        payload=orjson.dumps(waiting.payload).decode(),
        why=why,
        created_at=now_ms,
    )
    return Held(board, why)
