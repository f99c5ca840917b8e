"""Who may do what: roles, granted for one site or for all of them. Every list asks the same rule as the single door."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Role(StrEnum):
    """What a person is granted. An administrator may do everything that an agent may."""

    AGENT = "agent"
    ADMINISTRATOR = "administrator"


ALL_SITES: Final = 0
"""In place of a site's key in a grant: every site, also one that is created later."""


class Grant(NamedTuple):
    """One right: a role for the site with this key, or for :data:`ALL_SITES`."""

    role: Role
    site_id: int


class Actor(NamedTuple):
    """A signed-in person with the rights that hold now: their key, their public id, and all their grants."""

    person_id: int
    public_id: str
    grants: frozenset[Grant]


class Sites(NamedTuple):
    """A set of sites that can also be "all": what a list is filtered by."""

    every: bool
    ids: frozenset[int]

    def __contains__(self, site_id: object) -> bool:
        return self.every or site_id in self.ids


def _granted(actor: Actor, *roles: Role) -> Sites:
    ids = frozenset(grant.site_id for grant in actor.grants if grant.role in roles)
    return Sites(ALL_SITES in ids, ids - {ALL_SITES})


def answered_sites(actor: Actor) -> Sites:
    """The sites whose conversations ``actor`` may read and answer."""
    return _granted(actor, Role.AGENT, Role.ADMINISTRATOR)


def managed_sites(actor: Actor) -> Sites:
    """The sites whose settings ``actor`` may change."""
    return _granted(actor, Role.ADMINISTRATOR)


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
        return all(sites.every or sites.ids for sites in (ours, theirs))
    return bool(ours.ids & theirs.ids)


def can_create_sites(actor: Actor) -> bool:
    """Whether ``actor`` may add a site to the installation: administrators of all sites may."""
    return managed_sites(actor).every


def highest_role(actor: Actor) -> Role | None:
    """The role to show beside a name; None for a person without any right."""
    roles = {grant.role for grant in actor.grants}
    return next((role for role in (Role.ADMINISTRATOR, Role.AGENT) if role in roles), None)
