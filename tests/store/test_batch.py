"""Messages, changes and receipts inside one transaction: numbers, repeats, refusals, statuses and marks."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import bindparam, func, select, update

from tests.clients.state import fresh_id
from tests.store.world import Desk, build_world, refused, sent, stored
from widget_server.core.conversation import Status, StatusEvent, advance
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, conversation, message, reader, revision

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.store.world import World
    from widget_server.store.database import Database, Row

_b = bindparam
COUNTERS = Statement(select(channel.c.last_seq, channel.c.version, channel.c.stamp).where(channel.c.id == _b("key")))
FACE = Statement(
    select(
        conversation.c.status,
        conversation.c.snoozed_until,
        conversation.c.visitor_delivered,
        conversation.c.visitor_seen,
        conversation.c.agents_delivered,
        conversation.c.agents_seen,
        conversation.c.stamp,
    ).where(conversation.c.channel_id == _b("key"))
)
SET_STATUS = Statement(
    update(conversation).where(conversation.c.channel_id == _b("key")).values(status=_b("new"), snoozed_until=_b("til"))
)
SET_STATE = Statement(update(channel).where(channel.c.id == _b("key")).values(state=_b("new")))
REVISIONS = Statement(select(revision.c.revision, revision.c.body).order_by(revision.c.revision))
READERS = Statement(select(reader.c.person_id, reader.c.delivered_seq, reader.c.seen_seq))
MESSAGES = Statement(select(func.count()).select_from(message))


@pytest.fixture
async def desk(database: Database, world: World) -> AsyncGenerator[Desk]:
    async with Desk(database, world) as desk:
        yield desk


async def one(database: Database, statement: Statement, key: int) -> Row:
    row = await database.read(lambda tx: tx.one(statement, key=key))
    assert row is not None
    return row


async def marks(database: Database, world: World) -> tuple[tuple[int, int], tuple[int, int]]:
    """(delivered, seen) of the visitor's side and of the agents'."""
    row = await one(database, FACE, world.channel)
    return (row[2], row[3]), (row[4], row[5])


async def status(database: Database, world: World) -> str:
    return str((await one(database, FACE, world.channel))[0])


async def test_numbers_are_one_two_three_in_the_order_of_asking(desk: Desk, database: Database, world: World) -> None:
    outcomes = await asyncio.gather(*(desk.send(f"{n}") for n in range(1, 8)))
    assert [sent(outcome).seq for outcome in outcomes] == list(range(1, 8))
    assert [sent(outcome).version for outcome in outcomes] == list(range(1, 8))
    assert await stored(database) == [(world.channel, n, str(n)) for n in range(1, 8)]
    assert (await one(database, COUNTERS, world.channel))[:2] == (7, 7)


async def test_an_event_carries_whole_states_and_the_versions_it_covers(desk: Desk, world: World) -> None:
    await asyncio.gather(desk.send("one"), desk.send("two", "agent"))
    events = [event for committed in desk.published for event in committed.events]
    assert [(event.from_version, event.to_version) for event in events] == [(0, 2)]
    assert [message["body"] for message in events[0].messages] == ["one", "two"]
    assert [message["author"]["role"] for message in events[0].messages] == ["visitor", "agent"]
    assert desk.published[0].sites == {world.site}


async def test_a_large_batch_becomes_several_events_that_follow_on_each_other(desk: Desk) -> None:
    await asyncio.gather(*(desk.send(f"{n}") for n in range(130)))
    versions = desk.versions
    assert versions[0][0] == 0
    assert versions[-1][1] == 130
    assert all(before[1] == after[0] for before, after in pairwise(versions))
    assert all(len(event.messages) <= 50 for committed in desk.published for event in committed.events)


# --- the same again


async def test_a_repeat_in_a_later_batch_gives_the_first_ack_and_is_published_again(
    desk: Desk, database: Database
) -> None:
    name = fresh_id()
    first = await desk.send("hello", client_id=name)
    assert await desk.send("hello", client_id=name) == first
    assert desk.versions == [(0, 1), (1, 1)]
    assert len(await stored(database)) == 1


async def test_a_repeat_within_one_batch_gives_the_first_ack(desk: Desk, database: Database) -> None:
    name = fresh_id()
    outcomes = await asyncio.gather(*(desk.send("hello", client_id=name) for _ in range(5)))
    assert len(set(outcomes)) == 1
    assert len(await stored(database)) == 1


async def test_other_content_under_the_same_id_is_a_conflict_in_one_batch_and_later(
    desk: Desk, database: Database
) -> None:
    name = fresh_id()
    first, other = await asyncio.gather(desk.send("hello", client_id=name), desk.send("bye", client_id=name))
    assert sent(first).seq == 1
    assert refused(other) == "conflict"
    assert refused(await desk.send("bye", client_id=name)) == "conflict"
    assert [row[2] for row in await stored(database)] == ["hello"]


async def test_the_same_id_in_another_channel_is_a_conflict(desk: Desk, database: Database, world: World) -> None:
    name = fresh_id()
    sent(await desk.send("hello", "agent", client_id=name))
    assert refused(await desk.send("hello", "agent", client_id=name, channel=world.staff)) == "conflict"
    mixed = fresh_id()
    _, other = await asyncio.gather(
        desk.send("hello", "agent", client_id=mixed),
        desk.send("hello", "agent", client_id=mixed, channel=world.staff),
    )
    assert refused(other) == "conflict"
    assert len(await stored(database)) == 2


async def test_two_authors_may_use_the_same_id(desk: Desk, database: Database) -> None:
    name = fresh_id()
    outcomes = await asyncio.gather(desk.send("hello", client_id=name), desk.send("bye", "agent", client_id=name))
    assert [sent(outcome).seq for outcome in outcomes] == [1, 2]
    assert [sent(await desk.send("hello", client_id=name)).seq, len(await stored(database))] == [1, 2]


async def test_a_repeat_after_an_edit_gives_the_first_ack_and_publishes_the_present_text(desk: Desk) -> None:
    name = fresh_id()
    first = sent(await desk.send("helo", client_id=name))
    sent(await desk.change(first.seq, 1, "hello"))
    assert await desk.send("helo", client_id=name) == first
    last = desk.published[-1].events[-1]
    assert (last.from_version, last.to_version) == (2, 2)
    assert (last.messages[0]["body"], last.messages[0]["revision"], last.messages[0]["version"]) == ("hello", 1, 2)


async def test_a_repeat_after_a_removal_brings_nothing_back(desk: Desk, database: Database) -> None:
    name = fresh_id()
    first = sent(await desk.send("oops", client_id=name))
    sent(await desk.change(first.seq, 0, None))
    assert await desk.send("oops", client_id=name) == first
    assert desk.published[-1].events[-1].messages[0]["removed"] is True
    assert [row[2] for row in await stored(database)] == [""]


# --- edits and removals


async def test_an_edit_names_the_revision_it_makes_and_keeps_what_it_replaced(desk: Desk, database: Database) -> None:
    first = sent(await desk.send("one"))
    edited = sent(await desk.change(1, 1, "two"))
    assert (edited.seq, edited.version, edited.revision, edited.at) == (1, 2, 1, first.at)
    assert edited.client_id == first.client_id
    assert refused(await desk.change(1, 1, "three")) == "edit_conflict"
    assert refused(await desk.change(1, 3, "three")) == "edit_conflict"
    assert sent(await desk.change(1, 2, "three")).revision == 2
    assert await database.read(lambda tx: tx.all(REVISIONS)) == [(0, "one"), (1, "two")]
    assert [row[2] for row in await stored(database)] == ["three"]


async def test_an_edit_or_removal_can_be_repeated(desk: Desk, database: Database) -> None:
    sent(await desk.send("one"))
    edited = sent(await desk.change(1, 1, "two"))
    assert await desk.change(1, 1, "two") == edited
    removed = sent(await desk.change(1, 0, None))
    assert await desk.change(1, 0, None) == removed
    assert desk.versions[-1] == (3, 3)
    assert (await one(database, COUNTERS, desk.world.channel))[:2] == (1, 3)


async def test_a_removal_leaves_a_tombstone_and_takes_the_text_out_of_the_row(desk: Desk, database: Database) -> None:
    sent(await desk.send("secret"))
    removed = sent(await desk.change(1, 0, None))
    assert (removed.seq, removed.version, removed.revision) == (1, 2, 1)
    state = desk.published[-1].events[0].messages[0]
    assert (state["seq"], state["body"], state["removed"]) == (1, "", True)
    assert "secret" not in json.dumps([event.messages for event in desk.published[-1].events])
    assert await stored(database) == [(desk.world.channel, 1, "")]
    assert await database.read(lambda tx: tx.all(REVISIONS)) == [(0, "secret")]
    assert refused(await desk.change(1, 2, "again")) == "removed"


async def test_only_the_author_changes_a_message_and_nobody_a_missing_one(desk: Desk, world: World) -> None:
    sent(await desk.send("mine"))
    assert refused(await desk.change(1, 1, "yours", author=world.agent)) == "not_found"
    assert refused(await desk.change(1, 0, None, author=world.agent)) == "not_found"
    assert refused(await desk.change(2, 1, "no such")) == "not_found"


async def test_what_is_too_old_stays_as_it_is(desk: Desk) -> None:
    first = sent(await desk.send("one"))
    outcome = await desk.change(1, 1, "two", since=first.at + 1)
    assert refused(outcome) == "edit_closed"
    assert outcome.facts == {"minutes": 15}
    assert refused(await desk.change(1, 0, None, since=first.at + 1)) == "edit_closed"
    assert sent(await desk.change(1, 1, "two", since=first.at)).revision == 1


async def test_a_message_can_be_changed_in_the_batch_that_brings_it(desk: Desk, database: Database) -> None:
    outcomes = await asyncio.gather(
        desk.send("one"),
        desk.change(1, 1, "two"),
        desk.change(1, 2, "three"),
        desk.send("last"),
        desk.change(2, 0, None),
    )
    assert [sent(outcome).version for outcome in outcomes] == [1, 2, 3, 4, 5]
    assert [row[2] for row in await stored(database)] == ["three", ""]
    assert desk.versions == [(0, 5)]


# --- what may not be written


async def test_a_refusal_never_touches_its_neighbours(desk: Desk, database: Database) -> None:
    outcomes = await asyncio.gather(
        desk.send("one"), desk.send("lost", channel=9_999), desk.change(7, 1, "no"), desk.send("two")
    )
    assert [sent(outcomes[0]).seq, sent(outcomes[3]).seq] == [1, 2]
    assert [refused(outcomes[1]), refused(outcomes[2])] == ["not_found", "not_found"]
    assert len(await stored(database)) == 2


@pytest.mark.parametrize("state", ["locked", "closed"])
async def test_a_channel_that_is_not_open_takes_no_message(
    desk: Desk, database: Database, world: World, state: str
) -> None:
    name = fresh_id()
    first = sent(await desk.send("one", client_id=name))
    await database.write(lambda tx: tx.run(SET_STATE, key=world.channel, new=state))
    assert refused(await desk.send("two")) == "channel_closed"
    assert await desk.send("one", client_id=name) == first


# --- statuses


async def set_status(database: Database, world: World, new: str, until: int | None = None) -> None:
    await database.write(lambda tx: tx.run(SET_STATUS, key=world.channel, new=new, til=until))


@pytest.mark.parametrize("side", ["visitor", "agent"])
@pytest.mark.parametrize("before", Status)
async def test_a_message_moves_the_status_as_the_table_says(
    desk: Desk, database: Database, world: World, before: Status, side: Any
) -> None:
    await set_status(database, world, before, 9_999_999_999_999 if before is Status.SNOOZED else None)
    await desk.send("hello", side)
    wrote = StatusEvent.VISITOR_WROTE if side == "visitor" else StatusEvent.AGENT_WROTE
    after = advance(before, wrote)
    row = await one(database, FACE, world.channel)
    assert (row[0], row[1]) == (after, None)
    heads = {event.channel_id: event.head for committed in desk.published for event in committed.events}
    told_public = before is Status.RESOLVED
    assert heads[world.channel] == ({"kind": "conversation", "status": "open"} if told_public else None)
    if after is before:
        assert world.staff not in heads
    else:
        staff_head = heads[world.staff]
        assert staff_head is not None
        assert (staff_head["status"], staff_head["snoozed_until"]) == (after, None)


async def test_a_note_and_a_message_that_moves_the_status_make_events_in_order(
    desk: Desk, database: Database, world: World
) -> None:
    await set_status(database, world, "resolved")
    await asyncio.gather(desk.send("note", "agent", channel=world.staff), desk.send("hello"))
    staff = [
        (event.from_version, event.to_version)
        for committed in desk.published
        for event in committed.events
        if event.channel_id == world.staff
    ]
    assert staff == [(0, 1), (1, 2)]
    assert (await one(database, COUNTERS, world.staff))[:2] == (1, 2)


async def test_a_note_moves_neither_status_nor_marks(desk: Desk, database: Database, world: World) -> None:
    await set_status(database, world, "resolved")
    sent(await desk.send("between us", "agent", channel=world.staff))
    assert await status(database, world) == "resolved"
    assert await marks(database, world) == ((0, 0), (0, 0))
    assert (await one(database, COUNTERS, world.channel))[:2] == (0, 0)


# --- marks


async def test_sending_raises_ones_own_marks_only_from_the_end(desk: Desk, database: Database, world: World) -> None:
    await desk.send("one")
    assert await marks(database, world) == ((1, 1), (0, 0))
    await desk.send("two", "agent")
    assert await marks(database, world) == ((1, 1), (0, 0))
    await desk.send("three")
    assert await marks(database, world) == ((1, 1), (0, 0))
    desk.receipt("visitor", 3, 3)
    await desk.send("four")
    assert await marks(database, world) == ((4, 4), (0, 0))


async def test_s1_04_receipts_only_raise_and_are_cut_to_the_end(desk: Desk, database: Database, world: World) -> None:
    for n in range(4):
        await desk.send(f"{n}")
    for delivered, seen in ((3, 1), (1, 0), (2, 2), (99, 3), (0, 0)):
        desk.receipt("agent", delivered, seen)
        await desk.committer.drained()
    assert await marks(database, world) == ((4, 4), (4, 3))
    rising = [committed.marks[-1].agents for committed in desk.published if committed.marks]
    assert rising == [(3, 1), (3, 2), (4, 3)]
    assert await database.read(lambda tx: tx.all(READERS)) == [(world.agent.id, 4, 3)]


async def test_receipts_of_one_batch_become_one_frame(desk: Desk, database: Database, world: World) -> None:
    await desk.send("one")
    await desk.send("two")
    before = len(desk.published)
    for seen in (0, 1, 2, 1, 0):
        desk.receipt("agent", 2, seen)
    await desk.committer.drained()
    told = [marks.agents for committed in desk.published[before:] for marks in committed.marks]
    assert told == [(2, 2)]


async def test_a_receipt_that_says_nothing_new_publishes_nothing_and_raises_no_version(
    desk: Desk, database: Database, world: World
) -> None:
    await desk.send("one")
    desk.receipt("agent", 1, 1)
    await desk.committer.drained()
    before = await one(database, COUNTERS, world.channel)
    published = len([committed for committed in desk.published if committed.marks])
    desk.receipt("agent", 1, 1)
    await desk.committer.drained()
    assert await one(database, COUNTERS, world.channel) == before
    assert len([committed for committed in desk.published if committed.marks]) == published


async def test_a_visitors_receipt_makes_no_reader_row(desk: Desk, database: Database, world: World) -> None:
    await desk.send("one", "agent")
    desk.receipt("visitor", 1, 1)
    await desk.committer.drained()
    assert await marks(database, world) == ((1, 1), (1, 1))
    assert await database.read(lambda tx: tx.all(READERS)) == []


# --- stamps of lists


@pytest.mark.parametrize("what", ["message", "edit", "removal", "receipt"])
async def test_whatever_a_list_shows_stamps_its_row(desk: Desk, database: Database, world: World, what: str) -> None:
    sent(await desk.send("one"))
    before = await one(database, FACE, world.channel)
    if what == "message":
        await desk.send("two")
    elif what == "receipt":
        desk.receipt("agent", 1, 1)
        await desk.committer.drained()
    else:
        sent(await desk.change(1, 1, "new" if what == "edit" else None))
    assert (await one(database, FACE, world.channel))[-1] > before[-1]
    assert desk.published[-1].sites == {world.site}


async def test_channels_of_one_batch_keep_their_own_numbers(desk: Desk, database: Database, world: World) -> None:
    other = await build_world(database)
    outcomes = await asyncio.gather(
        *(
            desk.send(f"{n}", channel=(world, other)[n % 2].channel, author=(world, other)[n % 2].visitor)
            for n in range(6)
        )
    )
    assert [sent(outcome).seq for outcome in outcomes] == [1, 1, 2, 2, 3, 3]
    assert {site for committed in desk.published for site in committed.sites} == {world.site, other.site}
