"""Operations on accounts and roles, for who manages people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions import people, roles
from widget_server.actions.sites import list_sites
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, may
from widget_server.core.scopes import Scope
from widget_server.core.times import iso
from widget_server.routes.api import models
from widget_server.routes.api.operations import Call, Operations, Reply
from widget_server.routes.api.paging import cut, key_of

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.people import ListedPerson
    from widget_server.store.records import State

operations = Operations()


@operations.add(
    "GET",
    "/people",
    Scope.PEOPLE_READ,
    query=models.PeopleQuery,
    answer=models.People,
    refusals=("not_allowed", "bad_text"),
)
async def list_people(call: Call) -> Reply:
    """Accounts, the oldest first; with ``text`` those that have it in their name or address."""
    check_manages(call)
    query: models.PeopleQuery = call.query
    found = await people.list_people(
        call.engine.database, word=query.text or "", after=key_of(call, "people") or 0, limit=query.limit
    )
    shown, following = cut(call, "people", found)
    return Reply({"people": [_state(each) for each in shown], "next": following})


@operations.add("GET", "/people/{id}", Scope.PEOPLE_READ, answer=models.Person, refusals=("not_found", "not_allowed"))
async def read_person(call: Call) -> Reply:
    """One account, with the roles that it was given."""
    check_manages(call)
    database = call.engine.database
    dossier = await people.access_dossier(database, call.uuid("id"), call.engine.clock.now_ms())
    keys = {site.id: site.key for site in await list_sites(database)}
    grants = [{"role": each.role, "site": keys.get(each.site_id)} for each in dossier.appointments]
    return Reply(_state(dossier.account) | {"grants": grants})


@operations.add("GET", "/roles", Scope.PEOPLE_READ, answer=models.Roles, refusals=("not_allowed",))
async def list_roles(call: Call) -> Reply:
    """All roles, and what each allows."""
    check_manages(call)
    found = await roles.list_roles(call.engine.database)
    listed = [
        {
            "key": role.key,
            "name": role.name,
            "permissions": [str(each.name).lower() for each in Permission if each in role.permissions],
            "is_default": role.is_default,
        }
        for role in found
    ]
    return Reply({"roles": listed})


def check_manages(call: Call) -> None:
    """Refuse whoever does not manage people for the whole installation.

    Raises:
        Refused: ``not_allowed``.
    """
    if not may(call.program.actor, Permission.MANAGE_PEOPLE):
        raise Refused("not_allowed")


def _state(person: ListedPerson | Account) -> State:
    """An account as ``models.ListedPerson``."""
    return {
        "id": person.public_id,
        "name": person.name or "",
        "mail": person.mail,
        "kind": person.kind,
        "confirmed": person.confirmed_at is not None,
        "created_at": iso(person.created_at),
        "seen_at": None if person.seen_at is None else iso(person.seen_at),
    }
