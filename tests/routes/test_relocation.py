"""Splitting and merging threads: every post is there once, with author and time, and old addresses lead on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, select

from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from tests.routes.conftest import make_member, sign_in_as
from tests.routes.test_moderation import deed, done, other_moderator
from widget_server.actions import relocation
from widget_server.actions.accounts import access_account
from widget_server.actions.posts import Reply, do_reply
from widget_server.actions.reading import do_bookmark
from widget_server.actions.relocation import do_merge, find_forward
from widget_server.actions.rendering import Source
from widget_server.core.errors import Unacceptable
from widget_server.core.tree import ROOT, Place, place_under
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import bookmark, channel, message, thread

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.actions.accounts import Account
    from widget_server.store.database import Row

_LOG = Statement(
    select(
        message.c.no, message.c.seq, message.c.parent, message.c.branch, message.c.path, message.c.kind,
        message.c.author_id, message.c.created_at, message.c.body,
    )
    .select_from(message.join(thread, thread.c.channel_id == message.c.channel_id))
    .where(thread.c.number == bindparam("number"))
    .order_by(message.c.seq)
)  # fmt: skip
_HEAD = Statement(
    select(channel.c.last_seq, thread.c.replies)
    .select_from(channel.join(thread, thread.c.channel_id == channel.c.id))
    .where(thread.c.number == bindparam("number"))
)

_KEPT = Statement(
    select(thread.c.number, bookmark.c.seq)
    .select_from(bookmark.join(thread, thread.c.channel_id == bookmark.c.channel_id))
    .order_by(thread.c.number, bookmark.c.seq)
)


async def log_of(browser: Browser, number: int) -> list[Row]:
    """Everything that stands in a thread's log."""
    return await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(_LOG, number=number))


async def head_of(browser: Browser, number: int) -> Row | None:
    """A thread's last place, and its count of replies."""
    return await browser.app[OFFICE].engine.database.read(lambda tx: tx.one(_HEAD, number=number))


