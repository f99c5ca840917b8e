"""Rooms without pages, on both databases: who comes in, who goes, who reads, and what is left of them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from sqlalchemy import func, insert, select

from tests.actions.crowd import NOW, make_administrator, make_member
from tests.actions.works import beside
from tests.clients.state import fresh_id
from widget_server.actions.actors import Reader
from widget_server.actions.ignoring import do_ignore
from widget_server.actions.inspection import do_inspect, do_let_go
from widget_server.actions.memberships import (
    do_decline,
    do_invite,
    do_join,
    do_leave,
    do_remove_member,
    do_set_role,
    list_members,
)
from widget_server.actions.messages import do_send
from widget_server.actions.personal_data import do_delete_account
from widget_server.actions.pictures import Pictures
from widget_server.actions.posting_rules import do_change_posting
from widget_server.actions.room_lists import find_rooms
from widget_server.actions.room_logs import do_rewrite, do_take_back, do_write, read_log
from widget_server.actions.rooms import RoomText, author_of, do_begin_room, do_change_room, do_delete_room
from widget_server.actions.talks import do_open_talk
from widget_server.actions.uploads import Account as Uploading
from widget_server.actions.uploads import Announced, FileTerms, FileWorks, do_announce, do_receive
from widget_server.core.errors import ProductError, Refused, TryLater, Unacceptable
from widget_server.core.permissions import GUEST
from widget_server.core.post_rules import Posting, Rules
from widget_server.protocol import frames as f
from widget_server.settings import Settings
from widget_server.store.batch import READERS_MAX
from widget_server.store.engines import database_of
from widget_server.store.objects import FolderObjects
from widget_server.store.statement import Statement
from widget_server.store.tables import file, membership, message, reader, revision, room, silence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.actions.works import Works
    from tests.engines.backends import Backend
    from widget_server.actions.accounts import Account
    from widget_server.actions.passwords import Passwords
    from widget_server.actions.rooms import Access, Room
    from widget_server.core.post_rules import LinkRule
    from widget_server.store.database import Database


class People:
    """Members by their first names, made when they are named."""

    def __init__(self, works: Works, passwords: Passwords) -> None:
        self.works = works
        self._passwords = passwords

    async def __call__(self, *names: str) -> list[Account]:
        database = self.works.engine.database
        mails = [f"{name.replace(' ', '.').lower()}@example.com" for name in names]
        return [
            await make_member(database, self._passwords, name, mail) for name, mail in zip(names, mails, strict=True)
        ]


@pytest.fixture
def people(works: Works, passwords: Passwords) -> People:
    return People(works, passwords)


async def begin(
    works: Works, owner: Account, name: str = "Kitchen", *, capacity: int = 10, access: Access = "open"
) -> Room:
    return await do_begin_room(works.engine, owner, RoomText(name, "", capacity, access), fresh_id())


async def said(works: Works, who: Account, room_name: str) -> list[str]:
    """What somebody finds written in a room."""
    log = await works.engine.database.read(lambda tx: read_log(tx, who, room_name))
    return [message.body for message in log.messages]


async def count(database: Database, table: Any, *where: Any) -> int:
    statement = Statement(select(func.count()).select_from(table).where(*where))
    row = await database.read(lambda tx: tx.one(statement))
    assert row is not None
    return int(row[0])


def line_of(account: Account) -> Reader:
    return Reader(author_of(account), account.actor)


async def names_in(works: Works, who: Account, room_name: str) -> list[str | None]:
    _, members = await list_members(works.engine, who.actor, room_name)
    return [member.name for member in members]


async def outcome(work: Any) -> str:
    """What came of it: its refusal's name, or nothing."""
    try:
        await work
    except ProductError as error:
        return error.name
    return ""


# --- S3.05, S3.06


