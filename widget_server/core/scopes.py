"""What an access token may be used for. A token never allows more than its maker may do at the time of the call."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from widget_server.core.permissions import ALL_SITES, Actor, Grant, Permission, allowed_sites

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Scope(StrEnum):
    """The words are stored, and written into programs: none is ever given another meaning."""

    ACCOUNT_READ = "account:read"
    PEOPLE_READ = "people:read"
    SITES_READ = "sites:read"
    SITES_WRITE = "sites:write"
    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_WRITE = "conversations:write"
    MESSAGES_READ = "messages:read"
    MESSAGES_WRITE = "messages:write"
    NOTES_READ = "notes:read"
    NOTES_WRITE = "notes:write"
    FILES_WRITE = "files:write"
    BOARDS_READ = "boards:read"
    BOARDS_WRITE = "boards:write"
    THREADS_READ = "threads:read"
    THREADS_WRITE = "threads:write"
    POSTS_READ = "posts:read"
    POSTS_WRITE = "posts:write"
    VOTES_WRITE = "votes:write"
    ROOMS_READ = "rooms:read"
    ROOMS_WRITE = "rooms:write"
    NOTICES_READ = "notices:read"
    NOTICES_WRITE = "notices:write"
    WATCHING_READ = "watching:read"
    WATCHING_WRITE = "watching:write"
    SEARCH_READ = "search:read"
    MODERATION_READ = "moderation:read"
    MODERATION_WRITE = "moderation:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"


_STAFF: Final = Permission.ANSWER | Permission.MANAGE_SITE

NEEDS: Final[dict[Scope, Permission]] = {
    Scope.ACCOUNT_READ: Permission(0),
    Scope.PEOPLE_READ: Permission.MANAGE_PEOPLE,
    Scope.SITES_READ: _STAFF,
    Scope.SITES_WRITE: _STAFF,
    Scope.CONVERSATIONS_READ: Permission.ANSWER,
    Scope.CONVERSATIONS_WRITE: Permission.ANSWER,
    Scope.MESSAGES_READ: Permission.ANSWER,
    Scope.MESSAGES_WRITE: Permission.ANSWER,
    Scope.NOTES_READ: Permission.ANSWER,
    Scope.NOTES_WRITE: Permission.ANSWER,
    Scope.FILES_WRITE: Permission(0),
    Scope.BOARDS_READ: Permission(0),
    Scope.BOARDS_WRITE: Permission.OPEN_BOARDS,
    Scope.THREADS_READ: Permission(0),
    Scope.THREADS_WRITE: Permission.WRITE,
    Scope.POSTS_READ: Permission(0),
    Scope.POSTS_WRITE: Permission.REPLY,
    Scope.VOTES_WRITE: Permission.REPLY,
    Scope.ROOMS_READ: Permission(0),
    Scope.ROOMS_WRITE: Permission.WRITE | Permission.REPLY,
    Scope.NOTICES_READ: Permission(0),
    Scope.NOTICES_WRITE: Permission(0),
    Scope.WATCHING_READ: Permission(0),
    Scope.WATCHING_WRITE: Permission.FOLLOW,
    Scope.SEARCH_READ: Permission(0),
    Scope.MODERATION_READ: Permission.MODERATE,
    Scope.MODERATION_WRITE: Permission.MODERATE,
    Scope.WEBHOOKS_READ: Permission.MANAGE_SITE,
    Scope.WEBHOOKS_WRITE: Permission.MANAGE_SITE,
    Scope.TOKENS_READ: Permission(0),
    Scope.TOKENS_WRITE: Permission(0),
}
"""The permissions that a scope makes use of; with none of them anywhere it is of no use to somebody."""

_OF_BOARDS: Final = Permission.MODERATE | Permission.WRITE | Permission.REPLY

OF_SITES: Final = frozenset(scope for scope, needs in NEEDS.items() if needs & _STAFF) | {Scope.FILES_WRITE}
"""What a token of one site may be for: people, their own tokens and the community belong to no site. A board that is
tied to a site is still read and written by people, each in their own name."""

_READS: Final = {
    "conversation": Scope.MESSAGES_READ,
    "staff": Scope.NOTES_READ,
    "thread": Scope.POSTS_READ,
    "room": Scope.ROOMS_READ,
}


def readable_kinds(scopes: Collection[Scope]) -> frozenset[str]:
    """Return the kinds of channels of which a token reads what was written, and so the files that it carries (S12)."""
    return frozenset(kind for kind, scope in _READS.items() if scope in scopes)


def offered(actor: Actor) -> list[Scope]:
    """The scopes that ``actor`` could make use of, in the order in which they are shown."""
    return [scope for scope, needs in NEEDS.items() if not needs or _has(actor, needs)]


def _has(actor: Actor, needs: Permission) -> bool:
    """Whether somebody has any of these permissions, for a site or, where boards know it, for a board."""
    if allowed_sites(actor, needs):
        return True
    return any(grant.board_id and grant.permissions & needs & _OF_BOARDS for grant in actor.grants)


def cut(actor: Actor, scopes: Iterable[Scope], *, site_id: int = ALL_SITES) -> Actor:
    """Return ``actor`` with no more rights than the scopes make use of, and for one site where one is named."""
    needed = Permission(0)
    for scope in scopes:
        needed |= NEEDS[scope]
    grants = frozenset(
        Grant(grant.role, site_id or grant.site_id, grant.board_id, grant.permissions & needed)
        for grant in actor.grants
        if site_id == ALL_SITES or (not grant.board_id and grant.site_id in {ALL_SITES, site_id})
    )
    return actor._replace(grants=grants)
