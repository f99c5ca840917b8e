"""In development: the mails that would have been sent, so that their links can be clicked.

Whoever reads them can take over every account. So the page exists in development without a mail server alone, and
answers nobody who comes from another network, or through a proxy that is not known to us.
"""

from __future__ import annotations

import ipaddress
from collections import deque
from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.actions.mailing import Letter
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from widget_server.routes.office import Office

pages = Pages()


KEPT_MAILS = web.AppKey("kept_mails", deque[Letter])
"""The last mails, the oldest first; only there where they are kept instead of sent."""


@pages.get("/development/mails", everybody)
async def show_mails(visit: Visit) -> web.Response:
    """The last ones, the newest first."""
    if KEPT_MAILS not in visit.request.app or not _is_near(visit.office, visit.request):
        not_there()
    kept = visit.request.app[KEPT_MAILS]
    return visit.page("development_mails", mails=list(kept)[::-1])


def _is_near(office: Office, request: web.Request) -> bool:
    """Whether somebody of this machine or its own network asks, and no unknown proxy speaks for them."""
    address = office.address_of(request)
    if address == request.remote and not {"X-Forwarded-For", "Forwarded"}.isdisjoint(request.headers):
        return False
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False