async def test_s3_05_with_a_limit_of_n_exactly_n_come_in_however_many_come_at_once(
    works: Works, people: People, database: Database, backend: Backend, tmp_path: Any
) -> None:
    capacity, more = 5, 20
    owner, *crowd = await people("Owner", *(f"Guest {number}" for number in range(capacity + more)))
    made = await begin(works, owner, capacity=capacity)
    async with AsyncExitStack() as stack:
        engines = [works.engine]
        if not database.one_writer:
            # Another node, with connections of its own.
            other = database_of(Settings(mode="testing", **backend.settings(tmp_path / "database")).database_url)
            await other.open()
            stack.push_async_callback(other.close)
            engines.append((await stack.enter_async_context(beside(other))).engine)
        joining = [
            outcome(do_join(engines[number % len(engines)], who, made.public_id)) for number, who in enumerate(crowd)
        ]
        outcomes = await asyncio.gather(*joining)
    assert sorted(outcomes) == [""] * (capacity - 1) + ["room_full"] * (more + 1)
    assert await count(database, membership, membership.c.left_at.is_(None)) == capacity
    assert await count(database, room, room.c.members == capacity) == 1
    assert (await said(works, owner, made.public_id)).count("joined") == capacity - 1


async def test_s3_06_joining_twice_is_one_membership_and_coming_back_too(
    works: Works, people: People, database: Database
) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    await asyncio.gather(*(do_join(works.engine, bob, made.public_id) for _ in range(3)))
    await do_leave(works.engine, bob, made.public_id)
    await do_leave(works.engine, bob, made.public_id)
    again = await do_join(works.engine, bob, made.public_id)
    assert (again.is_in, again.members) == (True, 2)
    assert await count(database, membership, membership.c.person_id == bob.person_id) == 1
    assert await said(works, owner, made.public_id) == ["created", "joined", "left", "joined"]


async def test_s3_04_a_room_is_found_by_its_name_and_stands_in_the_side_list_then(works: Works, people: People) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner, "Kitchen 100%")
    await begin(works, owner, "Garden")
    await begin(works, owner, "Cellar", access="invited")
    found = await works.engine.database.read(lambda tx: find_rooms(tx, bob.actor, "KITCHEN 100%"))
    assert [each.name for each in found.open] == ["Kitchen 100%"]
    everything = await works.engine.database.read(lambda tx: find_rooms(tx, bob.actor))
    assert {each.name for each in everything.open} == {"Kitchen 100%", "Garden"}, "not the one by invitation"
    await do_join(works.engine, bob, made.public_id)
    found = await works.engine.database.read(lambda tx: find_rooms(tx, bob.actor, "kitchen"))
    assert [each.name for each in found.mine] == ["Kitchen 100%"]
    assert found.open == []


# --- coming and going


async def test_an_owner_who_leaves_hands_the_room_to_who_is_in_longest_and_an_empty_one_is_gone(
    works: Works, people: People
) -> None:
    owner, bob, eve = await people("Owner", "Bob", "Eve")
    made = await begin(works, owner)
    await do_join(works.engine, bob, made.public_id)
    works.clock.now += 1
    await do_join(works.engine, eve, made.public_id)
    await do_set_role(works.engine, owner.actor, made.public_id, eve.public_id, "moderator")
    await do_leave(works.engine, owner, made.public_id)
    found, members = await list_members(works.engine, eve.actor, made.public_id)
    assert (found.owner_name, found.members) == ("Eve", 2)
    assert [(member.name, member.role) for member in members] == [("Bob", "member"), ("Eve", "owner")]
    await do_leave(works.engine, eve, made.public_id)
    assert (await list_members(works.engine, bob.actor, made.public_id))[0].owner_name == "Bob"
    await do_leave(works.engine, bob, made.public_id)
    again = await begin(works, owner)
    assert again.public_id != made.public_id, "the name is free again"


async def test_who_was_removed_comes_back_only_when_asked_in(works: Works, people: People) -> None:
    owner, bob, eve = await people("Owner", "Bob", "Eve")
    made = await begin(works, owner)
    for who in (bob, eve):
        await do_join(works.engine, who, made.public_id)
    for actor, whom in ((bob, eve), (bob, owner), (owner, owner)):
        with pytest.raises(Refused, match="not_allowed"):
            await do_remove_member(works.engine, actor.actor, made.public_id, whom.public_id)
    await do_remove_member(works.engine, owner.actor, made.public_id, bob.public_id)
    with pytest.raises(Refused, match="sent_away"):
        await do_join(works.engine, bob, made.public_id)
    found = await works.engine.database.read(lambda tx: find_rooms(tx, bob.actor))
    assert found.open == []
    await do_invite(works.engine, eve.actor, made.public_id, name="bob")
    found = await works.engine.database.read(lambda tx: find_rooms(tx, bob.actor))
    assert [each.public_id for each in found.invited] == [made.public_id]
    assert (await do_join(works.engine, bob, made.public_id)).is_in
    assert (await said(works, owner, made.public_id))[-2:] == ["removed", "joined"]


