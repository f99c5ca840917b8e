"""What the pages and calls of signed-in people share, and who is behind one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import hdrs, web

from widget_server.actions.bans import check_may_write
from widget_server.web.clients import client_address, truncated, trusted
from widget_server.web.policies import check_desk

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.community import CommunityReader
    from widget_server.actions.engine import Engine
    from widget_server.actions.passwords import Passwords
    from widget_server.actions.pictures import Pictures
    from widget_server.actions.push_lines import Signer
    from widget_server.actions.repeats import Repeats
    from widget_server.actions.sealing import Sealer
    from widget_server.ops.outgoing import Outgoing
    from widget_server.settings import Settings
    from widget_server.web.addresses import Addresses
    from widget_server.web.bearer import TokenLimit
    from widget_server.web.csrf import Csrf
    from widget_server.web.form_limit import FormLimit
    from widget_server.web.languages import Languages
    from widget_server.web.notices import Notices
    from widget_server.web.openid import Provider
    from widget_server.web.read_limit import ReadLimit
    from widget_server.web.sessions import Sessions
    from widget_server.web.sign_in_throttle import SignInThrottle
    from widget_server.web.templating import Templates
    from widget_server.web.tickets import Tickets
    from widget_server.web.upload_limit import UploadLimit


@dataclass(frozen=True, slots=True)
class Office:
    """One application's."""

    settings: Settings
    engine: Engine
    sessions: Sessions
    passwords: Passwords
    pictures: Pictures
    throttle: SignInThrottle
    csrf: Csrf
    templates: Templates
    addresses: Addresses
    languages: Languages
    notices: Notices
    community: CommunityReader
    form_limit: FormLimit
    read_limit: ReadLimit
    upload_limit: UploadLimit
    sealer: Sealer
    signer: Signer
    """Says to push services who sends."""
    tickets: Tickets
    provider: Provider | None
    """By which people may sign in elsewhere."""
    outgoing: Outgoing
    repeats: Repeats
    token_limit: TokenLimit
    """Calls with one token."""
    message_limit: TokenLimit
    preview_limit: TokenLimit
    """Messages with one token."""

    def now_ms(self) -> int:
        """UTC time in ms."""
        return self.engine.clock.now_ms()

    @property
    def sends_mail(self) -> bool:
        """Whether this installation sends mails; in development they are shown on a page instead."""
        return self.settings.sends_mail

    def check_may_write(self, request: web.Request, account: Account | None) -> None:
        """Refuse whoever is banned; None is somebody who is not signed in.

        Raises:
            Refused: ``banned``.
        """
        check_may_write(self.engine, account, self.address_of(request))

    def network_of(self, request: web.Request) -> str:
        """Return what of the client's address is kept with sessions and sign-ins (P3)."""
        return truncated(self.address_of(request))

    def address_of(self, request: web.Request) -> str:
        """Return the client's network address, as far as our proxies vouch for it."""
        return client_address(request, trusted(self.settings.trusted_proxies))


class Caller(NamedTuple):
    """Who calls, and by which session."""

    account: Account
    token: str


OFFICE = web.AppKey("office", Office)


async def check_caller(request: web.Request) -> Caller:
    """Return who makes a call of the JSON API.

    Raises:
        Refused: ``signed_out``, ``unconfirmed``, ``factor_needed``, ``factor_missing``, ``not_allowed``; for a call
            that would change something also ``banned``, and ``forged`` where it does not come from our page.
        Malformed: ``bad_request`` for another content type than JSON.
    """
    office = request.app[OFFICE]
    signed_in = await office.sessions.signed_in(request)
    token = office.sessions.token_of(request)
    office.csrf.check_call(request, token)
    account = check_desk(signed_in)
    if request.method != hdrs.METH_GET:
        office.check_may_write(request, account)
    return Caller(account, token or "")
