"""The list of members and following, page by page, as a browser meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.conftest import make_member, sign_in_as

if TYPE_CHECKING:
    from tests.routes.conftest import Browser


@pytest.mark.everywhere
async def test_s2_19_a_member_follows_and_unfollows_another(browser: Browser) -> None:
    ada = await make_member(browser)
    bob = await make_member(browser, "Bob Babbage", "bob@example.com")
    await sign_in_as(browser)
    page = f"/members/{bob.public_id}"
    csrf = await browser.field("csrf", page)
    for _ in range(2):
        response = await browser.post_form(f"{page}/follow", csrf=csrf)
        assert (response.status, response.headers["Location"]) == (303, page)
    text = await (await browser.open(page)).text()
    assert "You follow Bob Babbage." in text
    assert ">Unfollow</button>" in text
    assert f'<a href="{page}/followers">1</a>' in text
    followers = await (await browser.open(f"{page}/followers")).text()
    assert f'href="/members/{ada.public_id}"' in followers
    following = await (await browser.open(f"/members/{ada.public_id}/following")).text()
    assert f'href="{page}"' in following
    await browser.post_form(f"{page}/unfollow", csrf=csrf)
    assert ">Follow</button>" in await (await browser.open(page)).text()
    own = await (await browser.open(f"/members/{ada.public_id}")).text()
    assert ">Follow</button>" not in own
    assert (await browser.post_form(f"/members/{ada.public_id}/follow", csrf=csrf)).status == 403


async def test_s2_19_a_page_past_the_end_is_empty_and_no_error(browser: Browser) -> None:
    ada = await make_member(browser)
    await sign_in_as(browser)
    for path in ("/members", f"/members/{ada.public_id}/followers", f"/members/{ada.public_id}/following"):
        for number in ("2", "9999999", "-1", "x", "1e9", ""):
            response = await browser.open(path, params={"page": number})
            assert response.status == 200, (path, number)
    assert "There is nobody on this page." in await (await browser.open("/members?page=2")).text()


async def test_members_are_found_by_name_and_the_search_stays_in_the_pages_address(browser: Browser) -> None:
    await make_member(browser)
    for number in range(51):
        await make_member(browser, f"Fan {number}", f"fan{number}@example.com")
    await sign_in_as(browser)
    text = await (await browser.open("/members", params={"q": "fan "})).text()
    assert 'value="fan "' in text
    assert 'href="/members?q=fan+&amp;page=2"' in text
    second = await (await browser.open("/members", params={"q": "fan", "page": "2"})).text()
    assert second.count("<li>\n    <img") == 1
    hostile = await (await browser.open("/members", params={"q": '"><script>alert(1)</script>{{7*7}}'})).text()
    assert "<script>alert" not in hostile
    assert "49" not in hostile.replace("csrf", "")[hostile.index("<main") :]


async def test_following_asks_for_a_post_from_our_own_page(browser: Browser) -> None:
    await make_member(browser)
    bob = await make_member(browser, "Bob", "bob@example.com")
    await sign_in_as(browser)
    assert (await browser.open(f"/members/{bob.public_id}/follow")).status == 405
    assert (await browser.post_form(f"/members/{bob.public_id}/follow", csrf="x" * 43)).status == 403
    assert f"/members/{bob.public_id}/unfollow" not in await (await browser.open(f"/members/{bob.public_id}")).text()
