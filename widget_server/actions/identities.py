"""Who a site says its visitor is, and what follows: one person on every browser and device (S14).

The first token that names a subject makes the present visitor that person. A visitor who has written as nobody and is
then named as a subject that is known is merged into that person; nothing of what they wrote is re-written
(docs/adr/0005-one-person-many-ways-in.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from widget_server.actions import links
from widget_server.actions.access import access_visitor
from widget_server.actions.links import Purpose
from widget_server.actions.signatures import LEEWAY_S, Signed, read_signed
from widget_server.actions.site_secrets import access_secrets
from widget_server.actions.visitors import new_person, tell_programs, tell_staff
from widget_server.core.errors import Refused
from widget_server.core.text import check_line
from widget_server.store.lists import listed
from widget_server.store.queries import bans as bq
from widget_server.store.queries import persons as pq
from widget_server.store.queries import site_secrets as sq
from widget_server.store.queries import visitors as vq
from widget_server.store.records import Author

if TYPE_CHECKING:
    from widget_server.actions.actors import Visitor
    from widget_server.actions.engine import Engine
    from widget_server.actions.sealing import Sealer
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

_NAME_CHARS = 80
_MAIL_CHARS = 200
_ATTRIBUTE_CHARS = 200


class Identified(NamedTuple):
    """Who the visitor is now."""

    author: Author
    is_other: bool
    """Whether the line knew another one, or nobody: what they may read is more than before."""


class _Face(NamedTuple):
    """A visitor's row, held."""

    author: Author
    merged_into: int | None


