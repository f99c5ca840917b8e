"""Operations on oneself: who the token acts for, and its person's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions import tokens
from widget_server.core.scopes import OF_SITES, Scope
from widget_server.core.times import iso
from widget_server.routes.api import models
from widget_server.routes.api.operations import Call, Operations, Reply

if TYPE_CHECKING:
    from widget_server.actions.tokens import Token
    from widget_server.store.records import State

operations = Operations()


@operations.add("GET", "/me", Scope.ACCOUNT_READ, answer=models.Me)
async def read_me(call: Call) -> Reply:
    """Who the token acts for, and what it may be used for."""
    account, token = call.program.account, call.program.token
    return Reply(
        {
            "id": account.public_id,
            "name": account.name,
            "mail": account.mail,
            "site": token.site_key,
            "scopes": sorted(token.scopes),
        }
    )


@operations.add("GET", "/tokens", Scope.TOKENS_READ, answer=models.Tokens)
async def list_tokens(call: Call) -> Reply:
    """The person's own tokens, newest first."""
    found = await tokens.list_own_tokens(call.engine.database, call.program.actor.person_id)
    return Reply({"tokens": [token_state(token) for token in found]})


@operations.add(
    "POST",
    "/tokens",
    Scope.TOKENS_WRITE,
    body=models.NewToken,
    answer=models.FreshToken,
    status=201,
    refusals=("bad_choice", "not_found", "line_empty", "bad_text"),
)
async def make_token(call: Call) -> Reply:
    """Make a token with no more scopes than the calling one, and no later end; the token itself is told this once."""
    body: models.NewToken = call.body
    clock, program = call.engine.clock, call.program
    allowed = program.token.scopes if body.site is None else program.token.scopes & OF_SITES
    text = tokens.new_token(clock.random(32))
    made = await tokens.do_make_token(
        call.engine.database,
        program.actor,
        name=tokens.check_name(body.name),
        scopes=tokens.check_scopes(body.scopes, allowed),
        site_key=body.site,
        days=body.days,
        until=program.token.expires_at,
        now_ms=clock.now_ms(),
        random=clock.random,
        text=text,
    )
    return Reply(token_state(made) | {"token": text})


@operations.add("DELETE", "/tokens/{id}", Scope.TOKENS_WRITE, refusals=("not_found",))
async def end_token(call: Call) -> Reply:
    """End a token; also the calling one."""
    now = call.engine.clock.now_ms()
    await tokens.do_end_token(call.engine.database, call.program.actor, call.part("id"), now)
    return Reply(None)


def token_state(token: Token) -> State:
    """A token as ``models.Token``."""
    return {
        "id": token.public_id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "site": token.site_key,
        "created_at": iso(token.created_at),
        "used_at": None if token.used_at is None else iso(token.used_at),
        "expires_at": None if token.expires_at is None else iso(token.expires_at),
    }