async def fill(browser: Browser, account: Account, number: int, count: int) -> None:
    """Answer so often, each answer an answer to one of those before it."""
    engine = browser.app[OFFICE].engine
    for n in range(count):
        reply = Reply(1 + n * 2 // 3, Source(f"reply {n}", f"<p>reply {n}</p>"))
        await do_reply(engine, account, number, reply, engine.clock.uuid())


def check_log(rows: list[Row]) -> None:
    """The places are gap-free, and each answer stands under what it answers."""
    spots = {row[1]: Place(row[3], row[4]) for row in rows}
    assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows[1:]:
        assert row[2] < row[1]
        if row[5] == "text":
            parent = ROOT if row[2] == 1 else spots[row[2]]
            assert spots[row[1]] == place_under(parent, row[2], row[1])


@pytest.mark.everywhere
async def test_s0_07_a_merge_of_300_posts_keeps_each_once_with_author_time_and_parent(browser: Browser) -> None:
    made = await make_member(browser)
    await sign_in_as(browser)
    board = await open_board(browser)
    # As a moderator of the board, whom no limit of new members holds.
    account = await access_account(browser.app[OFFICE].engine.database, made.person_id)
    ada = account.actor
    one, two = [number_of(await begin_thread(browser, board, title)) for title in ("One", "Two")]
    await fill(browser, account, one, 299)
    await fill(browser, account, two, 3)
    before = {row[0]: row for row in [*await log_of(browser, one), *await log_of(browser, two)]}
    engine = browser.app[OFFICE].engine
    await do_merge(engine, ada, one, two)
    after = await log_of(browser, two)
    check_log(after)
    assert {row[0]: (row[6], row[7], row[8]) for row in after} == {
        no: (row[6], row[7], row[8]) for no, row in before.items()
    }
    by_no = {row[0]: row for row in after}
    assert await head_of(browser, two) == (304, 303)
    old = await log_of(browser, one)
    assert {row[5] for row in old} == {"system"}
    assert len(old) == 300
    # An answer to an answer is still one; an old place leads to where its post is.
    moved = [before[row[0]] for row in after[4:]]
    assert [row[1] for row in moved] == list(range(1, 301))
    for was in moved[1:]:
        assert by_no[was[0]][2] == was[2] + 4
    found = await engine.database.read(lambda tx: find_forward(tx, ada, one, 77))
    assert found is not None
    assert (found.thread.number, found.seq) == (two, 81)
    with pytest.raises(Unacceptable, match="thread_merged"):
        await do_merge(engine, ada, one, two)


@pytest.mark.everywhere
async def test_a_split_and_a_way_back_leave_nothing_behind_and_nothing_twice(browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    number = number_of(thread)
    top = await reply_to(browser, thread, "Off topic")
    below = await reply_to(browser, thread, "More of it", parent=top)
    stays = await reply_to(browser, thread, "This stays", parent=below)
    late = await reply_to(browser, thread, "And that", parent=stays)
    before = {row[0]: row[6:] for row in await log_of(browser, number)}
    engine = browser.app[OFFICE].engine
    bea = await make_member(browser, "Bea", "bea@example.com")
    for seq in (top, below, stays):
        await do_bookmark(engine, bea.actor, number, seq, keep=True)
    page = await (await browser.open(f"/threads/{number}/split")).text()
    assert "Off topic" in page
    fields = {f"post-{top}": "1", "posts": f"{late}", "title": "Another matter"} | {f"post-{below}": "1"}
    split = await done(browser, thread, "split", **fields)
    rows = await log_of(browser, number_of(split))
    check_log(rows)
    kept = await engine.database.read(lambda tx: tx.all(_KEPT))
    assert kept == [(number, stays), (number_of(split), 1), (number_of(split), 2)]
    assert [(row[1], row[2], row[8]) for row in rows] == [
        (1, None, "Off topic"),
        (2, 1, "More of it"),
        (3, 1, "And that"),
    ]
    left = await log_of(browser, number)
    check_log(left)
    assert [row[8] for row in left if row[5] == "text"] == ["First post", "This stays"]
    assert await head_of(browser, number) == (5, 1)
    shown = await (await browser.open(split)).text()
    assert "More of it" in shown
    back = await done(browser, split, "merge", into=f"http://localhost:8080{thread}")
    assert back == thread
    rows = await log_of(browser, number)
    check_log(rows)
    assert {row[0]: row[6:] for row in rows if row[5] == "text"} == before
    # However often it moved, a post is one step away from each of its addresses.
    kept = await engine.database.read(lambda tx: tx.all(_KEPT))
    assert kept == [(number, stays), (number, 6), (number, 7)]
    for old, seq in ((number, top), (number_of(split), 1)):
        found = await engine.database.read(partial(find_forward, actor=bea.actor, number=old, seq=seq))
        assert found is not None
        assert (found.thread.number, found.seq) == (number, 6)


@pytest.mark.everywhere
async def test_a_thread_that_is_too_long_is_not_merged_and_says_so(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = await member_with_board(browser)
    long, short = [await begin_thread(browser, board, title) for title in ("Long", "Short")]
    for body in ("One", "Two"):
        await reply_to(browser, long, body)
    monkeypatch.setattr(relocation, "MERGE_MAX", 2)
    refused = await deed(browser, long, "merge", into=str(number_of(short)))
    assert refused.status == 422
    assert "more than 2 posts" in await refused.text()
    assert "Two" in await (await browser.open(long)).text()
    assert await done(browser, short, "merge", into=str(number_of(long))) == long


@pytest.mark.everywhere
async def test_s47_nobody_splits_or_merges_beyond_their_boards(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    reply = await reply_to(browser, thread, "Mine")
    await other_moderator(second_browser)
    own = await begin_thread(second_browser, "/boards/stones", "Theirs")
    split = {"title": "Stolen", "posts": str(reply)}
    assert (await deed(second_browser, thread, "split", **split)).status == 403
    assert (await second_browser.open(f"/threads/{number_of(thread)}/split")).status == 403
    for source, into in ((thread, own), (own, thread)):
        assert (await deed(second_browser, source, "merge", into=str(number_of(into)))).status == 403
    assert (await deed(second_browser, own, "merge", into="999")).status == 404
    for wrong in ("1", "", "2-900", "x", "77"):
        assert (await deed(browser, thread, "split", title="New", posts=wrong)).status == 422, wrong
    for into in (str(number_of(thread)), "x"):
        assert (await deed(browser, thread, "merge", into=into)).status == 422
