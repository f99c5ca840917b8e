"""Which pages are open to whom. Every route says it, and a test fails for one that does not (S10).

A policy is a function of who asks; it refuses by raising. What a person may do with one object is decided by the
action, inside its transaction: a policy only says who may come to the door.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from widget_server.actions.accounts import check_staff
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, allowed_sites, may

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.sessions import SignedIn

Policy = Callable[["SignedIn | None"], None]


def check_complete(signed_in: SignedIn) -> Account:
    """Return the account of a session to which more than the sign-in area is open (S2.11).

    Raises:
        Refused: ``unconfirmed``, ``unapproved`` or ``factor_needed``.
    """
    if signed_in.needs_factor:
        raise Refused("factor_needed")
    if not signed_in.account.is_confirmed:
        raise Refused("unconfirmed")
    if signed_in.account.waits_since is not None:
        raise Refused("unapproved")
    return signed_in.account


def check_desk(signed_in: SignedIn) -> Account:
    """Return the account of a session by which staff may work: the console's page, its calls, its sockets.

    Raises:
        Refused: as :func:`check_complete`; ``not_allowed``; ``factor_missing`` where the installation wants agents to
            have a second factor.
    """
    account = check_staff(check_complete(signed_in))
    return _with_factor(signed_in, account)


def everybody(_: SignedIn | None) -> None:
    """Open to all, signed in or not."""


def half_signed_in(signed_in: SignedIn | None) -> None:
    """The sign-in area: also for an address that is not confirmed yet, and before the second factor."""
    if signed_in is None:
        raise Refused("signed_out")


def signed_in_people(signed_in: SignedIn | None) -> None:
    """Whoever has an account and is signed in completely."""
    _complete(signed_in)


def staff(signed_in: SignedIn | None) -> None:
    """Agents and administrators of any site."""
    if signed_in is None:
        raise Refused("signed_out")
    check_desk(signed_in)


def people_with(permission: Permission) -> Policy:
    """Whoever has the permission for the whole installation."""

    def check(signed_in: SignedIn | None) -> None:
        if not may(_empowered(signed_in).actor, permission):
            raise Refused("not_allowed")

    return check


def people_with_any(*permissions: Permission) -> Policy:
    """Whoever has one of these permissions for the whole installation."""

    def check(signed_in: SignedIn | None) -> None:
        actor = _empowered(signed_in).actor
        if not any(may(actor, permission) for permission in permissions):
            raise Refused("not_allowed")

    return check


def people_with_anywhere(permission: Permission) -> Policy:
    """Whoever has the permission for some site at least; the action looks at which."""

    def check(signed_in: SignedIn | None) -> None:
        if not allowed_sites(_empowered(signed_in).actor, permission):
            raise Refused("not_allowed")

    return check


def _complete(signed_in: SignedIn | None) -> Account:
    if signed_in is None:
        raise Refused("signed_out")
    return check_complete(signed_in)


def _empowered(signed_in: SignedIn | None) -> Account:
    account = _complete(signed_in)
    return account if signed_in is None else _with_factor(signed_in, account)


def _with_factor(signed_in: SignedIn, account: Account) -> Account:
    if signed_in.lacks_factor:
        raise Refused("factor_missing")
    return account
