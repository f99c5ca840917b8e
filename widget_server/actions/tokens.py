"""Access tokens: with which programs come in for a person, or for a site. The store knows one by its hash alone.

A personal token acts for its person; a site's acts for whoever made it, at that site alone. Either is cut to its scopes
and holds no more than its maker may at the time of the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from widget_server.actions import audit
from widget_server.actions.accounts import Account, read_account
from widget_server.actions.actors import Agent
from widget_server.actions.community import NAME as COMMUNITY
from widget_server.actions.community import community_of
from widget_server.core import ids
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.ids import is_site_key, is_token, is_uuid, token_hash, uuid7
from widget_server.core.permissions import Actor, Permission, can_manage, is_staff, managed_sites
from widget_server.core.scopes import NEEDS, OF_SITES, Scope, cut, offered
from widget_server.core.text import check_line
from widget_server.store.installation import read_value
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import sites as site_queries
from widget_server.store.queries import tokens as queries
from widget_server.store.records import Author

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from widget_server.store.database import Database, Row, Transaction

PREFIX: Final = "wst_"
"""So that a token that got lost in a file is recognised for what it is."""
NAME_CHARS: Final = 80
MAX_TOKENS: Final = 50
"""Of one maker."""
MAX_DAYS: Final = 366

_DAY_MS: Final = 86_400_000
_TOUCH_MS: Final = 60_000
"""How far "last used" may lag behind: not every call shall write."""


class Token(NamedTuple):
    """A token as it is shown; the token itself is known to whoever keeps it."""

    id: int
    public_id: str
    name: str
    scopes: frozenset[Scope]
    person_id: int | None
    """For whom it acts; None for a site's."""
    site_id: int | None
    site_key: str | None
    made_by: int
    maker: str
    created_at: int
    used_at: int | None
    expires_at: int | None


class Program(NamedTuple):
    """Who calls: a token, the account behind it, and what both together may do."""

    token: Token
    account: Account
    actor: Actor

    @property
    def agent(self) -> Agent:
        """The caller as one who works on conversations."""
        account = self.account
        return Agent(Author(account.person_id, account.public_id, account.name, account.picture), self.actor, 0)

    @property
    def member(self) -> Account:
        """The caller as one who writes in their own name, with no more rights than the token."""
        nothing = self.account.default._replace(given=Permission(0))
        return self.account._replace(grants=self.actor.grants, default=nothing)


def _token(row: Row) -> Token:
    known = {scope.value: scope for scope in Scope}
    scopes = frozenset(known[word] for word in orjson.loads(row[3]) if word in known)
    return Token(row[0], row[1], row[2], scopes, row[4], row[5], row[6], row[7], row[8] or "", row[9], row[10], row[11])


async def access_program(db: Database, token: str, now_ms: int) -> Program:
    """Return who calls with ``token``, with the rights that hold now.

    Raises:
        Refused: ``bad_token``, whether it is unknown, ended, expired, or its maker's account is gone;
            ``factor_needed`` where its maker must have a second factor and has none.
    """
    row = None
    if token.startswith(PREFIX) and is_token(token.removeprefix(PREFIX)):
        row = await db.read(lambda tx: tx.one(queries.BY_HASH, token_hash=token_hash(token), now=now_ms))
    if row is None:
        raise Refused("bad_token")
    found = _token(row)

    async def read(tx: Transaction) -> tuple[Account, bool]:
        account = await read_account(tx, await tx.one(account_queries.BY_PERSON, person_id=found.made_by))
        if not is_staff(account.actor) or account.has_factor:
            return account, False
        return account, community_of(await read_value(tx, COMMUNITY)).agents_need_factor

    try:
        account, lacks_factor = await db.read(read)
    except Refused:
        raise Refused("bad_token") from None
    if not account.is_confirmed:
        raise Refused("bad_token")
    if lacks_factor:
        raise Refused("factor_needed")
    if found.used_at is None or now_ms - found.used_at > _TOUCH_MS:
        await db.write(lambda tx: tx.run(queries.TOUCH, key=found.id, now=now_ms))
    return Program(found, account, cut(account.actor, found.scopes, site_id=found.site_id or 0))


def is_of_program(token: str) -> bool:
    """Whether a bearer's token is a program's, or meant as one; a visitor's may begin in the same way by chance."""
    return token.startswith(PREFIX) and not is_token(token)


def check_scope(program: Program, scope: Scope) -> None:
    """See that a token is for something.

    Raises:
        Refused: ``scope_missing``.
    """
    if scope not in program.token.scopes:
        raise Refused("scope_missing", scope=scope.value)


def check_name(name: str) -> str:
    """Return a token's name as it is stored: one line.

    Raises:
        Unacceptable: what is wrong with it.
    """
    return check_line(name, NAME_CHARS, required=True)


