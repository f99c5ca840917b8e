"""Files with posts, by plain forms: taken in, kept when the form is refused, shown, moved and brought back."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from PIL import Image

from tests.routes.community import begin_thread, member_with_board, number_of
from tests.routes.conftest import make_member, sign_in_as
from tests.routes.rooms import deed
from tests.routes.test_search import searched

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from tests.routes.conftest import Browser

_FILE = re.compile(r"/files/([A-Za-z0-9_-]{22})")


def png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (800, 400), "green").save(written, "PNG")
    return written.getvalue()


async def reply_with(
    browser: Browser, thread: str, *files: tuple[str, bytes], body: str = "With files", **fields: str
) -> ClientResponse:
    """Answer by the plain form, as a browser without a script does."""
    form = f"/threads/{number_of(thread)}/reply"
    return await send_with(browser, form, *files, **{"parent": "1", "body": body} | fields)


async def send_with(browser: Browser, form: str, *files: tuple[str, bytes], **fields: str) -> ClientResponse:
    """Send a plain form with files."""
    fields = {
        "csrf": await browser.field("csrf", form),
        "client_id": await browser.field("client_id", form),
    } | fields
    data = aiohttp.FormData(fields, quote_fields=False, default_to_multipart=True)
    for name, content in files or [("", b"")]:
        data.add_field("files", content, filename=name, content_type="image/png")
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    return await browser.client.post(form, data=data, headers=headers, allow_redirects=False)


async def shown(browser: Browser, thread: str) -> str:
    return await (await browser.open(thread)).text()


async def status_of(browser: Browser, address: str) -> int:
    return (await browser.open(address)).status


async def gone(browser: Browser, address: str) -> None:
    assert await status_of(browser, address) == 404


async def test_a_plain_form_brings_files_that_guests_see_under_the_post(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    csrf_id = await browser.field("client_id", f"/threads/{number_of(thread)}/reply")
    files = [("Rose bed.png", png()), ("notes.txt", b"Water them.")]
    answer = await reply_with(browser, thread, *files, client_id=csrf_id)
    assert answer.status == 303, await answer.text()
    again = await reply_with(browser, thread, *files, client_id=csrf_id)
    assert again.headers["Location"] == answer.headers["Location"]
    text = await shown(second_browser, thread)
    picture, other = list(dict.fromkeys(_FILE.findall(text)))
    assert f'src="/files/{picture}/small" alt="Rose bed.webp" width="800" height="400"' in text
    assert ">notes.txt</a>" in text
    got = await second_browser.open(f"/files/{other}")
    assert (got.status, await got.read()) == (200, b"Water them.")
    assert await status_of(second_browser, f"/files/{picture}/small") == 200


async def test_the_size_of_a_file_is_said_in_the_readers_language(browser: Browser, second_browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    assert (await reply_with(browser, thread, ("notes.txt", b"x" * 12_000))).status == 303
    response = await second_browser.open(thread, headers={"Accept-Language": "fr"})
    assert '<span class="hint">12\u202fko</span>' in await response.text()
    assert '<span class="hint">12 kB</span>' in await shown(second_browser, thread)


@pytest.mark.everywhere
async def test_a_post_may_be_nothing_but_files_and_is_shown_by_their_names(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    form = f"{board}/begin"
    typed = {"title": "Hello", "kind": "discussion", "csrf": await browser.field("csrf", form)}
    empty = await browser.post_form(form, client_id=await browser.field("client_id", form), body=" ", **typed)
    assert empty.status == 422
    assert "Write something first." in await empty.text()
    begun = await send_with(browser, form, ("roses.txt", b"Red."), body="", **typed)
    assert begun.status == 303, await begun.text()
    thread = begun.headers["Location"]
    assert "Write something first." in await (await reply_with(browser, thread, body="")).text()
    answer = await reply_with(browser, thread, ("notes & more.txt", b"Water them."), body="")
    assert answer.status == 303, await answer.text()
    text = await shown(second_browser, thread)
    assert "/files/" in text
    assert '<meta name="description" content="roses.txt">' in text
    feed = await shown(second_browser, f"/threads/{number_of(thread)}/feed.atom")
    assert "&lt;p&gt;notes &amp;amp; more.txt&lt;/p&gt;" in feed
    assert "notes &amp; more.txt" in await shown(browser, f"/threads/{number_of(thread)}/split")
    member = re.search(r'href="(/members/[^"/]+)"', text)
    assert member
    posts = await shown(second_browser, f"{member[1]}/posts")
    assert "notes &amp; more.txt" in posts
    assert "roses.txt" in posts
    page = f"/threads/{number_of(thread)}/posts/2"
    await make_member(second_browser, "Bob", "bob@example.com")
    await sign_in_as(second_browser, "bob@example.com")
    reported = {"csrf": await second_browser.field("csrf", f"{page}/report"), "reason": "spam"}
    assert (await second_browser.post_form(f"{page}/report", **reported)).status == 303
    assert "notes &amp; more.txt" in await shown(browser, "/moderation")


@pytest.mark.everywhere
async def test_a_post_of_files_alone_comes_back_when_a_moderator_had_removed_it_and_not_when_its_author_had(
    browser: Browser, second_browser: Browser
) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    await make_member(second_browser, "Bob", "bob@example.com")
    await sign_in_as(second_browser, "bob@example.com")
    for name in ("one.txt", "two.txt"):
        assert (await reply_with(second_browser, thread, (name, b"Water them."), body="")).status == 303
    for who, seq in ((browser, 2), (second_browser, 3)):
        page = f"/threads/{number_of(thread)}/posts/{seq}"
        assert (await who.post_form(f"{page}/remove", csrf=await who.field("csrf", thread))).status == 303
    for who, seq in ((browser, 2), (second_browser, 3)):
        page = f"/threads/{number_of(thread)}/posts/{seq}"
        await who.post_form(f"{page}/restore", csrf=await who.field("csrf", thread))
    text = await shown(browser, thread)
    assert "one.txt" in text
    assert "two.txt" not in text
    assert text.count('class="post gone') == 1


async def test_a_post_of_files_alone_is_found_by_their_names(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    assert (await reply_with(browser, thread, ("marmalade recipe.txt", b"Stir."), body="")).status == 303
    found = await searched(browser, "marmalade")
    assert f"/threads/{number_of(thread)}/2" in found
    assert "recipe.txt" in found


async def test_a_post_of_files_alone_waits_for_a_moderator_and_is_called_by_them(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await hold_first_posts(browser, board)
    await make_member(second_browser, "Bob", "bob@example.com")
    await sign_in_as(second_browser, "bob@example.com")
    for name in ("one.txt", "two.txt"):
        assert (await reply_with(second_browser, thread, (name, b"Water them."), body="")).status == 303
    assert "one.txt" in await shown(second_browser, "/account/waiting")
    queue = await shown(browser, "/moderation")
    approve, refuse = re.findall(r'action="(/moderation/held/[^"/]+)/approve"', queue)
    csrf = await browser.field("csrf", "/moderation")
    assert (await browser.post_form(f"{approve}/approve", csrf=csrf)).status == 303
    assert (await browser.post_form(f"{refuse}/refuse", csrf=csrf, text="Not here")).status == 303
    text = await shown(browser, thread)
    assert "one.txt" in text
    assert "two.txt" not in text
    assert "two.txt" in await shown(second_browser, "/notices")


async def test_what_was_typed_and_attached_is_kept_when_the_form_is_refused(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    refused = await reply_with(browser, thread, ("notes.txt", b"Water them."), ("page.html", b"<p>"), body="My words")
    text = await refused.text()
    assert refused.status == 422
    assert "This kind of file is not taken" in text
    assert ">My words</textarea>" in text
    kept = re.search(r'name="file_ids" value="([A-Za-z0-9_-]{22})"', text)
    assert kept
    assert "notes.txt" in text
    sent = await reply_with(browser, thread, body="My words", file_ids=kept[1])
    assert sent.status == 303, await sent.text()
    assert f"/files/{kept[1]}" in await shown(browser, thread)


async def test_s12_what_an_author_deletes_is_gone_and_what_a_moderator_removes_comes_back(
    browser: Browser, second_browser: Browser
) -> None:
    # Who opened the board moderates it.
    thread = await begin_thread(browser, await member_with_board(browser))
    await make_member(second_browser, "Bob", "bob@example.com")
    await sign_in_as(second_browser, "bob@example.com")
    number = number_of(thread)
    for body in ("First", "Second"):
        assert (await reply_with(second_browser, thread, ("notes.txt", body.encode()), body=body)).status == 303
    first, second = list(dict.fromkeys(_FILE.findall(await shown(browser, thread))))
    for who, seq in ((browser, 2), (second_browser, 3)):
        page = f"/threads/{number}/posts/{seq}"
        done = await who.post_form(f"{page}/remove", csrf=await who.field("csrf", thread))
        assert done.status == 303, await done.text()
    await gone(browser, f"/files/{first}")
    await gone(browser, f"/files/{second}")
    assert "/files/" not in await shown(browser, thread)
    for seq in (2, 3):
        page = f"/threads/{number}/posts/{seq}"
        await browser.post_form(f"{page}/restore", csrf=await browser.field("csrf", thread))
    assert set(_FILE.findall(await shown(browser, thread))) == {first}
    assert await status_of(browser, f"/files/{first}") == 200
    assert await status_of(browser, f"/files/{second}") == 404


async def test_files_stay_with_a_post_that_is_edited_and_go_with_one_that_is_moved(browser: Browser) -> None:
    thread = await begin_thread(browser, await member_with_board(browser))
    number = number_of(thread)
    await reply_with(browser, thread, ("notes.txt", b"Water them."))
    (name,) = set(_FILE.findall(await shown(browser, thread)))
    form = f"/threads/{number}/posts/2/edit"
    fields = {key: await browser.field(key, form) for key in ("csrf", "revision")}
    assert (await browser.post_form(form, body="Other words", **fields)).status == 303
    assert f"/files/{name}" in await shown(browser, thread)
    split = await browser.post_form(
        f"/threads/{number}/split", csrf=await browser.field("csrf", thread), title="Elsewhere", posts="2"
    )
    assert split.status == 303, await split.text()
    assert f"/files/{name}" in await shown(browser, split.headers["Location"])
    assert await status_of(browser, f"/files/{name}") == 200


async def test_a_held_post_keeps_its_files_until_a_moderator_sends_it(
    browser: Browser, second_browser: Browser
) -> None:
    board = await member_with_board(browser)
    thread = await begin_thread(browser, board)
    await hold_first_posts(browser, board)
    await make_member(second_browser, "Bob", "bob@example.com")
    await sign_in_as(second_browser, "bob@example.com")
    held = await reply_with(second_browser, thread, ("notes.txt", b"Water them."))
    assert held.headers["Location"] == f"/threads/{number_of(thread)}"
    assert "/files/" not in await shown(browser, thread)
    text = await shown(browser, "/moderation")
    # Who decides sees what is decided about, and nobody else does.
    (waiting,) = set(_FILE.findall(text))
    assert await (await browser.open(f"/files/{waiting}")).read() == b"Water them."
    await deed(second_browser, "/sign-out")
    await make_member(second_browser, "Eve", "eve@example.com")
    await sign_in_as(second_browser, "eve@example.com")
    await gone(second_browser, f"/files/{waiting}")
    name: Any = re.search(r"/moderation/held/([0-9a-f-]{36})", text)
    assert name, text
    sent = await browser.post_form(f"/moderation/held/{name[1]}/approve", csrf=await browser.field("csrf", thread))
    assert sent.status == 303, await sent.text()
    (file,) = set(_FILE.findall(await shown(browser, thread)))
    assert await (await browser.open(f"/files/{file}")).read() == b"Water them."


async def hold_first_posts(browser: Browser, board: str) -> None:
    """Let the first posts of everybody wait on this board."""
    done = await browser.post_form(
        f"{board}/posting", csrf=await browser.field("csrf", f"{board}/begin"), holds="3", links="allow"
    )
    assert done.status == 303, await done.text()
