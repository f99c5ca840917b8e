"""A list shows exactly what its door opens to: for every kind of reader and of board."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, update

from tests.actions.works import NOW
from tests.clients.state import fresh_id
from widget_server.actions.accounts import access_account
from widget_server.actions.boards import BoardText, do_open_board
from widget_server.actions.rendering import source_of
from widget_server.actions.roles import do_ensure_roles
from widget_server.actions.thread_lists import SORTS, SPANS, Wanted, find_posts, find_threads
from widget_server.actions.threads import Opening, Thread, access_thread, do_begin_thread
from widget_server.core.boards import READERS
from widget_server.core.errors import Refused
from widget_server.core.permissions import GUEST, Actor, Grant, Role
from widget_server.store.statement import Statement
from widget_server.store.tables import thread

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.store.database import Transaction

PIN = Statement(
    update(thread)
    .where(thread.c.number == bindparam("which"))
    .values(pinned=bindparam("new_pinned"), pinned_until=bindparam("until"))
)


async def _fill(works: Works) -> tuple[int, list[Thread]]:
    """Boards of each kind of readers, two threads on each by one administrator, whose key comes first."""
    await do_ensure_roles(works.engine.database, NOW)
    ada = await works.new_agent("Ada", role=Role.ADMINISTRATOR)
    account = await access_account(works.engine.database, ada.author.id)
    threads = []
    for readers in READERS:
        text = BoardText(f"For {readers}", "", "", readers, "members", "members", "nested")
        opened = await do_open_board(works.engine, account.actor, text)
        account = await access_account(works.engine.database, ada.author.id)
        for number in range(2):
            source = await source_of(works.engine, "Text", 4000)
            opening = Opening(f"{readers} {number}", "discussion", source, tags=["leaf"])
            begun = await do_begin_thread(works.engine, account, opened.slug, opening, fresh_id())
            assert isinstance(begun, Thread)
            threads.append(begun)
    return ada.author.id, threads


def _readers(author_id: int, threads: list[Thread]) -> list[Actor]:
    hidden = threads[-1].board.id
    member = Grant(Role.MEMBER, 0)
    others = [Grant(Role.MODERATOR, 0), Grant(Role.MODERATOR, 0, hidden), Grant(Role.MODERATOR, 0, hidden + 1)]
    others += [Grant(Role.ADMINISTRATOR, 1), Grant(Role.AGENT, 0)]
    key = author_id + 1_000
    return [
        GUEST,
        Actor(key, "m", frozenset({member})),
        *(Actor(key, "m", frozenset({member, each})) for each in others),
    ]


WANTED = [
    *(Wanted(scope, sort) for scope in ("all", "board", "author", "tag") for sort in SORTS),
    *(Wanted(scope, "top", span=span) for scope in ("all", "board") for span in SPANS),
    Wanted("unread"),
]


async def _opened(tx: Transaction, reader: Actor, number: int) -> set[int]:
    try:
        return {(await access_thread(tx, reader, number)).number}
    except Refused:
        return set()


async def _listed(tx: Transaction, reader: Actor, wanted: Wanted) -> set[int]:
    try:
        found = await find_threads(tx, reader, wanted, now_ms=NOW, since_ms=1)
    except Refused:
        return set()
    return {each.number for each in [*found.pinned, *found.threads]}


@pytest.mark.everywhere
async def test_s0_05_every_list_shows_what_the_door_of_each_thread_opens_to(works: Works) -> None:
    author_id, threads = await _fill(works)
    keys = {"author": author_id, "tag": 1}
    slugs = sorted({each.board.slug for each in threads})

    async def compare(tx: Transaction, reader: Actor) -> None:
        doors = [await _opened(tx, reader, each.number) for each in threads]
        for wanted in WANTED if reader.person_id else WANTED[:-1]:
            places = slugs if wanted.scope == "board" else [""]
            lists = [
                await _listed(tx, reader, wanted._replace(board=slug, key=keys.get(wanted.scope, 0))) for slug in places
            ]
            assert set().union(*lists) == set().union(*doors), (reader, wanted)
        boards = (await find_threads(tx, reader, Wanted("all"), now_ms=NOW)).boards
        assert {post.number for post in await find_posts(tx, author_id, boards)} == set().union(*doors)

    database = works.engine.database
    readers = _readers(author_id, threads)
    for reader in readers:
        await database.read(partial(compare, reader=reader))
    await database.write(lambda tx: tx.run(PIN, which=threads[-1].number, new_pinned=2, until=None))
    for reader in readers:
        await database.read(partial(compare, reader=reader))


@pytest.mark.everywhere
async def test_s4_12_what_is_pinned_stands_on_top_until_its_end(works: Works) -> None:
    _, threads = await _fill(works)
    database = works.engine.database
    first, second, other = threads[0], threads[1], threads[2]
    member = Actor(9_999, "m", frozenset({Grant(Role.MEMBER, 0)}))

    async def shown(scope_board: str, now: int = NOW) -> tuple[list[int], list[int]]:
        wanted = Wanted("board", "new", board=scope_board) if scope_board else Wanted("all", "new")
        found = await database.read(lambda tx: find_threads(tx, member, wanted, now_ms=now))
        return [each.number for each in found.pinned], [each.number for each in found.threads]

    await database.write(lambda tx: tx.run(PIN, which=first.number, new_pinned=1, until=None))
    await database.write(lambda tx: tx.run(PIN, which=other.number, new_pinned=2, until=NOW + 10))
    everything = sorted((each.number for each in threads[:4]), reverse=True)
    assert await shown("") == ([other.number], [n for n in everything if n != other.number])
    assert await shown(first.board.slug) == ([other.number, first.number], [second.number])
    assert await shown("", NOW + 10) == ([], everything)
    assert await shown(first.board.slug, NOW + 10) == ([first.number], [second.number])
