"""Beginning threads and answering in them, without a script: what is stored, what is refused, and what is kept."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from tests.routes.conftest import PASSWORD, make_agent, make_member, sign_in_as, text_of
from tests.routes.threads import set_board

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

BOBBY = "Robert'); DROP TABLE message;-- \"'`\\"
SCRIPT = "<script>alert(1)</script>"
_MANY = 200
"""More answers than one may write at once."""


async def landed(browser: Browser, address: str) -> str:
    """The page to which an address leads."""
    response = await browser.open(address)
    while response.status in {301, 303}:
        response = await browser.open(response.headers["Location"].partition("#")[0])
    assert response.status == 200
    return await response.text()


def typed(text: str) -> str:
    """What stands in a page's field for the text."""
    found = re.search(r'<textarea id="body"[^>]*>([^<]*)</textarea>', text)
    assert found, text
    return html.unescape(found[1])


@pytest.mark.everywhere
async def test_s0_03_s4_04_a_thread_is_in_the_list_at_once_with_its_author_kind_tags_and_poll(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    long = "A long text. " * 1000
    thread = await begin_thread(
        browser, board, "Why are the leaves brown?", long,
        kind="question", tags="Water, #LEAVES water", poll_question="How often?", poll_options="Daily\n\nWeekly\n",
        poll_choices="2", poll_days="7",
    )  # fmt: skip
    assert thread == f"{board}/{number_of(thread)}/why-are-the-leaves-brown"
    listed = await text_of(second_browser, board)
    assert "Why are the leaves brown?" in listed
    assert "Ada Byron" in listed
    shown = await text_of(second_browser, thread)
    assert "A long text. A long text." in shown
    for said in ("Question", ">leaves</a>", ">water</a>", "How often?", "Daily", "Weekly"):
        assert said in shown


@pytest.mark.everywhere
async def test_s0_09_s0_16_quotes_sql_and_scripts_are_text_wherever_they_are_typed(
    browser: Browser, second_browser: Browser
) -> None:
    await make_member(browser, BOBBY)
    await sign_in_as(browser)
    board = await open_board(browser, f"Plants {BOBBY[:20]}", description=SCRIPT)
    thread = await begin_thread(browser, board, BOBBY + SCRIPT, f"{BOBBY}\n\n{SCRIPT}", poll_question=SCRIPT,
                                poll_options=f"{SCRIPT}\n{BOBBY}")  # fmt: skip
    await reply_to(browser, thread, f"{SCRIPT} {BOBBY}")
    for address in (thread, board, "/boards"):
        text = await text_of(second_browser, address)
        assert SCRIPT not in text
    text = html.unescape(await text_of(second_browser, thread))
    assert text.count(BOBBY) >= 2
    assert SCRIPT in text
    assert len(await text_of(second_browser, "/boards")) > 0, "the tables are still there"


async def test_s2_06_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(browser: Browser) -> None:
    board = await member_with_board(browser)
    wrong = {"title": " ", "body": "Kept *text*", "kind": "question", "tags": "a b c d e f", "poll_question": "Which?",
             "poll_options": "One", "poll_days": "1000"}  # fmt: skip
    response = await browser.post_form(f"{board}/begin", **wrong)
    text = await response.text()
    assert response.status == 422
    for field in ("title", "tags", "poll_options", "poll_days"):
        assert f'id="{field}-problem"' in text, field
    assert typed(text) == "Kept *text*"
    assert 'value="a b c d e f"' in text
    assert '<option value="question" selected>' in text
    assert '<details class="poll" open>' in text
    for bad in ("<b>", "-", "x" * 31):
        text = await (await browser.post_form(f"{board}/begin", title="T", body="B", tags=bad)).text()
        assert 'id="tags-problem"' in text, bad


@pytest.mark.everywhere
async def test_s0_17_s4_10_what_is_sent_while_signed_out_comes_back_after_signing_in_and_is_not_sent_by_itself(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    form = f"/threads/{number_of(thread)}/reply"
    asked = await second_browser.open(form)
    assert asked.headers["Location"].startswith("/sign-in?next=")
    csrf = await second_browser.field("csrf", "/sign-in")
    text = "Too much *water*. Größe 44 ☕ " * 20
    sent = await second_browser.post_form(form, csrf=csrf, parent="1", body=text)
    assert sent.status == 303
    sign_in = sent.headers["Location"]
    assert sign_in.startswith("/sign-in?next=")
    told = await text_of(second_browser, sign_in)
    assert "What you wrote is kept" in told
    following = re.search(r'name="next" value="([^"]*)"', told)
    assert following
    done = await second_browser.post_form(
        sign_in, email="ada@example.com", password=PASSWORD, next=html.unescape(following[1])
    )
    assert done.headers["Location"] == form
    shown = await text_of(second_browser, form)
    assert typed(shown) == text
    assert "Too much" not in await text_of(browser, thread)
    assert await reply_to(second_browser, thread, text) == 2
    assert typed(await text_of(second_browser, form)) == "", "it was sent"


async def test_s4_10_a_text_too_long_to_be_kept_stays_in_the_form_and_another_site_plants_none(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    form = f"/threads/{number_of(thread)}/reply"
    csrf = await second_browser.field("csrf", "/sign-in")
    noise = "".join(chr(0x4E00 + (at * 7919) % 20_000) for at in range(5_000))
    kept = await second_browser.post_form(form, csrf=csrf, parent="1", body=noise)
    assert kept.status == 401
    assert typed(await kept.text()) == noise
    planted = await second_browser.client.post(
        form, data={"body": "Buy this"}, allow_redirects=False,
        headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert planted.status == 403
    assert second_browser.cookie("ticket-unsent") == ""
    even = "\U0001f33f" * 40_000
    assert (await second_browser.post_form(form, csrf=csrf, parent="1", body=even)).status == 303
    await sign_in_as(second_browser)
    assert typed(await text_of(second_browser, form)) == even
    assert await reply_to(second_browser, thread, even) == 2, "as long as a post may be, in letters of four bytes"


@pytest.mark.everywhere
async def test_s4_06_s4_07_the_form_of_an_answer_opens_under_the_post_and_the_answer_stands_there(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board, body="First post")
    await reply_to(browser, thread, "Second post")
    await reply_to(browser, thread, "Third post")
    text = await text_of(browser, f"{thread}?reply=2")
    form = text[text.index('<form class="reply"') :]
    assert text.count('<form class="reply"') == 1
    assert text.index('id="post-2"') < text.index('<form class="reply"') < text.index('id="post-3"')
    assert 'name="csrf"' in form
    assert '<input type="hidden" name="parent" value="2">' in form
    assert "#post-2" in text
    deepest = 2
    for level in range(10):
        deepest = await reply_to(browser, thread, f"Level {level}", parent=deepest)
    shown = await text_of(second_browser, thread)
    assert shown.index("Second post") < shown.index("Level 0") < shown.index("Third post")
    assert "Level 9" in await landed(second_browser, f"/threads/{number_of(thread)}/{deepest}")
    quoting = typed(await text_of(browser, f"{thread}?quote=2"))
    assert quoting.startswith(f"> [Ada Byron](/threads/{number_of(thread)}/2):\n>\n> Second post\n")


@pytest.mark.everywhere
async def test_s4_08_a_parent_of_another_thread_or_none_is_refused_and_the_text_kept(browser: Browser) -> None:
    board = await member_with_board(browser)
    thread, other = await begin_thread(browser, board), await begin_thread(browser, board, "Another")
    foreign = await reply_to(browser, other, "Only there")
    for parent in (str(foreign), "99", "0", "x"):
        response = await browser.post_form(f"/threads/{number_of(thread)}/reply", parent=parent, body="My answer")
        text = await response.text()
        assert response.status == 422, parent
        assert "The post that you answer is not there any more" in text
        assert typed(text) == "My answer"
    assert "My answer" not in await text_of(browser, thread)


@pytest.mark.everywhere
async def test_a_form_sent_again_makes_nothing_new_and_another_text_under_its_key_is_a_conflict(
    browser: Browser,
) -> None:
    board = await member_with_board(browser)
    key = {"client_id": "019a0000-0000-7000-8000-000000000001"}
    thread = await begin_thread(browser, board, **key)
    changed = await browser.post_form(f"{board}/begin", title="Hello", body="Another", **key)
    assert changed.status == 409
    assert typed(await changed.text()) == "Another"
    other = "019a0000-0000-7000-8000-000000000002"
    assert await reply_to(browser, thread, "Once", client_id=other) == 2
    csrf = await browser.field("csrf", "/members")
    await browser.post_form(f"/threads/{number_of(thread)}/lock", csrf=csrf)
    form = f"/threads/{number_of(thread)}/reply"
    again = await browser.post_form(form, csrf=csrf, parent="1", body="Once", client_id=other)
    assert again.headers["Location"].endswith("/2"), "also once the thread is locked"
    conflict = await browser.post_form(form, csrf=csrf, parent="1", body="Twice", client_id=other)
    assert conflict.status == 409


async def test_too_much_at_once_is_told_when_to_come_back_and_the_text_is_kept(
    browser: Browser, clock: MovedClock
) -> None:
    clock.stop()
    thread = await begin_thread(browser, await member_with_board(browser))
    form = f"/threads/{number_of(thread)}/reply"
    csrf = await browser.field("csrf", form)
    number, response = 0, await browser.post_form(form, csrf=csrf, parent="1", body="Number 0")
    while response.status == 303 and number < _MANY:
        number += 1
        response = await browser.post_form(form, csrf=csrf, parent="1", body=f"Number {number}")
    assert response.status == 429
    assert int(response.headers["Retry-After"]) > 0
    assert typed(await response.text()) == f"Number {number}"


@pytest.mark.everywhere
async def test_a_draft_is_kept_on_the_server_comes_back_anywhere_and_goes_when_it_is_sent(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await reply_to(browser, thread, "Second post")
    number = number_of(thread)
    kept = await browser.post_form(f"/threads/{number}/reply", parent="2", body="Half an ans", keep="1")
    assert kept.headers["Location"] == "/drafts"
    csrf = await browser.field("csrf", "/members")
    headers = {"Accept": "*/*", "Sec-Fetch-Site": "same-origin"}
    fields = {"csrf": csrf, "title": "Half a title", "tags": "water", "body": "Half a text"}
    by_script = await browser.client.post("/drafts/new:plants", data=fields, headers=headers)
    assert by_script.status == 204
    assert (await browser.client.post("/drafts/else:1", data=fields, headers=headers)).status == 422
    await sign_in_as(second_browser)
    shown = await text_of(second_browser, "/drafts")
    assert "Half an ans" in shown
    assert "Half a title" in shown
    begun = await text_of(second_browser, f"{board}/begin")
    assert 'value="Half a title"' in begun
    assert 'value="water"' in begun
    answer = await text_of(second_browser, thread)
    assert typed(answer) == "Half an ans"
    assert '<input type="hidden" name="parent" value="2">' in answer
    await reply_to(second_browser, thread, "Half an answer")
    dropped = await second_browser.post_form(
        "/drafts/new:plants/drop", csrf=await second_browser.field("csrf", "/members")
    )
    assert dropped.status == 303
    assert "Half" not in await text_of(browser, "/drafts")


async def test_s2_15_who_may_not_write_gets_no_form_and_is_told_why(browser: Browser, second_browser: Browser) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await set_board(browser, starters="moderators", repliers="moderators")
    await make_member(second_browser, "Bea", "bea@example.com")
    await sign_in_as(second_browser, "bea@example.com")
    assert '<form class="reply"' not in await text_of(second_browser, thread)
    csrf = await second_browser.field("csrf", "/members")
    for form in (f"{board}/begin", f"/threads/{number_of(thread)}/reply"):
        assert (await second_browser.open(form)).status == 403
        assert (await second_browser.post_form(form, csrf=csrf, title="T", body="B", parent="1")).status == 403


async def test_s0_18_a_banned_member_reads_why_in_the_place_of_the_form(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    await make_agent(browser, "root@example.com", "Root")
    await sign_in_as(second_browser, "root@example.com")
    banned = await second_browser.post_form("/admin/bans", who="ada@example.com", days="1", reason="Spam again")
    assert banned.status == 303, await banned.text()
    text = await text_of(browser, thread)
    assert '<form class="reply"' not in text
    assert "You may not write here. Spam again" in text
    form = f"/threads/{number_of(thread)}/reply"
    assert (await browser.open(form)).status == 403
    csrf = await browser.field("csrf", "/members")
    assert (await browser.post_form(form, csrf=csrf, parent="1", body="Still here")).status == 403
