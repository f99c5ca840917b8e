"""Sessions: that somebody has signed in, on this browser, until then. The store knows a token only by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.agents import Agent, access_agent
from widget_server.core.errors import Refused
from widget_server.core.ids import is_token, token_hash
from widget_server.core.text import check_line
from widget_server.store.queries import sessions as queries

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction

_TOUCH_MS: Final = 3_600_000
"""How far "last seen" may lag behind: not every request shall write."""
_BROWSER_CHARS: Final = 200


class SignedIn(NamedTuple):
    """Who asks, and by which session (its key in the store)."""

    session_id: int
    agent: Agent


async def access_session(db: Database, token: str, now_ms: int) -> SignedIn:
    """Return who is signed in with ``token`` and still has a right.

    Raises:
        Refused: ``signed_out``, whether the token is unknown, ended, expired or never was one.
    """
    row = None
    if is_token(token):
        row = await db.read(lambda tx: tx.one(queries.BY_HASH, token_hash=token_hash(token), now=now_ms))
    if row is None:
        raise Refused("signed_out")
    session_id, person_id, _, seen_at = row
    try:
        agent = await access_agent(db, person_id)
    except Refused:
        raise Refused("signed_out") from None
    if now_ms - seen_at > _TOUCH_MS:
        await db.write(lambda tx: tx.run(queries.TOUCH, key=session_id, now=now_ms))
    return SignedIn(session_id, agent)


async def do_begin_session(
    db: Database, agent: Agent, token: str, *, replaced: str | None, browser: str, now_ms: int, days: int
) -> None:
    """Begin a session for ``token`` and end the one that the same browser showed before (S16).

    Args:
        db: the store.
        agent: who has just proved who they are.
        token: 256 fresh random bits; only their hash is kept.
        replaced: the token that came with the request, if any.
        browser: what it calls itself, to be recognised in a list.
        now_ms: UTC time in ms.
        days: after which one has to sign in again.
    """
    expires_at = now_ms + days * 86_400_000
    shown = check_line(browser.encode("utf-8", "replace").decode()[:_BROWSER_CHARS], _BROWSER_CHARS)

    async def write(tx: Transaction) -> None:
        stamp = await tx.stamp()
        if replaced:
            await tx.run(queries.END, hash=token_hash(replaced), now=now_ms, new_stamp=stamp)
        await tx.run(
            queries.INSERT,
            token_hash=token_hash(token),
            person_id=agent.person_id,
            now=now_ms,
            expires_at=expires_at,
            browser=shown,
            new_stamp=stamp,
        )

    await db.write(write)


async def do_end_session(db: Database, token: str, now_ms: int) -> None:
    """End the session of ``token``. Harmless to repeat; its sockets are closed by whoever follows the stamps."""

    async def write(tx: Transaction) -> None:
        await tx.run(queries.END, hash=token_hash(token), now=now_ms, new_stamp=await tx.stamp())

    await db.write(write)
