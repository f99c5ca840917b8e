"""Who may do what: roles are named sets of permissions, given for one site, one board, or everything.

Every list asks the same rule as the single door.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import Final, NamedTuple


class Permission(IntFlag):
    """What can be allowed. The bits are stored: a new one takes the next place, and none changes its own."""

    FOLLOW = 1
    """Follow other members."""
    REPLY = 2
    """Write into rooms and threads that are open to one."""
    WRITE = 4
    """Begin threads and rooms."""
    OPEN_BOARDS = 8
    MODERATE = 16
    """Remove, lock, move, and look at what was reported."""
    ANSWER = 32
    """Read and answer the conversations of a site."""
    MANAGE_SITE = 64
    """Change a site's settings and say who answers for it."""
    MANAGE_PEOPLE = 128
    """Look at accounts, change their profiles, ban them."""
    ADMINISTER = 256
    """Everything about the installation: roles, its settings, the outbox, the audit log, the data browser."""


class Role(StrEnum):
    """The keys of the roles that every installation begins with. An administrator may do everything."""

    MEMBER = "member"
    MODERATOR = "moderator"
    AGENT = "agent"
    ADMINISTRATOR = "administrator"


_MEMBER: Final = Permission.FOLLOW | Permission.REPLY | Permission.WRITE | Permission.OPEN_BOARDS
EVERYTHING: Final = Permission((1 << 9) - 1)

BUILT_IN: Final[dict[str, Permission]] = {
    Role.MEMBER: _MEMBER,
    Role.MODERATOR: _MEMBER | Permission.MODERATE,
    Role.AGENT: _MEMBER | Permission.ANSWER,
    Role.ADMINISTRATOR: EVERYTHING,
}
"""What these roles may do unless an administrator has changed it."""

STAFF: Final = Permission.ANSWER | Permission.MANAGE_SITE
"""Either of them opens the console."""

ALL_SITES: Final = 0
"""In place of a site's key in a grant: every site, also one that is created later."""


class Grant(NamedTuple):
    """One right: a role for the site with this key or for :data:`ALL_SITES`, or for one board."""

    role: str
    site_id: int
    board_id: int = 0
    given: Permission | None = None
    """What the role may do; None: what the program gives a role of this name (:data:`BUILT_IN`)."""

    @property
    def permissions(self) -> Permission:
        """What is allowed where the grant holds."""
        return BUILT_IN.get(self.role, Permission(0)) if self.given is None else self.given


def grant_of(role: str, site_id: int, board_id: int = 0, bits: int | None = None) -> Grant:
    """Return the grant that a row of the store speaks of; ``bits`` is None for a role that is not in it (yet)."""
    key = Role(role) if role in set(Role) else role
    given = None if bits is None or BUILT_IN.get(role) == bits else Permission(bits)
    return Grant(key, site_id, board_id, given)


class Actor(NamedTuple):
    """A signed-in person with the rights that hold now: their key, their public id, and all their grants."""

    person_id: int
    public_id: str
    grants: frozenset[Grant]


GUEST: Final = Actor(0, "", frozenset())
"""Whoever is not signed in: a person without a key, with no right that has to be given."""


class Sites(NamedTuple):
    """A set of sites that can also be "all": what a list is filtered by."""

    every: bool
    ids: frozenset[int]

    def __contains__(self, site_id: object) -> bool:
        return self.every or site_id in self.ids

    def __bool__(self) -> bool:
        return self.every or bool(self.ids)


def within(actor: Actor, most: Actor) -> Actor:
    """Return ``actor`` with no right that ``most`` has not: what both of them may do, wherever both may."""
    if actor.grants <= most.grants:
        return actor
    shared = (_shared(one, other) for one in actor.grants for other in most.grants)
    return actor._replace(grants=frozenset(grant for grant in shared if grant is not None))


def _shared(one: Grant, other: Grant) -> Grant | None:
    """What is allowed by both grants, where both hold; None where that is nothing or nowhere."""
    both = one.permissions & other.permissions
    places = {(grant.site_id, grant.board_id) for grant in (one, other)} - {(ALL_SITES, 0)}
    if not both or len(places) > 1:
        return None
    site_id, board_id = places.pop() if places else (ALL_SITES, 0)
    return Grant(one.role, site_id, board_id, both)


def allowed_sites(actor: Actor, wanted: Permission) -> Sites:
    """The sites for which ``actor`` has any of the permissions ``wanted``."""
    ids = frozenset(g.site_id for g in actor.grants if not g.board_id and g.permissions & wanted)
    return Sites(ALL_SITES in ids, ids - {ALL_SITES})


def may(actor: Actor, wanted: Permission, *, site_id: int = ALL_SITES, board_id: int = 0) -> bool:
    """Whether ``actor`` has ``wanted`` for this site or board; without either, for the whole installation."""
    return any(
        wanted in g.permissions
        and (
            (g.site_id == ALL_SITES and not g.board_id)
            or (site_id != ALL_SITES and g.site_id == site_id and not g.board_id)
            or (board_id != 0 and g.board_id == board_id)
        )
        for g in actor.grants
    )


def is_staff(actor: Actor) -> bool:
    """Whether the console has anything for ``actor``."""
    return bool(allowed_sites(actor, STAFF))


def answered_sites(actor: Actor) -> Sites:
    """The sites whose conversations ``actor`` may read and answer."""
    return allowed_sites(actor, Permission.ANSWER)


def managed_sites(actor: Actor) -> Sites:
    """The sites whose settings ``actor`` may change."""
    return allowed_sites(actor, Permission.MANAGE_SITE)


def can_answer(actor: Actor, site_id: int) -> bool:
    """Whether ``actor`` may read and answer the conversations of this site."""
    return site_id in answered_sites(actor)


def can_manage(actor: Actor, site_id: int) -> bool:
    """Whether ``actor`` may change the settings of this site."""
    return site_id in managed_sites(actor)


def are_colleagues(one: Actor, other: Actor) -> bool:
    """Whether there is a site for which both may answer: others have no business with each other's names."""
    ours, theirs = answered_sites(one), answered_sites(other)
    if ours.every or theirs.every:
        return bool(ours) and bool(theirs)
    return bool(ours.ids & theirs.ids)


def can_create_sites(actor: Actor) -> bool:
    """Whether ``actor`` may add a site to the installation: who manages all sites may."""
    return managed_sites(actor).every


def highest_role(actor: Actor) -> Role | None:
    """The role to show beside a name; None for a person without any right."""
    roles = {grant.role for grant in actor.grants}
    return next((role for role in reversed(Role) if role in roles), None)
