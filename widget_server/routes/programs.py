"""Programs at the door: who calls by an access token, counted, and refused where they are banned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.actions.bans import check_not_banned
from widget_server.actions.tokens import access_program, check_scope
from widget_server.core.errors import TryLater
from widget_server.routes.office import OFFICE
from widget_server.web.bearer import bearer_of

if TYPE_CHECKING:
    from widget_server.actions.tokens import Program
    from widget_server.core.scopes import Scope
    from widget_server.routes.office import Office

ALLOWANCE = web.RequestKey("allowance", dict[str, str])
"""Set on a request that was counted: the headers that tell how often its token may still call."""


async def admit(request: web.Request, scope: Scope | None = None) -> Program:
    """Return who calls with the token of a request.

    Args:
        request: counted against its token; where it changes something, a ban refuses it.
        scope: what the token must be for; None: any token.

    Raises:
        Refused: ``bad_token``, ``factor_needed``, ``scope_missing``, ``banned``.
        TryLater: ``rate_limited``.
    """
    office = request.app[OFFICE]
    program = await access_program(office.engine.database, bearer_of(request), office.now_ms())
    allowance = office.token_limit.take(program.token.public_id)
    request[ALLOWANCE] = allowance.headers
    if allowance.wait_ms is not None:
        raise TryLater("rate_limited", allowance.wait_ms)
    if scope is not None:
        check_scope(program, scope)
    if request.method not in {"GET", "HEAD"}:
        check_not_banned(office.engine, program.agent, office.address_of(request))
    return program


def count_message(office: Office, program: Program) -> None:
    """Count a message, post or file that a token sends.

    Raises:
        TryLater: ``rate_limited``.
    """
    allowance = office.message_limit.take(program.token.public_id)
    if allowance.wait_ms is not None:
        raise TryLater("rate_limited", allowance.wait_ms)
