"""Who watches is told: each once, in steps, and nobody of what they mute, may not read, or by whom they ignore."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from tests.workers.club import Club, another_node, club_of
from widget_server.actions import watchers
from widget_server.actions.accounts import access_account
from widget_server.actions.ignoring import do_ignore
from widget_server.actions.members import do_follow
from widget_server.actions.notice_choices import do_choose
from widget_server.actions.notices import WATCHERS
from widget_server.actions.outbox import do_take
from widget_server.actions.relocation import do_merge, do_split
from widget_server.core.errors import Refused
from widget_server.core.notifying import Choices
from widget_server.store.tables import notice, watching

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.engines.post_office import PostOffice
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database


@pytest.fixture
async def club(database: Database, post_office: PostOffice) -> AsyncGenerator[Club]:
    async with club_of(database, post_office.url) as club:
        yield club


@pytest.mark.parametrize(
    ("kind", "level", "of_thread", "of_reply"),
    [
        ("board", "watch", True, True),
        ("board", "follow", True, False),
        ("board", None, False, False),
        ("tag", "watch", True, True),
        ("tag", "follow", True, False),
        ("person", "watch", True, True),
        ("person", "follow", True, False),
        ("thread", "watch", False, True),
        ("thread", "follow", False, False),
    ],
)
async def test_to_watch_is_to_hear_everything_and_to_follow_is_to_hear_what_begins(
    club: Club, kind: str, level: str, of_thread: bool, of_reply: bool
) -> None:
    bea = await club.member("Bea")
    await club.begin(club.ada, tags=("leaf",), title="Before")
    name = {"board": "plants", "tag": "leaf", "person": club.ada.public_id, "thread": "2"}[kind]
    if kind != "thread":
        await club.set_level(bea, kind, name, level)  # type: ignore[arg-type]  # parametrised
    number = await club.begin(club.ada, tags=("leaf",))
    if kind == "thread":
        await club.set_level(bea, kind, name, level)  # type: ignore[arg-type]  # parametrised
    await club.node.carry_out()
    assert await club.told(bea) == ["thread"] * of_thread
    await club.reply(club.ada, number)
    await club.node.carry_out()
    assert await club.told(bea) == ["thread"] * of_thread + ["post"] * of_reply
    assert await club.told(club.ada) == [], "nobody is told of their own"


async def test_whoever_follows_a_member_by_their_page_hears_of_threads_that_they_begin(club: Club) -> None:
    bea = await club.member("Bea")
    await do_follow(club.engine.database, bea.actor, club.ada.public_id, now_ms=club.works.clock.now)
    await club.begin(club.ada)
    await club.node.carry_out()
    assert await club.told(bea) == ["thread"]
    await club.set_level(bea, "person", club.ada.public_id, "mute")
    await club.begin(club.ada, "And @Bea.")
    await club.node.carry_out()
    assert await club.told(bea) == ["thread"]


@pytest.mark.parametrize("kind", ["board", "thread", "tag", "person"])
async def test_what_is_muted_is_told_in_no_way_whatever_else_was_chosen(club: Club, kind: str) -> None:
    bea = await club.member("Bea")
    number = await club.begin(bea, tags=("leaf",))
    names = {"board": "plants", "thread": str(number), "tag": "leaf", "person": club.ada.public_id}
    for other, name in names.items():
        await club.set_level(bea, other, name, "mute" if other == kind else "watch")
    await club.reply(club.ada, number, "@Bea, this answers you.")
    await club.node.carry_out()
    assert await club.told(bea) == []
    await club.set_level(bea, kind, names[kind], None)
    await club.reply(club.ada, number, "@Bea, this too.")
    await club.node.carry_out()
    assert await club.told(bea) == ["reply"], "and of one post once"


async def moderator_of(club: Club) -> Actor:
    """Who opened the board, with the rights that this gave them."""
    return (await access_account(club.engine.database, club.ada.person_id)).actor


async def test_who_watches_a_thread_watches_the_one_that_it_is_merged_into_unless_they_chose_otherwise_there(
    club: Club,
) -> None:
    bea, cleo, dora, emil = [await club.member(name) for name in ("Bea", "Cleo", "Dora", "Emil")]
    source, target = await club.begin(club.ada, title="Leaves"), await club.begin(club.ada, title="Roots")
    for who in (bea, cleo, dora):
        await club.set_level(who, "thread", str(source), "watch")
    await club.set_level(cleo, "thread", str(target), "mute")
    await club.set_level(dora, "thread", str(target), "watch")
    await club.set_level(emil, "thread", str(source), "mute")
    await club.set_level(emil, "board", "plants", "watch")
    await club.reply(club.ada, source)
    await club.node.carry_out()
    told = {who: len(await club.told(who)) for who in (bea, cleo, dora, emil)}
    assert told == {bea: 1, cleo: 1, dora: 1, emil: 0}
    await do_merge(club.engine, await moderator_of(club), source, target)
    await club.node.carry_out()
    assert {who: len(await club.told(who)) for who in told} == told, "nobody is told again of what they know"
    await club.reply(club.ada, target)
    await club.node.carry_out()
    assert {who: len(await club.told(who)) - before for who, before in told.items()} == {
        bea: 1, cleo: 0, dora: 1, emil: 1,
    }  # fmt: skip


async def test_who_watches_a_thread_watches_what_is_split_off_it_and_who_mutes_it_mutes_both(club: Club) -> None:
    bea, cleo = [await club.member(name) for name in ("Bea", "Cleo")]
    number = await club.begin(club.ada)
    await club.set_level(bea, "thread", str(number), "watch")
    await club.set_level(cleo, "thread", str(number), "mute")
    await club.set_level(cleo, "board", "plants", "watch")
    await club.reply(club.ada, number)
    await club.node.carry_out()
    split = await do_split(club.engine, await moderator_of(club), number, [2], "Another matter")
    await club.node.carry_out()
    assert (await club.told(bea), await club.told(cleo)) == (["post"], [])
    for thread in (split.number, number):
        await club.reply(club.ada, thread)
    await club.node.carry_out()
    assert (await club.told(bea), await club.told(cleo)) == (["post"] * 3, [])


async def test_ignoring_is_stronger_than_watching(club: Club) -> None:
    bea = await club.member("Bea")
    await club.set_level(bea, "board", "plants", "watch")
    await do_ignore(club.engine.database, bea.actor, club.ada.public_id, now_ms=club.works.clock.now)
    await club.begin(club.ada)
    await club.node.carry_out()
    assert await club.told(bea) == []


async def test_who_may_not_read_any_more_is_not_told_and_does_not_see_what_they_watched(club: Club) -> None:
    bea = await club.member("Bea")
    await club.set_level(bea, "board", "plants", "watch")
    await club.begin(club.ada)
    await club.close_board()
    await club.node.carry_out()
    assert await club.told(bea) == []
    with pytest.raises(Refused, match="not_found"):
        await club.set_level(bea, "board", "plants", "follow")


async def test_the_post_writes_one_row_however_many_watch_and_each_is_told_once(
    club: Club, monkeypatch: pytest.MonkeyPatch, post_office: PostOffice
) -> None:
    monkeypatch.setattr(watchers, "STEP", 2)
    people = [await club.member(f"Bea{number} Lang") for number in range(5)]
    for one in people:
        await club.set_level(one, "board", "plants", "watch")
        await club.set_level(one, "person", club.ada.public_id, "watch")
    await club.begin(club.ada)
    assert await club.waiting(WATCHERS) == 1
    assert await club.all(select(notice.c.id)) == []
    async with another_node(club, post_office.url) as node:
        (entry,) = await do_take(club.engine.database, [WATCHERS], most=9, lease_ms=1, now_ms=club.works.clock.now)
        # Its lease ended while it was at it: another has taken the same.
        await asyncio.gather(*(each.mails.tell_watchers(entry) for each in (club.node, node, club.node)))
        club.works.clock.now += 2
        node.works.clock.now += 2
        await asyncio.gather(club.node.carry_out(), node.carry_out())
    counts = await club.all(select(notice.c.person_id, func.count()).group_by(notice.c.person_id))
    assert sorted(counts) == [(one.person_id, 1) for one in people]


async def test_who_writes_follows_the_thread_unless_they_chose_otherwise(club: Club) -> None:
    bea = await club.member("Bea")
    levels = select(watching.c.level).where(watching.c.person_id == bea.person_id)
    await do_choose(club.engine, bea, Choices(follows=False))
    number = await club.begin(club.ada)
    await club.reply(bea, number)
    assert await club.all(levels) == []
    await do_choose(club.engine, bea, Choices())
    await club.reply(bea, number)
    assert await club.all(levels) == [("follow",)]
    await club.set_level(bea, "thread", str(number), "mute")
    await club.reply(bea, number)
    assert await club.all(levels) == [("mute",)]
