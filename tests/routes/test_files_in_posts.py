"""Files with posts, by plain forms: taken in, kept when the form is refused, shown, moved and brought back."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import aiohttp
from PIL import Image

from tests.routes.community import begin_thread, member_with_board, number_of
from tests.routes.conftest import make_member, sign_in_as
from tests.routes.rooms import deed

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
    fields = {
        "csrf": await browser.field("csrf", form),
        "client_id": await browser.field("client_id", form),
        "parent": "1",
        "body": body,
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
