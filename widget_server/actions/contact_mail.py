"""The mail address of a visitor: left in the chat, and confirmed by a link that was mailed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from widget_server.actions import links
from widget_server.actions.access import access_visitor
from widget_server.actions.accounts import check_mail, written_mail
from widget_server.actions.links import Purpose
from widget_server.actions.mailing import Mail, post
from widget_server.actions.visitors import do_contact, tell_programs, tell_staff
from widget_server.core.errors import Refused, Unacceptable
from widget_server.protocol import frames as f
from widget_server.store.queries import persons as pq
from widget_server.store.queries import visitors as vq

if TYPE_CHECKING:
    from widget_server.actions.actors import Visitor
    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

MAILS_MAX: Final = 3
"""So many are sent to one address in an hour, whoever asks: nobody's mailbox is filled from here."""
_CHARS: Final = 200
"""As everything that is told of a visitor."""


async def do_leave_mail(engine: Engine, visitor: Visitor, written: str) -> None:
    """Keep the address as what the visitor says of themselves, and mail them a link.

    An address to which many were sent lately gets none: that is not told, as it is somebody else's business.

    Raises:
        Refused: ``not_found`` where they have not written, ``token_ended``.
        Unacceptable: ``bad_mail``.
    """
    folded, written = check_mail(written), written_mail(written)
    if len(written) > _CHARS:
        raise Unacceptable("bad_mail")
    now = engine.clock.now_ms()
    visitor.author = await engine.database.read(lambda tx: access_visitor(tx, visitor))
    if visitor.author is None:
        raise Refused("not_found")
    await do_contact(engine, visitor, f.SetContact(t="contact", ref=0, mail=written))

    async def write(tx: Transaction) -> None:
        author = await access_visitor(tx, visitor)
        if author is None:
            raise Refused("not_found")
        if await links.made_lately(tx, Purpose.CONFIRM_CONTACT, folded, now_ms=now) >= MAILS_MAX:
            return
        link_id = await links.make(
            tx, Purpose.CONFIRM_CONTACT, now_ms=now, person_id=author.id, address=folded, site_id=visitor.site_id
        )
        row = await tx.one(vq.CONTACT, site_id=visitor.site_id, person_id=author.id)
        language = orjson.loads(row[3] or "{}").get("language", "") if row else ""
        site = await tx.one(pq.SITE_NAME, site_id=visitor.site_id)
        await post(
            tx, Mail.CONFIRM_CONTACT, to=written, language=language, now_ms=now, link_id=link_id, person_id=author.id,
            site_id=visitor.site_id, facts={"site": site[0] if site else ""},
        )  # fmt: skip

    await engine.database.write(write)


async def do_confirm_mail(engine: Engine, code: str) -> None:
    """Use a mailed link: the address is the visitor's. The staff of the site see it at once.

    Raises:
        Refused: ``link_ended``, also where the visitor has left another address since.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        link = await links.find(tx, code, Purpose.CONFIRM_CONTACT, now_ms=now)
        await links.use(tx, link, now_ms=now)
        row = await tx.one(pq.FACE_OF, key=link.person_id)
        contact = await tx.one(vq.CONTACT, site_id=link.site_id, person_id=row[0]) if row else None
        if row is None or contact is None or _folded(contact[1]) != link.address:
            raise Refused("link_ended")
        await tx.run(vq.CONFIRM_MAIL, of_site=link.site_id, key=row[0], now=now)
        await tell_staff(tx, link.site_id, row[0], result)
        await tell_programs(tx, link.site_id, row[0], now, result)

    await engine.committer.run(work)


def _folded(mail: str | None) -> str | None:
    """The address as links are bound to it; what a page said may be none at all."""
    try:
        return check_mail(mail or "")
    except Unacceptable:
        return None