async def do_identify(engine: Engine, sealer: Sealer, visitor: Visitor, token: str) -> Identified | None:
    """Believe what the site signed of this visitor.

    None: the visitor's token belongs to another subject of the site. It was ended: this browser begins as somebody
    new, and shows the signed identity again.

    :raises Refused: ``bad_identity``, or ``token_ended``.
    """
    now = engine.clock.now_ms()
    public_id = engine.clock.uuid()

    async def work(tx: Transaction, result: Committed) -> Identified | None:
        secrets = await access_secrets(tx, sealer, visitor.site_id)
        signed = read_signed(token, secrets, visitor.site_key, now_s=now // 1000)
        present = await access_visitor(tx, visitor)
        known = await tx.one(pq.BY_SUBJECT, site_id=visitor.site_id, subject=signed.sub)
        keys: set[int] = {known[0]} if known is not None else set()
        keys |= {present.id} if present is not None else set()
        held = await _hold(tx, keys)
        # The same page may have said it twice at once: the rows are held, and what they say is read anew.
        present = await access_visitor(tx, visitor)
        known = await tx.one(pq.BY_SUBJECT, site_id=visitor.site_id, subject=signed.sub)
        keys = {known[0]} if known is not None else set()
        keys |= {present.id} if present is not None else set()
        held |= await _hold(tx, keys - held.keys())
        if known is None:
            author = await _become(tx, visitor, present and held[present.id], signed.sub, public_id, now)
        else:
            author = await _join(tx, visitor, present and held[present.id], held[known[0]], result, now)
        if author is None:
            await tx.run(
                vq.END_TOKEN,
                site_id=visitor.site_id, token_hash=visitor.token_hash, now=now, new_stamp=await tx.stamp(),
            )  # fmt: skip
            result.people.update(keys)
            return None
        await _show_nonce(tx, visitor, signed, now)
        author = await _keep(tx, visitor, author, signed, result, now)
        before = visitor.author
        return Identified(author, before is None or before.id != author.id)

    found = await engine.committer.run(work)
    return found if isinstance(found, Identified) else None


async def _show_nonce(tx: Transaction, visitor: Visitor, signed: Signed, now: int) -> None:
    """Whoever has seen a token on its way cannot show it as another visitor; the same one may, as often as they like.

    :raises Refused: ``bad_identity``.
    """
    await tx.run(sq.FORGET_NONCES, now=now)
    ends = (signed.exp + LEEWAY_S + 1) * 1000
    ((holder,),) = await tx.all(
        sq.SHOW_NONCE, site_id=visitor.site_id, nonce=signed.jti, token_hash=visitor.token_hash, expires_at=ends
    )
    if holder != visitor.token_hash:
        raise Refused("bad_identity", why="its jti was used by another visitor; sign a token for each page")


async def _hold(tx: Transaction, keys: set[int]) -> dict[int, _Face]:
    rows = await tx.all(pq.HOLD, keys=listed(tx.dialect, sorted(keys))) if keys else []
    return {row[0]: _Face(Author(*row[:4]), row[5]) for row in rows}


async def _become(
    tx: Transaction, visitor: Visitor, present: _Face | None, subject: str, public_id: str, now: int
) -> Author | None:
    """The first who is this subject: the present visitor, unless they are somebody already."""
    if present is None:
        author = await new_person(tx, visitor, public_id, now)
    elif present.merged_into is not None or await _subject_of(tx, visitor, present.author) is not None:
        # Who saved the chat to an account need not be who signs in on the site at the same computer.
        return None
    else:
        author = present.author
        await _end_claims(tx, author, now)
    await tx.run(pq.INSERT_SUBJECT, person_id=author.id, site_id=visitor.site_id, subject=subject, now=now)
    return author


async def _join(
    tx: Transaction, visitor: Visitor, present: _Face | None, known: _Face, result: Committed, now: int
) -> Author | None:
    """The token leads to the person that the subject is from now on; who wrote as nobody is merged into them."""
    if present is None:
        await tx.run(
            vq.INSERT_TOKEN,
            person_id=known.author.id, site_id=visitor.site_id, token_hash=visitor.token_hash, created_at=now,
        )  # fmt: skip
        return known.author
    if present.author.id == known.author.id:
        return known.author
    if present.merged_into not in {None, known.merged_into}:
        return None  # Their chats are in somebody's account, who is not this one.
    if await _subject_of(tx, visitor, present.author) is not None:
        return None
    await _end_claims(tx, present.author, now)
    stamp = await tx.stamp()
    await tx.run(pq.MERGE, key=present.author.id, into=known.author.id, new_stamp=stamp)
    await tx.run(pq.MOVE_TOKENS, key=present.author.id, to=known.author.id, new_stamp=stamp)
    await tx.run(bq.FOLLOW_VISITOR, key=present.author.id, to=known.author.id, new_stamp=stamp)
    await _take_over_contact(tx, visitor, present.author, known.author, now)
    result.people.update((present.author.id, known.author.id))
    return known.author


async def _end_claims(tx: Transaction, nobody: Author, now: int) -> None:
    """A code that was made while the visitor was nobody leads to nobody else's chats: its holder may be another one."""
    await links.end_of_person(tx, nobody.id, Purpose.CLAIM, Purpose.CLAIM_HELD, now_ms=now)


async def _subject_of(tx: Transaction, visitor: Visitor, author: Author) -> str | None:
    row = await tx.one(pq.SUBJECT_OF, key=author.id, site_id=visitor.site_id)
    return row[0] if row else None


async def _take_over_contact(tx: Transaction, visitor: Visitor, source: Author, target: Author, now: int) -> None:
    """What the visitor told as nobody is kept where nothing was told before."""
    old = await tx.one(vq.CONTACT, site_id=visitor.site_id, person_id=source.id)
    if old is None:
        return
    new = await tx.one(vq.CONTACT, site_id=visitor.site_id, person_id=target.id)
    name, mail, attributes = (new[0], new[1], orjson.loads(new[2])) if new else (None, None, {})
    confirmed_at = new[6] if new and mail else old[6]
    await tx.run(
        vq.KEEP_CONTACT,
        site_id=visitor.site_id,
        person_id=target.id,
        updated_at=now,
        name=name or old[0],
        mail=mail or old[1],
        attributes=orjson.dumps(orjson.loads(old[2]) | attributes).decode(),
        mail_confirmed_at=confirmed_at,
    )
    await tx.run(vq.KEEP_CONTEXT, site_id=visitor.site_id, person_id=target.id, updated_at=now, context=old[3])


async def _keep(
    tx: Transaction, visitor: Visitor, author: Author, signed: Signed, result: Committed, now: int
) -> Author:
    """Keep what was signed beside what was only said; the staff who look at the visitor see it at once."""
    facts = orjson.dumps(_facts(signed)).decode()
    row = await tx.one(vq.CONTACT, site_id=visitor.site_id, person_id=author.id)
    is_known = row is not None and (row[4], row[5]) == (facts, signed.sub)
    name = _facts(signed).get("name") or author.name
    if not is_known:
        await tx.run(
            vq.KEEP_VERIFIED,
            site_id=visitor.site_id, person_id=author.id, updated_at=now, verified=facts, subject=signed.sub,
        )  # fmt: skip
    if name != author.name:
        await tx.run(pq.NAME_FACE, key=author.id, new_name=name, new_stamp=await tx.stamp())
    author = author._replace(name=name)
    if not is_known or visitor.author is None or visitor.author.id != author.id:
        await tell_staff(tx, visitor.site_id, author.id, result)
        await tell_programs(tx, visitor.site_id, author.id, now, result)
    return author


def _facts(signed: Signed) -> dict[str, Any]:
    """What was signed, cleaned as everything that is shown.

    :raises Unacceptable: for text that cannot be stored or is too long.
    """
    said: dict[str, Any] = {}
    if signed.name:
        said["name"] = check_line(signed.name, _NAME_CHARS)
    if signed.mail:
        said["mail"] = check_line(signed.mail, _MAIL_CHARS)
    if signed.attributes:
        said["attributes"] = {
            check_line(key, 40, required=True): check_line(value, _ATTRIBUTE_CHARS) if isinstance(value, str) else value
            for key, value in signed.attributes.items()
        }
    return said