async def test_a_room_by_invitation_is_not_there_for_others_and_an_invitation_can_be_declined(
    works: Works, people: People
) -> None:
    owner, bob, eve = await people("Owner", "Bob", "Eve")
    made = await begin(works, owner, access="invited")
    with pytest.raises(Refused, match="not_found"):
        await do_join(works.engine, bob, made.public_id)
    for name, person in (("Nobody", ""), ("", fresh_id())):
        with pytest.raises(Unacceptable, match="no_such_member"):
            await do_invite(works.engine, owner.actor, made.public_id, name=name, person=person)
    await do_invite(works.engine, owner.actor, made.public_id, person=bob.public_id)
    await do_decline(works.engine, bob.actor, made.public_id)
    with pytest.raises(Refused, match="not_found"):
        await do_join(works.engine, bob, made.public_id)
    await do_invite(works.engine, owner.actor, made.public_id, person=bob.public_id)
    await do_join(works.engine, bob, made.public_id)
    with pytest.raises(Refused, match="not_allowed"):
        await do_invite(works.engine, bob.actor, made.public_id, person=eve.public_id)


async def test_a_room_is_changed_by_its_owner_and_never_holds_fewer_than_are_in(works: Works, people: People) -> None:
    owner, bob, eve = await people("Owner", "Bob", "Eve")
    made = await begin(works, owner)
    await begin(works, bob, "Garden")
    for who in (bob, eve):
        await do_join(works.engine, who, made.public_id)
    with pytest.raises(Refused, match="not_allowed"):
        await do_change_room(works.engine, bob.actor, made.public_id, RoomText("Mine"))
    with pytest.raises(Unacceptable, match="taken"):
        await do_change_room(works.engine, owner.actor, made.public_id, RoomText("GARDEN", capacity=5))
    with pytest.raises(Unacceptable, match="room_has_more"):
        await do_change_room(works.engine, owner.actor, made.public_id, RoomText("Kitchen", capacity=2))
    changed = await do_change_room(works.engine, owner.actor, made.public_id, RoomText("Kitchen 2", capacity=3))
    assert (changed.name, changed.capacity) == ("Kitchen 2", 3)
    heads = [event.head for event in works.events(made.public_id) if event.head]
    assert heads[-1]["name"] == "Kitchen 2"


async def test_two_members_have_one_talk_whoever_begins_it(works: Works, people: People) -> None:
    ada, bob, eve = await people("Ada", "Bob", "Eve")
    one, other = await asyncio.gather(
        do_open_talk(works.engine, ada, bob.public_id), do_open_talk(works.engine, bob, ada.public_id)
    )
    assert one.public_id == other.public_id
    assert (one.title, other.title) == ("Bob", "Ada")
    await do_write(works.engine, ada, one.public_id, fresh_id(), "Only for you")
    for deed in (do_leave(works.engine, ada, one.public_id), do_delete_room(works.engine, ada.actor, one.public_id)):
        with pytest.raises(Refused, match="not_allowed"):
            await deed
    with pytest.raises(Refused, match="not_found"):
        await do_join(works.engine, eve, one.public_id)
    with pytest.raises(Refused, match="not_found"):
        await said(works, eve, one.public_id)
    for person in (ada.public_id, fresh_id()):
        with pytest.raises(Refused):
            await do_open_talk(works.engine, ada, person)
    await do_ignore(works.engine.database, bob.actor, ada.public_id, now_ms=NOW)
    with pytest.raises(Refused, match="not_allowed"):
        await do_write(works.engine, ada, one.public_id, fresh_id(), "More")


# --- what is written