def check_scopes(words: Collection[str], allowed: Collection[Scope]) -> list[Scope]:
    """Return the scopes that were asked for, each once and in order.

    Raises:
        Unacceptable: ``bad_choice`` for none at all, or one that is not ``allowed``.
    """
    chosen = [scope for scope in NEEDS if scope.value in set(words)]
    if not chosen or len(chosen) != len(set(words)) or not set(chosen) <= set(allowed):
        raise Unacceptable("bad_choice")
    return chosen


def scopes_for(actor: Actor, *, of_site: bool) -> list[Scope]:
    """Return what a token of ``actor``'s making may be for."""
    return [scope for scope in offered(actor) if not of_site or scope in OF_SITES]


async def do_make_token(
    db: Database,
    actor: Actor,
    *,
    name: str,
    scopes: Collection[Scope],
    site_key: str | None = None,
    days: int | None,
    until: int | None = None,
    now_ms: int,
    random: Callable[[int], bytes],
    text: str,
) -> Token:
    """Write a token down and return it.

    Args:
        db: the store.
        actor: who makes it, with the rights that the token may have at most.
        name: to be recognised in a list; checked by :func:`check_name`.
        scopes: of :func:`scopes_for`.
        site_key: the site whose token it is; None makes a personal one.
        days: after which it ends; None: never by itself.
        until: when it ends at the latest, UTC ms: whatever makes it ends then.
        now_ms: UTC time in ms.
        random: gives that many random bytes.
        text: the token (:func:`new_token`), of which only the hash is kept.

    Raises:
        Refused: ``not_found`` for a site that ``actor`` does not manage.
        Unacceptable: ``bad_value`` for days that cannot be; ``bad_choice`` for too many tokens.
    """
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise Unacceptable("bad_value", field="days")
    public_id = uuid7(now_ms, random(10))
    ends = [end for end in (None if days is None else now_ms + days * _DAY_MS, until) if end is not None]

    async def write(tx: Transaction) -> Token:
        site_id = None if site_key is None else await _managed_site(tx, actor, site_key)
        row = await tx.one(queries.COUNT, maker=actor.person_id)
        if row is not None and row[0] >= MAX_TOKENS:
            raise Unacceptable("bad_value", field="name")
        await tx.run(
            queries.INSERT,
            public_id=public_id,
            token_hash=token_hash(text),
            person_id=actor.person_id if site_id is None else None,
            site_id=site_id,
            name=name,
            scopes=orjson.dumps([str(scope) for scope in scopes]).decode(),
            made_by=actor.person_id,
            now=now_ms,
            expires_at=min(ends, default=None),
        )
        await audit.record(
            tx,
            actor.person_id,
            "token.made",
            "token",
            public_id,
            details={"scopes": [str(scope) for scope in scopes]},
            site_id=site_id or 0,
            now_ms=now_ms,
        )
        return await _find(tx, public_id)

    return await db.write(write)


def new_token(random: bytes) -> str:
    """Return a fresh token from exactly 32 random bytes."""
    return PREFIX + ids.token(random)


async def list_own_tokens(db: Database, person_id: int) -> list[Token]:
    """Return a person's tokens, newest first."""
    return [_token(row) for row in await db.read(lambda tx: tx.all(queries.OF_PERSON, person_id=person_id))]


async def list_site_tokens(db: Database, actor: Actor) -> list[Token]:
    """Return the tokens of the sites that ``actor`` manages."""
    allowed = managed_sites(actor)
    found = [_token(row) for row in await db.read(lambda tx: tx.all(queries.OF_SITES))]
    return [token for token in found if token.site_id in allowed]


async def do_end_token(db: Database, actor: Actor, public_id: str, now_ms: int) -> None:
    """End a token: one's own, or one of a site that ``actor`` manages.

    Raises:
        Refused: ``not_found``.
    """

    async def write(tx: Transaction) -> None:
        token = await _find(tx, public_id)
        is_own = token.person_id == actor.person_id
        if not is_own and not (token.site_id is not None and can_manage(actor, token.site_id)):
            raise Refused("not_found")
        await tx.run(queries.END, key=token.id, now=now_ms)
        await audit.record(
            tx, actor.person_id, "token.ended", "token", public_id, site_id=token.site_id or 0, now_ms=now_ms
        )

    await db.write(write)


async def _find(tx: Transaction, public_id: str) -> Token:
    row = await tx.one(queries.BY_PUBLIC_ID, public_id=public_id) if is_uuid(public_id) else None
    if row is None:
        raise Refused("not_found")
    return _token(row)


async def _managed_site(tx: Transaction, actor: Actor, key: str) -> int:
    row = await tx.one(site_queries.BY_KEY, key=key) if is_site_key(key) else None
    if row is None or not can_manage(actor, row[0]):
        raise Refused("not_found")
    return int(row[0])
