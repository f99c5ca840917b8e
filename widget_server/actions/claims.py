"""Saving the chats of a widget to an account: a code of a minute, then a yes.

The code says whose chats they are. Whoever brings it within the minute holds the claim, in one browser, for as long as
it takes to sign in or to register; nothing changes before they say yes to what they are shown
(docs/adr/0005-one-person-many-ways-in.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions import links
from widget_server.actions.access import access_visitor
from widget_server.actions.links import Purpose
from widget_server.actions.visitors import tell_staff
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import link_code
from widget_server.core.text import preview
from widget_server.store.lists import listed
from widget_server.store.queries import conversations as cq
from widget_server.store.queries import persons as pq

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.accounts import Account
    from widget_server.actions.actors import Visitor
    from widget_server.actions.engine import Engine
    from widget_server.actions.links import Link
    from widget_server.store.database import Database, Transaction
    from widget_server.store.records import Committed

FACES_MAX: Final = 200
"""To so many visitors one account can belong: browsers that were claimed, over all sites."""
_CODE_BYTES: Final = 20


class ClaimedChat(NamedTuple):
    """A conversation that a claim is about, as it is shown before the yes."""

    preview: str
    activity_at: int


class Claim(NamedTuple):
    """What a browser is about to save to an account."""

    site_name: str
    chats: list[ClaimedChat]
    """Newest activity first, at most 20."""
    is_mine: bool
    """Whether they are in this account already."""


async def do_make_claim(engine: Engine, visitor: Visitor) -> str:
    """Return a code for what this visitor has written; an earlier one ends.

    Raises:
        Refused: ``not_found`` where they have not written, ``token_ended``.
    """
    code = link_code(engine.clock.random(_CODE_BYTES))
    now = engine.clock.now_ms()

    async def write(tx: Transaction) -> None:
        author = await access_visitor(tx, visitor)
        if author is None:
            raise Refused("not_found")
        await links.make(tx, Purpose.CLAIM, now_ms=now, token=code, person_id=author.id, site_id=visitor.site_id)

    await engine.database.write(write)
    return code


async def do_hold_claim(db: Database, code: str, *, now_ms: int, random: Callable[[int], bytes]) -> str:
    """Use the code, and return what this browser shows from now on; of many who try at once, one gets it.

    Raises:
        Refused: ``link_ended``.
    """
    held = link_code(random(_CODE_BYTES))

    async def write(tx: Transaction) -> None:
        link = await links.find(tx, code, Purpose.CLAIM, now_ms=now_ms)
        await links.use(tx, link, now_ms=now_ms)
        await links.make(
            tx, Purpose.CLAIM_HELD, now_ms=now_ms, token=held, person_id=link.person_id, site_id=link.site_id
        )

    await db.write(write)
    return held


async def access_claim(db: Database, account: Account, held: str, *, now_ms: int) -> Claim:
    """Return what the claim is about.

    Raises:
        Refused: ``link_ended``, or ``chat_claimed`` by another account.
    """

    async def read(tx: Transaction) -> Claim:
        link = await links.find(tx, held, Purpose.CLAIM_HELD, now_ms=now_ms)
        face = await _face(tx, link)
        member_id = await _member_of(tx, face)
        if member_id not in {None, account.person_id}:
            raise Refused("chat_claimed")
        site = await tx.one(pq.SITE_NAME, site_id=link.site_id)
        rows = await tx.all(cq.CLAIMED, person_id=face)
        chats = [ClaimedChat(preview(body or ""), at) for body, at in rows]
        return Claim(site[0] if site else "", chats, member_id is not None)

    return await db.read(read)


async def do_claim(engine: Engine, account: Account, held: str) -> None:
    """Make the visitor the account's: nothing of what they wrote changes, and the widget goes on as before.

    Raises:
        Refused: ``link_ended``, or ``chat_claimed`` by another account.
        Unacceptable: ``too_many`` where the account has as many as it can have.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        link = await links.find(tx, held, Purpose.CLAIM_HELD, now_ms=now)
        await links.use(tx, link, now_ms=now)
        face = await _face(tx, link)
        await tx.all(pq.HOLD, keys=listed(tx.dialect, sorted((face, account.person_id))))
        # They may have been found to be somebody else just now: the rows are held, and read anew.
        face = await _face(tx, link)
        member_id = await _member_of(tx, face)
        if member_id not in {None, account.person_id}:
            raise Refused("chat_claimed")
        if member_id is None:
            await _merge(tx, face, account)
        await tell_staff(tx, link.site_id, face, result)
        result.people.add(face)

    await engine.committer.run(work)


async def _merge(tx: Transaction, face: int, account: Account) -> None:
    row = await tx.one(pq.COUNT_FACES, member_id=account.person_id)
    if row is not None and row[0] >= FACES_MAX:
        raise Unacceptable("too_many", limit=FACES_MAX)
    if await tx.run(pq.CLAIM, key=face, into=account.person_id, new_stamp=await tx.stamp()) != 1:
        raise Refused("chat_claimed")


async def _face(tx: Transaction, link: Link) -> int:
    """Whom the visitor of the link is now."""
    row = await tx.one(pq.FACE_OF, key=link.person_id)
    if row is None:
        raise Refused("link_ended")
    return int(row[0])


async def _member_of(tx: Transaction, face: int) -> int | None:
    row = await tx.one(pq.MERGED_INTO, key=face)
    return row[0] if row else None
