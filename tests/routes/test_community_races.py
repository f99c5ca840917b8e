"""What meets on its way: a post and a moderator, a post and its author's leaving, a repeat and a move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of
from tests.routes.community_counts import problems_of
from tests.routes.conftest import make_member
from widget_server.actions.accounts import access_account
from widget_server.actions.personal_data import do_delete_account
from widget_server.actions.posts import Replied, Reply, do_reply
from widget_server.actions.relocation import do_merge, do_split
from widget_server.actions.removals import do_remove_post, do_restore_post
from widget_server.actions.rendering import Source
from widget_server.actions.threads import Opening, Thread, do_begin_thread
from widget_server.core.errors import Refused, Unacceptable
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine


async def account_of(browser: Browser, name: str) -> Account:
    """A member of this name."""
    made = await make_member(browser, name, f"{name.lower()}@example.com")
    return await access_account(browser.app[OFFICE].engine.database, made.person_id)


async def answered(engine: Engine, account: Account, number: int, body: str, key: str) -> Replied:
    """Answer the first post of a thread."""
    done = await do_reply(engine, account, number, Reply(1, Source(body, f"<p>{body}</p>")), key)
    assert isinstance(done, Replied)
    return done


@pytest.mark.everywhere
async def test_g03_a_repeat_finds_its_post_wherever_moderators_have_put_it(browser: Browser) -> None:
    board = await member_with_board(browser)
    engine = browser.app[OFFICE].engine
    bea = await account_of(browser, "Bea")
    ada = await access_account(engine.database, bea.person_id - 1)
    first, target = [number_of(await begin_thread(browser, board, title)) for title in ("First", "Target")]
    opening, begun_key = Opening("Of Bea", "discussion", Source("words", "<p>words</p>")), engine.clock.uuid()
    begun = await do_begin_thread(engine, bea, "plants", opening, begun_key)
    assert isinstance(begun, Thread)
    key = engine.clock.uuid()
    sent = await answered(engine, bea, first, "an answer", key)
    split = await do_split(engine, ada.actor, first, [sent.seq], "Split off")
    repeated = await answered(engine, bea, first, "an answer", key)
    assert (repeated.thread.number, repeated.seq) == (split.number, 1)
    with pytest.raises(Unacceptable, match="conflict"):
        await answered(engine, bea, first, "another answer", key)
    for gone in (split.number, begun.number, first):
        await do_merge(engine, ada.actor, gone, target)
    repeated = await answered(engine, bea, first, "an answer", key)
    assert (repeated.thread.number, repeated.seq) == (target, 2)
    again = await do_begin_thread(engine, bea, "plants", opening, begun_key)
    assert isinstance(again, Thread)
    assert again.number == target
    # Who was writing while the thread was merged answers where it went, also as a moderator.
    for account, seq in ((bea, 5), (ada, 6)):
        late = await answered(engine, account, first, f"late {account.name}", engine.clock.uuid())
        assert (late.thread.number, late.seq) == (target, seq)
    assert await problems_of(engine.database) == []


@pytest.mark.everywhere
async def test_a_removed_answer_no_longer_makes_its_thread_look_active(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    engine = browser.app[OFFICE].engine
    bea = await account_of(browser, "Bea")
    number = number_of(thread)
    before = (await answered(engine, bea, number, "stays", engine.clock.uuid())).thread
    engine.clock.ahead_ms += 5_000  # type: ignore[attr-defined]  # the test's clock
    seq = (await answered(engine, bea, number, "goes", engine.clock.uuid())).seq
    assert await problems_of(engine.database) == []
    for deed in (do_remove_post, do_restore_post):
        changed = await deed(engine, bea.actor, number, seq)
        assert changed.thread.replies == (1 if deed is do_remove_post else 2)
        assert changed.thread.activity_at > before.activity_at
        assert await problems_of(engine.database) == []


@pytest.mark.everywhere
async def test_who_has_deleted_their_account_posts_no_more(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    engine = browser.app[OFFICE].engine
    bea = await account_of(browser, "Bea")
    await do_delete_account(engine, bea.person_id)
    # As a request does that was let in before.
    with pytest.raises(Refused, match="not_allowed"):
        await answered(engine, bea, number_of(thread), "from the grave", engine.clock.uuid())
    opening = Opening("Of Bea", "discussion", Source("words", "<p>words</p>"))
    with pytest.raises(Refused, match="not_allowed"):
        await do_begin_thread(engine, bea, "plants", opening, engine.clock.uuid())
