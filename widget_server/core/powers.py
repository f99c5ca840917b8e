"""Power over other people: who appoints, who bans, who looks at accounts. One rule for each deed, its list beside it.

Nobody gives or takes what they do not have themselves, and nobody acts on somebody who may do more than they may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.core.permissions import (
    ALL_SITES,
    EVERYTHING,
    STAFF,
    Actor,
    Grant,
    Permission,
    Sites,
    allowed_sites,
    may,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

FOR_EVERYBODY: Final = Permission.FOLLOW | Permission.REPLY | Permission.WRITE | Permission.OPEN_BOARDS
"""What the role of everybody may hold: with more, whoever registers would read the conversations of visitors."""

INVITING: Final = Permission.MANAGE_SITE | Permission.ADMINISTER
"""Either of them, for some site at least, lets somebody invite colleagues."""

_OVER_PEOPLE: Final = Permission.MODERATE | Permission.MANAGE_PEOPLE


def held(actor: Actor, *, site_id: int = ALL_SITES, board_id: int = 0) -> Permission:
    """Return everything that ``actor`` may do for this site or board; without either, for the whole installation."""
    found = Permission(0)
    for permission in EVERYTHING:
        if may(actor, permission, site_id=site_id, board_id=board_id):
            found |= permission
    return found


def appointable_sites(actor: Actor) -> Sites:
    """The sites for which ``actor`` may say who does what there; for all at once only an administrator may."""
    if may(actor, Permission.ADMINISTER):
        return Sites(every=True, ids=frozenset())
    return allowed_sites(actor, Permission.MANAGE_SITE)


def can_appoint(actor: Actor, given: Permission, *, site_id: int = ALL_SITES, board_id: int = 0) -> bool:
    """Whether ``actor`` may give, or take, a role with the permissions ``given`` for this site, board, or everything.

    For everything only an administrator may; for a site who manages it, for a board who moderates it.
    """
    if given & ~held(actor, site_id=site_id, board_id=board_id):
        return False
    if may(actor, Permission.ADMINISTER):
        return True
    if board_id:
        return may(actor, Permission.MODERATE, board_id=board_id)
    return site_id != ALL_SITES and site_id in appointable_sites(actor)


def can_shape(actor: Actor, before: Permission, after: Permission) -> bool:
    """Whether ``actor`` may turn a role with the permissions ``before`` into one with ``after``."""
    return may(actor, Permission.ADMINISTER) and not (before ^ after) & ~held(actor)


def can_look_at_people(actor: Actor) -> bool:
    """Whether ``actor`` may look at accounts and ends of the list of all of them."""
    return may(actor, Permission.MANAGE_PEOPLE)


def is_above(actor: Actor, grants: Iterable[Grant]) -> bool:
    """Whether somebody with these grants may do nothing, anywhere, that ``actor`` may not do there."""
    return not any(g.permissions & ~held(actor, site_id=g.site_id, board_id=g.board_id) for g in grants)


def can_manage_person(actor: Actor, person_id: int, grants: Iterable[Grant]) -> bool:
    """Whether ``actor`` may change the account of somebody with these grants: profile, address, sessions."""
    return can_look_at_people(actor) and (person_id == actor.person_id or is_above(actor, grants))


def can_ban_account(actor: Actor, person_id: int, grants: Iterable[Grant]) -> bool:
    """Whether ``actor`` may ban the account of somebody with these grants. Nobody bans themselves."""
    return person_id != actor.person_id and can_ban_everywhere(actor) and is_above(actor, grants)


def can_ban_everywhere(actor: Actor) -> bool:
    """Whether ``actor`` may ban accounts, and the visitors of all sites."""
    return any(may(actor, permission) for permission in _OVER_PEOPLE)


def can_ban_network(actor: Actor) -> bool:
    """Whether ``actor`` may ban a range of addresses, which meets people whom nobody knows."""
    return may(actor, Permission.MANAGE_PEOPLE)


def banning_sites(actor: Actor) -> Sites:
    """The sites whose visitors ``actor`` may ban: those whose conversations they answer, or all."""
    if can_ban_everywhere(actor):
        return Sites(every=True, ids=frozenset())
    return allowed_sites(actor, Permission.ANSWER)


def can_ban_visitor(actor: Actor, site_id: int) -> bool:
    """Whether ``actor`` may ban a visitor of this site from it."""
    return can_ban_everywhere(actor) or may(actor, Permission.ANSWER, site_id=site_id)


def fits_everybody(given: Permission) -> bool:
    """Whether a role with these permissions may be what everybody with an account has."""
    return not given & ~FOR_EVERYBODY


def opens_console(given: Permission) -> bool:
    """Whether a role with these permissions makes somebody an agent."""
    return bool(given & STAFF)
