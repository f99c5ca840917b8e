"""Roles: named sets of permissions. What every installation begins with is made here, and may be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.appointments import check_administrator_remains, hold_roles, rights_now
from widget_server.actions.audit import record
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import BUILT_IN, EVERYTHING, Permission, Role
from widget_server.core.powers import can_shape, fits_everybody
from widget_server.core.text import check_line, fold
from widget_server.store.queries import roles as queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction
    from widget_server.store.records import Committed

NAME_CHARS: Final = 40
MAX_ROLES: Final = 100

_NAMES: Final = {
    Role.MEMBER: "Member",
    Role.MODERATOR: "Moderator",
    Role.AGENT: "Agent",
    Role.ADMINISTRATOR: "Administrator",
}


async def do_ensure_roles(db: Database, now_ms: int) -> int:
    """Insert the built-in roles that are missing, and return how many were. Harmless to repeat (S2.31)."""

    async def write(tx: Transaction) -> int:
        known = {row[1] for row in await tx.all(queries.ALL)}
        missing = [key for key in Role if key not in known]
        if not missing:
            return 0
        stamp = await tx.stamp()
        made = 0
        for key in missing:
            made += await tx.run(
                queries.INSERT_BUILT_IN,
                key=key.value,
                name=_NAMES[key],
                folded_name=fold(_NAMES[key]),
                permissions=int(BUILT_IN[key]),
                is_default=int(key is Role.MEMBER and not known),
                now=now_ms,
                new_stamp=stamp,
            )
        # Not how many were missed: who deploys at the same moment may have inserted them meanwhile.
        return made

    return await db.write(write)


class KnownRole(NamedTuple):
    """A role of this installation."""

    key: str
    name: str
    permissions: Permission
    is_default: bool
    holders: int = 0
    """How many people were given it; of the default one, everybody has it besides."""

    @property
    def is_built_in(self) -> bool:
        """Whether the program brought it: it cannot be removed."""
        return self.key in BUILT_IN


def _role(row: Row, holders: int = 0) -> KnownRole:
    return KnownRole(row[1], row[2], Permission(row[3]), bool(row[4]), holders)


async def list_roles(db: Database) -> list[KnownRole]:
    """Return all roles, the oldest first."""

    async def read(tx: Transaction) -> list[KnownRole]:
        holders = {row[0]: row[1] for row in await tx.all(queries.HOLDERS)}
        return [_role(row, holders.get(row[1], 0)) for row in await tx.all(queries.ALL)]

    return await db.read(read)


def check_role_name(name: str) -> str:
    """Return the name of a role as it is stored.

    Raises:
        Unacceptable: what is wrong with it.
    """
    return check_line(name, NAME_CHARS, required=True)


def permissions_of(names: Iterable[str]) -> Permission:
    """Return the set of these permissions, named as in the code and in lower case.

    Raises:
        Unacceptable: ``bad_choice`` for one that does not exist.
    """
    found = Permission(0)
    for name in names:
        try:
            found |= Permission[name.upper()]
        except KeyError:
            raise Unacceptable("bad_choice") from None
    return found


async def do_create_role(engine: Engine, actor: Actor, name: str, permissions: Permission) -> KnownRole:
    """Add a role.

    Raises:
        Unacceptable: ``taken``, ``bad_value`` where there are too many, or what is wrong with the name.
        Refused: ``not_allowed``, or ``beyond_you`` where it would allow what the actor may not do.
    """
    shown, now, key = check_role_name(name), engine.clock.now_ms(), engine.clock.uuid()

    async def work(tx: Transaction, _: Committed) -> KnownRole:
        await _check_shape(tx, actor, Permission(0), permissions)
        await _refuse_taken(tx, shown, key)
        if len(await tx.all(queries.ALL)) >= MAX_ROLES:
            raise Unacceptable("bad_value", field="roles")
        await tx.run(
            queries.INSERT,
            key=key,
            name=shown,
            folded_name=fold(shown),
            permissions=int(permissions),
            is_default=0,
            now=now,
            new_stamp=await tx.stamp(),
        )
        details = {"name": shown, "permissions": names_of(permissions)}
        await record(tx, actor.person_id, "role.created", "role", key, details=details, now_ms=now)
        return KnownRole(key, shown, permissions, is_default=False)

    role: KnownRole = await engine.committer.run(work)
    return role


async def do_change_role(engine: Engine, actor: Actor, key: str, name: str, permissions: Permission) -> None:
    """Give a role another name and other permissions: whoever has it may do just that from now on.

    What administrators may do is fixed: a permission that nobody has could be given back by nobody.

    Raises:
        Unacceptable: ``taken``, ``bad_choice`` for what the role may not hold, or what is wrong with the name.
        Refused: ``not_found``, ``not_allowed``, ``beyond_you`` or ``last_administrator``.
    """
    shown, now = check_role_name(name), engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        await hold_roles(tx)
        before = await _find(tx, key)
        if (key == Role.ADMINISTRATOR and permissions != EVERYTHING) or (
            before.is_default and not fits_everybody(permissions)
        ):
            raise Unacceptable("bad_choice")
        await _check_shape(tx, actor, before.permissions, permissions)
        await _refuse_taken(tx, shown, key)
        await tx.run(
            queries.CHANGE,
            which=key,
            new_name=shown,
            new_folded_name=fold(shown),
            new_permissions=int(permissions),
            new_stamp=await tx.stamp(),
        )
        await check_administrator_remains(tx)
        details = {"name": shown, "before": names_of(before.permissions), "after": names_of(permissions)}
        await record(tx, actor.person_id, "role.changed", "role", key, details=details, now_ms=now)
        result.people.update(row[0] for row in await tx.all(queries.HOLDERS_OF, which=key))

    await engine.committer.run(work)


async def do_set_default_role(engine: Engine, actor: Actor, key: str) -> None:
    """Make a role what everybody with an account has.

    Raises:
        Unacceptable: ``bad_choice`` for a role that may do more than write.
        Refused: ``not_found``, ``not_allowed``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        await hold_roles(tx)
        role = await _find(tx, key)
        await _check_shape(tx, actor, Permission(0), Permission(0))
        if not fits_everybody(role.permissions):
            raise Unacceptable("bad_choice")
        if role.is_default:
            return
        await tx.run(queries.SET_DEFAULT, which=key, new_stamp=await tx.stamp())
        await record(tx, actor.person_id, "role.made_default", "role", key, details={"name": role.name}, now_ms=now)

    await engine.committer.run(work)