async def test_s3_12_the_author_is_the_account_and_a_repeat_is_written_once(works: Works, people: People) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    await do_join(works.engine, bob, made.public_id)
    client_id = fresh_id()
    first = await do_write(works.engine, bob, made.public_id, client_id, "Hello")
    assert await do_write(works.engine, bob, made.public_id, client_id, "Hello") == first
    with pytest.raises(Unacceptable, match="conflict"):
        await do_write(works.engine, bob, made.public_id, client_id, "Something else")
    log = await works.engine.database.read(lambda tx: read_log(tx, owner, made.public_id))
    assert [(each.name, each.body) for each in log.messages][-1] == ("Bob", "Hello")
    assert not log.messages[-1].is_own


async def test_s3_15_what_could_not_be_stored_is_told_to_its_sender_and_shown_to_nobody(
    works: Works, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    (owner,) = await people("Owner")
    made = await begin(works, owner)
    before = len(works.events(made.public_id))

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr("widget_server.store.batch._flush", fail)
        with pytest.raises(TryLater, match="internal"):
            await do_write(works.engine, owner, made.public_id, fresh_id(), "Lost")
    assert len(works.events(made.public_id)) == before
    assert await said(works, owner, made.public_id) == ["created"]


async def test_who_left_writes_no_more_though_their_line_still_has_the_room_open(works: Works, people: People) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    await do_join(works.engine, bob, made.public_id)
    access = await works.access(line_of(bob), made.public_id)
    await do_remove_member(works.engine, owner.actor, made.public_id, bob.public_id)
    frame = f.Send(t="send", ref=1, client_id=fresh_id(), channel=made.public_id, body="Still here")
    with pytest.raises(Refused, match="not_found"):
        await works.sent(lambda answer: do_send(works.engine, line_of(bob), access, frame, answer))


async def test_s47_who_is_silenced_everywhere_reads_a_room_and_writes_nothing(works: Works, people: People) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    await do_join(works.engine, bob, made.public_id)
    root = await works.new_agent("Root", role=None)
    await silence_everywhere(works, root.author.id, bob)
    with pytest.raises(Refused, match="silenced"):
        await do_write(works.engine, bob, made.public_id, fresh_id(), "Loud")
    assert await said(works, bob, made.public_id) == ["created", "joined"]


async def silence_everywhere(works: Works, by: int, whom: Account) -> None:
    statement = Statement(
        insert(silence).values(person_id=whom.person_id, board_id=0, reason="Loud", made_by=by, created_at=NOW)
    )
    await works.engine.database.write(lambda tx: tx.run(statement))


async def rule(works: Works, passwords: Passwords, rules: Rules) -> Account:
    """Set what holds everywhere, and return the administrator who did."""
    root = await make_administrator(works.engine.database, passwords)
    await do_change_posting(works.engine, root.actor, Posting(rules))
    return root


async def test_what_is_refused_or_would_wait_on_every_board_is_refused_in_a_room_also_as_an_edit(
    works: Works, people: People, passwords: Passwords
) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    await do_join(works.engine, bob, made.public_id)
    room_name, key = made.public_id, fresh_id()
    written = await do_write(works.engine, bob, room_name, key, "Cheap pills for all")
    await rule(works, passwords, Rules(hold=("pills",), refuse=("casino",)))
    for text in ("A casino", "More **pi**lls"):
        with pytest.raises(Unacceptable, match="post_refused"):
            await do_write(works.engine, bob, room_name, fresh_id(), text)
        with pytest.raises(Unacceptable, match="post_refused"):
            await do_rewrite(works.engine, bob, room_name, written.seq, 1, text)
    # What was said before the rule is known again, and what is said otherwise is taken.
    assert await do_write(works.engine, bob, room_name, key, "Cheap pills for all") == written
    await do_rewrite(works.engine, bob, room_name, written.seq, 1, "Cheap soup for all")
    await do_write(works.engine, bob, room_name, fresh_id(), "Come in")
    assert await said(works, bob, room_name) == ["created", "joined", "Cheap soup for all", "Come in"]


@pytest.mark.parametrize("links", ["hold", "refuse"])
async def test_a_new_member_posts_no_link_in_a_talk_of_two_where_the_rules_say_so(
    works: Works, people: People, passwords: Passwords, links: LinkRule
) -> None:
    owner, bob = await people("Owner", "Bob")
    talk = await do_open_talk(works.engine, bob, owner.public_id)
    await rule(works, passwords, Rules(links=links))
    with pytest.raises(Unacceptable, match="link_refused"):
        await do_write(works.engine, bob, talk.public_id, fresh_id(), "See https://example.com")
    await do_write(works.engine, bob, talk.public_id, fresh_id(), "See me")


async def test_a_new_member_writes_few_links_into_one_message(works: Works, people: People) -> None:
    (owner,) = await people("Owner")
    made = await begin(works, owner)
    many = " ".join(f"https://example.com/{number}" for number in range(4))
    with pytest.raises(Unacceptable, match="too_many_links"):
        await do_write(works.engine, owner, made.public_id, fresh_id(), many)


async def test_who_moderates_everything_is_asked_nothing_in_a_room(
    works: Works, people: People, passwords: Passwords
) -> None:
    (owner,) = await people("Owner")
    made = await begin(works, owner)
    root = await rule(works, passwords, Rules(refuse=("casino",)))
    await do_join(works.engine, root, made.public_id)
    await do_write(works.engine, root, made.public_id, fresh_id(), "No casino here")
    with pytest.raises(Unacceptable, match="post_refused"):
        await do_write(works.engine, owner, made.public_id, fresh_id(), "No casino here")


async def test_s3_19_one_removes_ones_own_message_at_any_time_and_the_owner_that_of_others(
    works: Works, people: People, database: Database
) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    await do_join(works.engine, bob, made.public_id)
    mine = await do_write(works.engine, owner, made.public_id, fresh_id(), "Mine")
    his = await do_write(works.engine, bob, made.public_id, fresh_id(), "His")
    with pytest.raises(Refused, match="not_allowed"):
        await do_take_back(works.engine, bob, made.public_id, mine.seq)
    with pytest.raises(Refused, match="not_found"):
        await do_take_back(works.engine, owner, made.public_id, 1)
    works.clock.now += 86_400_000
    await do_take_back(works.engine, owner, made.public_id, his.seq)
    await do_take_back(works.engine, owner, made.public_id, mine.seq)
    assert await said(works, bob, made.public_id) == ["created", "joined", "", ""]
    assert await count(database, message, message.c.removed_by == owner.person_id) == 1, "it says who removed it"


async def test_s3_19_a_deleted_room_is_gone_for_everybody_with_all_that_was_written(
    works: Works, people: People, database: Database
) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner, "Marmalade")
    await do_join(works.engine, bob, made.public_id)
    sent = await do_write(works.engine, bob, made.public_id, fresh_id(), "Marmalade recipe")
    await works.edit(line_of(bob), made.public_id, sent.seq, 1, "Another marmalade recipe")
    with pytest.raises(Refused, match="not_allowed"):
        await do_delete_room(works.engine, bob.actor, made.public_id)
    await do_delete_room(works.engine, owner.actor, made.public_id)
    for who in (owner, bob):
        with pytest.raises(Refused, match="not_found"):
            await said(works, who, made.public_id)
        assert (await works.resume(line_of(who), made.public_id))[0]["t"] == "gone"
    assert await count(database, room, room.c.name != "") == 0
    assert await count(database, message, message.c.body.like("%marmalade%")) == 0
    assert await count(database, revision) == 0


