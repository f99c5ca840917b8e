"""Rights and bans in the store: what a node finds out of them by itself, and what the audit log keeps of deeds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, update

from tests.actions.works import NOW
from widget_server.actions.appointments import do_end_role, do_give_role, give
from widget_server.actions.audit import list_entries
from widget_server.actions.bans import do_ban_account, do_ban_network, do_ban_visitor, do_end_ban
from widget_server.actions.conversations import do_assign, do_set_status
from widget_server.actions.roles import (
    do_change_role,
    do_create_role,
    do_ensure_roles,
    do_remove_role,
    do_set_default_role,
)
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, Role
from widget_server.protocol import frames as f
from widget_server.store.stamps import Changes, changes_since
from widget_server.store.statement import Statement
from widget_server.store.tables import person

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.actions.actors import Agent
    from widget_server.store.database import Database, Transaction

MERGE = Statement(
    update(person)
    .where(person.c.id == bindparam("key"))
    .values(merged_into=bindparam("target"), stamp=bindparam("new_stamp"))
)


@pytest.fixture
async def works(works: Works) -> Works:
    """An engine whose store has the built-in roles, as a served one has."""
    await do_ensure_roles(works.engine.database, NOW)
    return works


@pytest.fixture
async def ada(works: Works) -> Agent:
    """An administrator."""
    return await works.new_agent("Ada", role=Role.ADMINISTRATOR)


class Follower:
    """A node that reads what has changed since it last looked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cursor = 0

    async def changes(self) -> Changes:
        found = await changes_since(self._database, self._cursor)
        self._cursor = found.cursor
        return found


@pytest.fixture
def follower(database: Database) -> Follower:
    """A node that is not told."""
    return Follower(database)


async def test_s06_a_node_finds_whose_rights_changed_without_being_told(
    works: Works, ada: Agent, follower: Follower
) -> None:
    grace, engine = await works.new_agent("Grace"), works.engine
    await follower.changes()
    await do_give_role(engine, ada.rights, grace.author.public_id, Role.MODERATOR)
    assert grace.author.id in (await follower.changes()).people
    await do_end_role(engine, ada.rights, grace.author.public_id, Role.MODERATOR)
    assert grace.author.id in (await follower.changes()).people
    role = await do_create_role(engine, ada.rights, "Steward", Permission.MODERATE)
    await do_give_role(engine, ada.rights, grace.author.public_id, role.key)
    await follower.changes()
    await do_change_role(engine, ada.rights, role.key, "Stewards", Permission.MODERATE)
    found = await follower.changes()
    assert grace.author.id in found.people
    assert not found.concerns_everybody
    await do_remove_role(engine, ada.rights, role.key)
    assert grace.author.id in (await follower.changes()).people


async def test_s06_a_node_finds_that_the_default_changed(works: Works, ada: Agent, follower: Follower) -> None:
    role = await do_create_role(works.engine, ada.rights, "Reader", Permission.FOLLOW)
    await follower.changes()
    await do_set_default_role(works.engine, ada.rights, role.key)
    assert (await follower.changes()).concerns_everybody
    await do_change_role(works.engine, ada.rights, role.key, "Reader", Permission.REPLY)
    assert (await follower.changes()).concerns_everybody


async def test_s06_a_node_finds_bans_and_persons_who_became_one(works: Works, ada: Agent, follower: Follower) -> None:
    grace, engine = await works.new_agent("Grace"), works.engine
    visitor = works.visitor()
    await works.start(visitor)
    assert visitor.author is not None
    mallory = visitor.author
    await follower.changes()
    key = await do_ban_account(engine, ada.rights, grace.author.public_id)
    assert (await follower.changes()).concerns_bans
    await do_end_ban(engine, ada.rights, key)
    assert (await follower.changes()).concerns_bans
    await do_ban_network(engine, ada.rights, "192.0.2.0/24", own_address="")
    assert (await follower.changes()).concerns_bans

    async def merge(tx: Transaction) -> None:
        await tx.run(MERGE, key=mallory.id, target=grace.author.id, new_stamp=await tx.stamp())

    await engine.database.write(merge)
    found = await follower.changes()
    assert found.concerns_bans
    assert {mallory.id, grace.author.id} <= found.people


async def test_s15_two_administrators_who_take_it_from_each_other_leave_one(works: Works) -> None:
    engine = works.engine
    one = await works.new_agent("Ada", role=Role.ADMINISTRATOR)
    other = await works.new_agent("Grace", role=Role.ADMINISTRATOR)
    for _ in range(10):
        outcomes = await asyncio.gather(
            do_end_role(engine, one.rights, other.author.public_id, Role.ADMINISTRATOR),
            do_end_role(engine, other.rights, one.author.public_id, Role.ADMINISTRATOR),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Refused) for each in outcomes) == 1
        for each in (one, other):
            await engine.database.write(
                lambda tx, each=each: give(tx, each.author.id, Role.ADMINISTRATOR, given_by=None, now_ms=NOW)  # type: ignore[misc]
            )


async def test_what_agents_do_with_conversations_is_in_the_log_once(works: Works) -> None:
    grace, engine = await works.new_agent("Grace"), works.engine
    sent = await works.start(works.visitor())
    staff = await works.staff_of(grace, sent.channel)
    await do_assign(engine, grace, f.Assign(t="assign", ref=1, channel=sent.channel, assignee=grace.author.public_id))
    await do_set_status(engine, grace, f.SetStatus(t="status", ref=1, channel=sent.channel, status="pending"))
    await do_set_status(engine, grace, f.SetStatus(t="status", ref=1, channel=sent.channel, status="pending"))
    reply = await works.send(grace, sent.channel, "A slip")
    await works.send(grace, staff, "A note", after_seq=1)
    await works.edit(grace, sent.channel, reply.seq, 1, "Another slip")
    for _ in range(2):
        await works.remove(grace, sent.channel, reply.seq)
    entries = await list_entries(engine.database, actor_id=grace.author.id)
    assert [entry.verb for entry in reversed(entries)] == [
        "conversation.assigned",
        "conversation.status_set",
        "conversation.noted",
        "message.removed",
    ]
    assert {entry.object_id for entry in entries} == {sent.channel, staff}
    assert "slip" not in str(entries)


async def test_what_a_visitor_does_is_not(works: Works) -> None:
    visitor = works.visitor()
    sent = await works.start(visitor)
    await works.remove(visitor, sent.channel, 1)
    assert [entry.verb for entry in await list_entries(works.engine.database) if entry.actor_public_id] == []


async def test_a_deed_that_is_refused_leaves_no_line(works: Works, ada: Agent) -> None:
    before = await list_entries(works.engine.database)
    with pytest.raises(Refused):
        await do_ban_account(works.engine, ada.rights, ada.author.public_id)
    with pytest.raises(Refused):
        await do_ban_visitor(works.engine, ada.rights, "nothing")
    with pytest.raises(Refused):
        await do_end_role(works.engine, ada.rights, ada.author.public_id, Role.ADMINISTRATOR)
    assert await list_entries(works.engine.database) == before
