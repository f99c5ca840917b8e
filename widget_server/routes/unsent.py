"""What somebody wrote who is not signed in, or not any more: kept while they sign in (S0.17, S4.10).

It is kept by their own browser, sealed and for an hour, so that nobody can have the server store anything without an
account. It comes back in the form and is never sent by itself: whoever signs in reads it first. A text that is too long
for a cookie stays in a form on the page that says so.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import orjson

from widget_server.actions.drafts import DETAILS
from widget_server.core.errors import Refused
from widget_server.routes.visit import lead, leads_on, stay
from widget_server.web.notices import Notice
from widget_server.web.policies import signed_in_people
from widget_server.web.tickets import TicketKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from widget_server.routes.visit import Visit

_MINUTES: Final = 60
_MOST: Final = 2_600
"""Characters of what is sealed: a browser keeps a cookie of 4096 bytes."""


def kept_for_later(visit: Visit, place: str, form: str) -> web.Response | None:
    """Return where somebody goes who has to sign in before this form is taken, with what they typed; else None.

    Args:
        visit: that posted the form.
        place: of the form, as for a draft.
        form: the address of its page.

    Raises:
        Refused: ``forged`` for what does not come from our own page: nobody else puts words into our forms.
    """
    try:
        signed_in_people(visit.signed_in)
    except Refused as error:
        if not leads_on(error):
            raise
        visit.office.csrf.check_source(visit.request)
        return _kept(visit, error, place, form)
    return None


def _kept(visit: Visit, error: Refused, place: str, form: str) -> web.Response:
    fields = {name: visit.form[name] for name in ("body", *DETAILS) if name in visit.form}
    packed = base64.b85encode(zlib.compress(orjson.dumps(fields), 9)).decode()
    address = quote(form, safe="/?=&:%")
    if len(packed) > _MOST:
        return stay(visit, error)
    response = lead(visit, error, address)
    notice = visit.text("Sign in to post. What you wrote is kept, and comes back in the form.")
    visit.office.notices.leave(response, Notice("info", notice))
    visit.office.tickets.give(response, TicketKind.UNSENT, {"place": place, "packed": packed}, minutes=_MINUTES)
    return response


def unsent(visit: Visit, place: str) -> Mapping[str, str]:
    """Return the fields of a form that this browser has kept for ``place``."""
    facts = visit.office.tickets.read(visit.request, TicketKind.UNSENT)
    if facts is None or facts.get("place") != place:
        return {}
    # It was sealed here: what is unpacked is no larger than the form that was read.
    fields: dict[str, str] = orjson.loads(zlib.decompress(base64.b85decode(str(facts["packed"]))))
    return fields


def forget_unsent(visit: Visit, response: web.StreamResponse) -> None:
    """It was sent."""
    visit.office.tickets.take_back(visit.request, response, TicketKind.UNSENT)
