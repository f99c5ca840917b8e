"""Who sends and reads files: a visitor or a program by a token, whoever is signed in by the cookie, a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.access import access_visitor
from widget_server.actions.actors import Agent, Member, Reader, Visitor
from widget_server.actions.bans import check_not_banned
from widget_server.actions.tokens import check_scope, is_of_program
from widget_server.actions.uploads import Account, Asker, Uploader
from widget_server.core.errors import Refused, TryLater
from widget_server.core.permissions import GUEST
from widget_server.core.scopes import Scope, readable_kinds
from widget_server.routes.desk import DESK
from widget_server.routes.keys import ORIGINS, SESSIONS
from widget_server.routes.office import OFFICE
from widget_server.routes.programs import admit, count_message
from widget_server.store.records import Author
from widget_server.web.clients import client_address, limit_key, trusted
from widget_server.web.origins import CHECKED_ORIGIN
from widget_server.web.policies import check_complete, check_desk

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.accounts import Account as SignedInAccount
    from widget_server.actions.sites import Site
    from widget_server.actions.tokens import Program
    from widget_server.web.rate_limits import ConnectionLimits

_BROWSER_CHARS: Final = 300


class Caller(NamedTuple):
    """Who asks."""

    uploader: Uploader | None
    """None: a guest."""
    asker: Asker
    limits: ConnectionLimits | None
    """None for a program, whose calls its token counts."""
    account: SignedInAccount | None = None
    """Of whoever is signed in."""
    program: Program | None = None

    def check_sends(self) -> None:
        """See that they may send files.

        Raises:
            Refused: ``scope_missing`` for a token that is not for that.
        """
        if self.program is not None:
            check_scope(self.program, Scope.FILES_WRITE)

    def count_frame(self) -> None:
        """Count a request that looks at an upload or goes on with it.

        Raises:
            TryLater: ``rate_limited``.
        """
        wait = None if self.limits is None else self.limits.frame()
        if wait is not None:
            raise TryLater("rate_limited", wait)


def is_by_visitor(request: web.Request) -> bool:
    """Return whether a request shows a visitor's token: who that is depends on the site."""
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    return "Authorization" in request.headers and not is_of_program(token.strip())


async def caller_of(request: web.Request, site: Site | None) -> Caller:
    """Return who asks: a program, or a visitor of ``site``, by a token; else whoever is signed in, else a guest.

    Raises:
        Refused: ``not_found`` for a visitor's token without a site; ``foreign_origin``, ``token_ended``, ``bad_token``,
            ``factor_needed``, ``banned``.
        TryLater: ``rate_limited`` for a token that called too often.
    """
    if is_by_visitor(request):
        return await _visitor(request, site)
    if "Authorization" in request.headers:
        return await _program(request)
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        request.app[ORIGINS].check_own(request.headers)
    return await _signed_in(request)


def count_upload(request: web.Request, caller: Caller, size: int) -> None:
    """Count an upload as a message, and a visitor's for their address.

    Raises:
        TryLater: ``rate_limited``, ``files_limited``.
    """
    desk, office = request.app[DESK], request.app[OFFICE]
    if caller.program is not None:
        count_message(office, caller.program)
        return
    if isinstance(caller.uploader, Visitor):
        if caller.asker.owner_id is None:
            desk.check_new_visitor(office.address_of(request))
        office.upload_limit.take(office.address_of(request), size)
    wait = None
    if caller.account is not None:
        wait = desk.limits.member(f"files {caller.account.public_id}")
    elif caller.limits is not None:
        wait = caller.limits.message()
    if wait is not None:
        raise TryLater("rate_limited", wait)


def count_ended(request: web.Request) -> None:
    """Let a visitor's upload that is whole or given up make room for others of their address."""
    if is_by_visitor(request):
        office = request.app[OFFICE]
        office.upload_limit.ended(office.address_of(request))


def count_read(request: web.Request, caller: Caller | None) -> None:
    """Count what is read by somebody of whom nothing is stored as a guest's page.

    Raises:
        TryLater: ``rate_limited``.
    """
    uploader = None if caller is None else caller.uploader
    if uploader is None or (isinstance(uploader, Visitor) and uploader.author is None):
        office = request.app[OFFICE]
        office.read_limit.take(request, office.address_of(request))


async def _program(request: web.Request) -> Caller:
    if "Origin" in request.headers:
        # A page that holds such a token gives it away; the API lets no page in either (S08).
        raise Refused("foreign_origin")
    program = await admit(request)
    site_id, agent = program.token.site_id, program.agent
    sends = Scope.FILES_WRITE in program.token.scopes
    asker = Asker(
        program.account.person_id if sends else None,
        (agent, Reader(agent.author, program.actor)),
        readable_kinds(program.token.scopes),
        site_id,
    )
    return Caller(Account(program.account.person_id, agent, site_id), asker, None, program=program)


async def _visitor(request: web.Request, site: Site | None) -> Caller:
    desk = request.app[DESK]
    scheme, _, token = request.headers["Authorization"].partition(" ")
    if site is None:
        raise Refused("not_found")
    if "Origin" in request.headers or request.headers.get("Sec-Fetch-Site") != "same-origin":
        # The framed panel reads from our own origin, and a browser names none for that.
        request[CHECKED_ORIGIN] = request.app[ORIGINS].check_listed(request.headers, site.allowed_origins)
    if scheme.lower() != "bearer" or not token:
        raise Refused("signed_out")
    browser = request.headers.get("User-Agent", "")[:_BROWSER_CHARS].encode("utf-8", "replace").decode()
    visitor = Visitor(site.id, site.key, "", browser)
    desk.take_token(visitor, token.strip())
    visitor.author = await desk.engine.database.read(lambda tx: access_visitor(tx, visitor))
    client = client_address(request, trusted(desk.settings.trusted_proxies))
    if request.method not in {"GET", "HEAD"}:
        check_not_banned(desk.engine, visitor, client)
    limits = desk.limits_of(site.key, limit_key(client))
    limits.know_visitor(visitor.token_hash)
    limits.share_frames(f"files {visitor.token_hash}")
    return Caller(visitor, Asker(visitor.author.id if visitor.author else None, (visitor,)), limits)


async def _signed_in(request: web.Request) -> Caller:
    desk = request.app[DESK]
    limits = desk.limits_of(None, "")
    try:
        signed_in = await request.app[SESSIONS].signed_in(request)
        account = check_complete(signed_in)
    except Refused:
        return Caller(None, Asker(None, (Reader(None, GUEST),)), limits)
    author = Author(account.person_id, account.public_id, account.name, account.picture)
    reader, member = Reader(author, account.actor, signed_in.session_id), Member(author)
    agent = None
    try:
        check_desk(signed_in)
        agent = Agent(author, account.actor, signed_in.session_id)
    except Refused:
        pass
    if request.method not in {"GET", "HEAD"}:
        request.app[OFFICE].check_may_write(request, account)
    limits.share_frames(f"files {account.public_id}")
    doors = (reader, member) if agent is None else (agent, reader, member)
    return Caller(Account(account.person_id, agent), Asker(account.person_id, doors), limits, account)