async def test_s3_19_the_files_of_a_deleted_room_lose_their_bytes_with_it(
    works: Works, people: People, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    works.engine.files = FileWorks(FolderObjects(folder), FileTerms())
    (owner,) = await people("Owner")
    made = await begin(works, owner)
    sent = await send_file(works, owner, made.public_id, "Marmalade recipe")
    assert [path.read_bytes() for path in folder.rglob("*") if path.is_file()] == [b"Marmalade recipe"]
    await do_delete_room(works.engine, owner.actor, made.public_id)
    assert any(each.files for each in works.published), "whoever removes bytes is told at once"
    await do_let_go(works.engine)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert await count(database, file, file.c.public_id == sent) == 0


async def send_file(works: Works, who: Account, room_name: str, text: str) -> str:
    """Send a text file into a room, and return its public id."""

    async def blocks() -> AsyncIterator[bytes]:
        yield text.encode()

    wish = Announced("notes.txt", len(text), fresh_id())
    announced = await do_announce(works.engine, Uploading(who.person_id, None), wish)
    await do_receive(works.engine, announced, 0, blocks())
    await do_inspect(works.engine, Pictures())
    await do_write(works.engine, who, room_name, fresh_id(), "", (announced.public_id,))
    return announced.public_id


# --- how far everybody has read


async def test_receipts_are_kept_for_each_member_and_sending_raises_ones_own_only_from_the_end(
    works: Works, people: People, database: Database
) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    await do_join(works.engine, bob, made.public_id)

    async def marks() -> dict[str, tuple[int, int]]:
        head = (await works.resume(line_of(owner), made.public_id))[0]
        return {one["person"]: (one["delivered"], one["seen"]) for one in head["readers"]}

    assert await marks() == {owner.public_id: (1, 1), bob.public_id: (2, 2)}
    await do_write(works.engine, bob, made.public_id, fresh_id(), "Three")
    await do_write(works.engine, owner, made.public_id, fresh_id(), "Four")
    assert await marks() == {owner.public_id: (1, 1), bob.public_id: (3, 3)}, "who has not read does not by writing"
    await works.receipt(line_of(owner), made.public_id, 4, 2)
    await works.receipt(line_of(owner), made.public_id, 1, 1)
    await works.receipt(line_of(owner), made.public_id, 900, 2)
    assert await marks() == {owner.public_id: (4, 2), bob.public_id: (3, 3)}, "they rise, and not beyond the end"
    told = [committed.readers[made.public_id] for committed in works.published if committed.readers]
    assert told == [{bob.public_id: (3, 3)}, {owner.public_id: (4, 2)}]
    assert await count(database, reader, reader.c.channel_id == made.channel_id) == 2


async def test_in_a_large_room_nobody_is_told_how_far_each_has_come(works: Works, people: People) -> None:
    (owner,) = await people("Owner")
    made = await begin(works, owner, capacity=1000)
    statement = Statement(room.update().values(members=READERS_MAX + 1))
    await works.engine.database.write(lambda tx: tx.run(statement))
    await do_write(works.engine, owner, made.public_id, fresh_id(), "Anybody here?")
    assert "readers" not in (await works.resume(line_of(owner), made.public_id))[0]
    assert [committed.readers for committed in works.published if committed.readers] == []


# --- strangers


async def test_s3_11_who_is_not_in_gets_nothing_by_a_line(works: Works, people: People) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    agent = await works.new_agent("Grace")
    for stranger in (line_of(bob), Reader(None, GUEST), agent, works.visitor()):
        frames = await works.resume(stranger, made.public_id)
        assert [frame["t"] for frame in frames] == ["gone"], stranger
    own = orjson.dumps(await works.resume(line_of(owner), made.public_id))
    assert b"created" in own


async def test_s3_14_members_with_equal_first_names_see_each_others_messages(works: Works, people: People) -> None:
    one, other = await people("Sam Lee", "Sam Ray")
    made = await begin(works, one)
    await do_join(works.engine, other, made.public_id)
    await do_write(works.engine, one, made.public_id, fresh_id(), "From Lee")
    await do_write(works.engine, other, made.public_id, fresh_id(), "From Ray")
    for who in (one, other):
        assert (await said(works, who, made.public_id))[-2:] == ["From Lee", "From Ray"]


async def test_s3_19_an_account_that_goes_leaves_its_rooms(works: Works, people: People) -> None:
    owner, bob = await people("Owner", "Bob")
    made = await begin(works, owner)
    alone = await begin(works, owner, "Alone")
    await do_join(works.engine, bob, made.public_id)
    talk = await do_open_talk(works.engine, owner, bob.public_id)
    await do_delete_account(works.engine, owner.person_id)
    found, members = await list_members(works.engine, bob.actor, made.public_id)
    assert (found.owner_name, [member.name for member in members]) == ("Bob", ["Bob"])
    assert await count(works.engine.database, room, room.c.removed_at.is_not(None)) == 1, alone.name
    with pytest.raises(Refused, match="not_allowed"):
        await do_write(works.engine, bob, talk.public_id, fresh_id(), "Are you there?")
    assert await said(works, bob, talk.public_id) == ["created"]