async def do_remove_role(engine: Engine, actor: Actor, key: str) -> None:
    """Take a role away from everybody, and out of the list.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for a built-in or the default one, ``beyond_you`` or
            ``last_administrator``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, result: Committed) -> None:
        await hold_roles(tx)
        role = await _find(tx, key)
        await _check_shape(tx, actor, role.permissions, Permission(0))
        if role.is_built_in or role.is_default:
            raise Refused("not_allowed")
        result.people.update(row[0] for row in await tx.all(queries.HOLDERS_OF, which=key))
        await tx.run(queries.END_GRANTS_OF_ROLE, which=key, now=now, new_stamp=await tx.stamp())
        await tx.run(queries.DELETE, which=key)
        await check_administrator_remains(tx)
        await record(tx, actor.person_id, "role.removed", "role", key, details={"name": role.name}, now_ms=now)

    await engine.committer.run(work)


def names_of(permissions: Permission) -> list[str]:
    """Return the names of permissions, as :func:`permissions_of` takes them."""
    return [str(each.name).lower() for each in Permission if each & permissions]


async def _find(tx: Transaction, key: str) -> KnownRole:
    row = await tx.one(queries.BY_KEY, key=key)
    if row is None:
        raise Refused("not_found")
    return _role(row)


async def _check_shape(tx: Transaction, actor: Actor, before: Permission, after: Permission) -> None:
    now = await rights_now(tx, actor)
    if not can_shape(now, Permission(0), Permission(0)):
        raise Refused("not_allowed")
    if not can_shape(now, before, after):
        raise Refused("beyond_you")


async def _refuse_taken(tx: Transaction, name: str, owner: str) -> None:
    row = await tx.one(queries.NAME_TAKEN, folded_name=fold(name))
    if row is not None and row[0] != owner:
        raise Unacceptable("taken")
