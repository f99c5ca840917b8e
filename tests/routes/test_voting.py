"""Votes, reactions, polls and previews over HTTP, without a script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from tests.patience import until_read
from tests.routes.community import begin_thread, member_with_board, number_of, reply_to
from tests.routes.conftest import make_member, sign_in_as, text_of
from widget_server.actions.rendering import rendered_anew
from widget_server.core.markdown import RENDERER
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import message, rendering

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


async def deed(browser: Browser, thread: str, deed: str, **fields: str) -> str:
    """Send one of the forms of a thread's page, and return the page to which it leads."""
    csrf = await browser.field("csrf", thread)
    response = await browser.post_form(f"/threads/{number_of(thread)}/{deed}", csrf=csrf, **fields)
    assert response.status == 303, await response.text()
    return await (await browser.open(thread)).text()


def state_of(page: str, label: str) -> str:
    """Whether the first button with this label is pressed."""
    found = re.search(rf'aria-pressed="(\w+)" (?:aria-label|title)="{label}"', page)
    assert found is not None, label
    return found[1]


@pytest.mark.everywhere
async def test_s4_12_members_vote_and_react_by_forms_and_guests_see_the_numbers(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    poll = {"poll_question": "Which?", "poll_options": "Fern\nMoss", "poll_choices": "1"}
    thread = await begin_thread(browser, board, "Ferns", "Which one?", **poll)
    await reply_to(browser, thread, "The small one.")
    assert 'aria-label="Vote up"' not in await (await browser.open(thread)).text(), "nobody votes on their own post"
    await make_member(second_browser, "Bo Berg", "bo@example.com")
    await sign_in_as(second_browser, "bo@example.com")
    page = await deed(second_browser, thread, "poll", option="1")
    assert 'name="option" value="1" checked' in page
    assert '<span class="badge" data-option="1">1</span>' in page
    page = await deed(second_browser, thread, "posts/1/vote", value="up")
    assert state_of(page, "Vote up") == "true"
    page = await deed(second_browser, thread, "posts/2/vote", value="down")
    assert '<span class="score">-1</span>' in page
    page = await deed(second_browser, thread, "posts/2/react", give="🎉")
    assert page.count('name="take"') == 1
    page = await deed(second_browser, thread, "posts/1/vote", value="none")
    assert state_of(page, "Vote up") == "false"
    csrf = await browser.field("csrf", thread)
    refused = await browser.post_form(f"/threads/{number_of(thread)}/posts/1/vote", csrf=csrf, value="up")
    assert refused.status == 303
    assert "Nobody votes on their own post" in await (await browser.open(thread)).text()
    forged = await browser.post_form(f"/threads/{number_of(thread)}/posts/1/vote", csrf=csrf, value="10")
    assert forged.status == 422


@pytest.mark.everywhere
async def test_s4_12_votes_within_a_second_are_counted_by_themselves_when_it_is_over(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await make_member(second_browser, "Bo Berg", "bo@example.com")
    await sign_in_as(second_browser, "bo@example.com")
    await deed(second_browser, thread, "posts/1/vote", value="up")
    await deed(second_browser, thread, "posts/1/vote", value="down")
    # The worker counts it in its own time.
    await until_read(lambda: text_of(browser, thread), lambda text: '<span class="score">-1</span>' in text)


SAMPLES = (
    "# Heading\n\n*a* **b** ~~c~~ `d` https://example.com/e?f=g&h <b>i</b>",
    "> quoted\n\n1. one\n2. two\n\n|a|b|\n|-|:-:|\n|1|2|",
    "```python\ndef f():\n    return '<script>'\n```",
    "![alt](https://elsewhere.test/x.png) [x](javascript:alert(1)) {{ 7*7 }}",
    "@[Ada Byron] and @AdaByron and @nobody",
    "\r\n  trailing blanks and line ends  \r\n\r\nשם @nobody  \r\n",
)


async def test_s2_23_the_preview_of_a_text_is_what_is_published(browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    for text in SAMPLES:
        csrf = await browser.field("csrf", thread)
        preview = await browser.post_form("/preview", csrf=csrf, body=text)
        assert preview.status == 200
        assert preview.headers["Cache-Control"] == "no-store"
        await reply_to(browser, thread, text)
        page = await (await browser.open(thread)).text()
        assert f'<div class="text" dir="auto">{await preview.text()}</div>' in page


async def test_s2_23_without_a_script_a_form_comes_back_with_its_preview(browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    threads = f"/threads/{number_of(thread)}"
    for form in (f"{board}/begin", f"{threads}/reply", f"{threads}/posts/1/edit"):
        fields = {"csrf": await browser.field("csrf", form), "title": "Soon", "body": "*soon* @[Ada Byron]"}
        response = await browser.post_form(form, **fields, preview="1")
        text = await response.text()
        assert response.status == 200, text
        assert '<em>soon</em> <a href="/members/' in text
        assert "*soon* @[Ada Byron]</textarea>" in text
        empty = await browser.post_form(form, **(fields | {"body": " "}), preview="1")
        assert empty.status == 422
    assert "soon" not in await (await browser.open(thread)).text(), "nothing was published"


async def test_s2_23_previews_are_for_members_and_limited(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    clock.stop()
    stranger = await second_browser.post_form("/preview", csrf=await second_browser.field("csrf", "/sign-in"), body="a")
    assert stranger.status in {303, 401}
    assert "<p" not in await stranger.text()
    board = await member_with_board(browser)
    csrf = await browser.field("csrf", f"{board}/begin")
    assert (await browser.post_form("/preview", csrf="forged", body="a")).status == 403
    assert (await browser.post_form("/preview", csrf=csrf, body=" ")).status == 422
    assert (await browser.post_form("/preview", csrf=csrf, body="a" * 50_000)).status == 422
    seen = {(await browser.post_form("/preview", csrf=csrf, body="a")).status for _ in range(125)}
    assert seen == {200, 429}


@pytest.mark.everywhere
async def test_what_an_older_program_rendered_is_rendered_anew_once_and_kept(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser), body="*green* @[Ada Byron]")
    database = browser.app[OFFICE].engine.database
    await database.write(lambda tx: tx.run(Statement(update(rendering).values(renderer=0, html="old"))))
    page = await (await browser.open(thread)).text()
    assert '<em>green</em> <a href="/members/' in page
    kept = Statement(select(rendering.c.html).where(rendering.c.renderer == RENDERER))
    # It is kept beside the answer.
    await until_read(lambda: database.read(lambda tx: tx.one(kept)))
    assert '<em>green</em> <a href="/members/' in await (await browser.open(thread)).text()


@pytest.mark.everywhere
async def test_a_feed_renders_anew_and_keeps_as_a_page_does(browser: Browser, second_browser: Browser) -> None:
    await begin_thread(browser, await member_with_board(browser), body="*green* @[Ada Byron]")
    database = browser.app[OFFICE].engine.database
    await database.write(lambda tx: tx.run(Statement(update(rendering).values(renderer=0, html="old"))))
    feed = await (await second_browser.open("/feed.atom")).text()
    assert "&lt;em&gt;green&lt;/em&gt; &lt;a href=&quot;/members/" in feed.replace('"', "&quot;")
    kept = Statement(select(rendering.c.html).where(rendering.c.renderer == RENDERER))
    # It is kept beside the answer.
    await until_read(lambda: database.read(lambda tx: tx.one(kept)))


@pytest.mark.everywhere
async def test_s10_what_a_removed_post_looks_like_is_not_kept_by_a_page_that_was_read_before(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser), body="*green*")
    engine = browser.app[OFFICE].engine
    csrf = await browser.field("csrf", thread)
    removed = await browser.post_form(f"/threads/{number_of(thread)}/posts/1/remove", csrf=csrf)
    assert removed.status == 303
    # The page had read the text when it was removed, and comes to keep it only now.
    first = Statement(select(message.c.no).where(message.c.seq == 1))
    ((no,),) = await engine.database.read(lambda tx: tx.all(first))
    await rendered_anew(engine, no, 0, "*green*")
    await engine.committer.run(_nothing)
    assert not await engine.database.read(lambda tx: tx.all(Statement(select(rendering.c.html))))


async def _nothing(_: Transaction, __: Committed) -> None:
    """A write behind all that wait."""
