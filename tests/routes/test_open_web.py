"""Feeds, the map of the site and robots.txt: what strangers and their programs are told, and what they are not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import select

from tests.routes.community import begin_thread, member_with_board, number_of, open_board, reply_to
from tests.routes.threads import set_board
from widget_server.core.sitemap import file_of, numbers_of
from widget_server.core.structured_data import written
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import person

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from tests.routes.conftest import Browser

ATOM = {"a": "http://www.w3.org/2005/Atom"}
MAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


async def feed_of(browser: Browser, path: str) -> Element:
    """A feed, checked for what RFC 4287 asks of every one."""
    response = await browser.open(path)
    assert (response.status, response.content_type) == (200, "application/atom+xml"), path
    root = ET.fromstring(await response.text())
    for element in (root, *root.findall("a:entry", ATOM)):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", ATOM)) == 1, name
        alternates = element.findall("a:link[@rel='alternate']", ATOM)
        assert [link.get("href", "")[:4] for link in alternates] == ["http"]
    ids = [entry.findtext("a:id", None, ATOM) for entry in root.findall("a:entry", ATOM)]
    assert len(set(ids)) == len(ids)
    assert all(entry.find("a:author/a:name", ATOM) is not None for entry in root.findall("a:entry", ATOM))
    return root


def titles_of(feed: Element) -> list[str | None]:
    return [entry.findtext("a:title", None, ATOM) for entry in feed.findall("a:entry", ATOM)]


@pytest.mark.everywhere
async def test_s4_04_feeds_tell_strangers_what_guests_may_read_and_nothing_else(
    browser: Browser, second_browser: Browser
) -> None:
    plants = await member_with_board(browser)
    roses = await begin_thread(browser, plants, "Roses & <b>thorns</b>", "Some *words* <script>alert(1)</script>")
    await reply_to(browser, roses, "An answer")
    secret = await open_board(browser, "Secrets")
    hidden = await begin_thread(browser, secret, "Nobody knows", "Hush")
    await set_board(browser, "secrets", readers="members")
    for asker in (second_browser, browser):
        assert titles_of(await feed_of(asker, "/feed.atom")) == ["Roses & <b>thorns</b>"]
        board_feed = await feed_of(asker, f"{plants}/feed.atom")
        assert titles_of(board_feed) == ["Roses & <b>thorns</b>"]
        content = board_feed.findtext("a:entry/a:content", "", ATOM)
        assert "<em>words</em>" in content
        assert "<script" not in content
        thread_feed = await feed_of(asker, f"/threads/{number_of(roses)}/feed.atom")
        texts = [each.text or "" for each in thread_feed.findall("a:entry/a:content", ATOM)]
        assert "An answer" in texts[0]
        assert len(texts) == 2
        # Also for whoever may read them: their reader of feeds is somebody else.
        for path in (f"{secret}/feed.atom", f"/threads/{number_of(hidden)}/feed.atom"):
            assert (await asker.open(path)).status == 404
        assert titles_of(await feed_of(asker, "/tags/none/feed.atom")) == []
    people = Statement(select(person.c.public_id).where(person.c.kind == "member"))
    ((ada,),) = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(people))
    assert titles_of(await feed_of(second_browser, f"/members/{ada}/feed.atom")) == ["Roses & <b>thorns</b>"] * 2


@pytest.mark.everywhere
async def test_a_feed_is_sent_once_until_something_changes(browser: Browser, second_browser: Browser) -> None:
    plants = await member_with_board(browser)
    await begin_thread(browser, plants, "Roses")
    first = await second_browser.open("/feed.atom")
    tag = first.headers["ETag"]
    assert first.headers["Last-Modified"].endswith("GMT")
    again = await second_browser.open("/feed.atom", headers={"If-None-Match": tag})
    assert (again.status, await again.read()) == (304, b"")
    await begin_thread(browser, plants, "Lilies")
    changed = await second_browser.open("/feed.atom", headers={"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


@pytest.mark.everywhere
async def test_the_map_names_every_open_thread_and_no_other(browser: Browser, second_browser: Browser) -> None:
    plants = await member_with_board(browser)
    roses = await begin_thread(browser, plants, "Rosés")
    secret = await open_board(browser, "Secrets")
    await begin_thread(browser, secret, "Nobody knows")
    await set_board(browser, "secrets", readers="moderators")
    base = browser.app[OFFICE].addresses.base
    index = await second_browser.open("/sitemap.xml")
    files = [each.text for each in ET.fromstring(await index.text()).iterfind("s:sitemap/s:loc", MAP)]
    assert files == [f"{base}/sitemap/boards.xml", f"{base}/sitemap/threads-1.xml"]
    boards = await (await second_browser.open("/sitemap/boards.xml")).text()
    assert f"<loc>{base}{plants}</loc><lastmod>" in boards
    assert "secrets" not in boards
    threads = await second_browser.open("/sitemap/threads-1.xml")
    assert threads.content_type == "application/xml"
    found = ET.fromstring(await threads.text())
    assert [each.text for each in found.iterfind("s:url/s:loc", MAP)] == [base + roses]
    assert (await second_browser.open("/sitemap/threads-2.xml")).status == 404
    assert (await second_browser.open("/sitemap/threads-0.xml")).status == 404


def test_a_map_speaks_of_as_many_numbers_as_it_may_name_addresses() -> None:
    assert [file_of(number) for number in (1, 50_000, 50_001)] == [1, 1, 2]
    assert numbers_of(2) == range(50_001, 100_001)


async def test_robots_are_told_the_way_and_what_is_not_for_them(browser: Browser) -> None:
    text = await (await browser.open("/robots.txt")).text()
    assert "Disallow: /sign-in\n" in text
    assert "Disallow: /boards\n" not in text
    assert "GPTBot" not in text
    assert f"Sitemap: {browser.app[OFFICE].addresses.base}/sitemap.xml\n" in text


def _data_of(page: str) -> dict[str, Any]:
    """The structured data of a page, read as a browser finds its end: at the first one."""
    _, _, rest = page.partition('<script type="application/ld+json">')
    told: dict[str, Any] = json.loads(rest.partition("</script>")[0])
    return told


@pytest.mark.everywhere
async def test_the_head_of_an_open_thread_tells_what_it_is_and_nothing_in_it_ends_it(
    browser: Browser, second_browser: Browser
) -> None:
    plants = await member_with_board(browser)
    title = 'Roses </script><script>alert("1")</script> \u2028'
    roses = await begin_thread(browser, plants, title.strip(), "Why **do** they </script> sting?", kind="question")
    await reply_to(browser, roses, "Because.")
    secret = await open_board(browser, "Secrets")
    hidden = await begin_thread(browser, secret, "Nobody knows")
    await set_board(browser, "secrets", readers="members")
    base = browser.app[OFFICE].addresses.base
    page = await (await second_browser.open(roses)).text()
    assert f'<link rel="canonical" href="{base}{roses}">' in page
    assert 'type="application/atom+xml" title="Roses' in page
    assert '<meta name="description" content="Why do they &lt;/script&gt; sting?">' in page
    assert "noindex" not in page
    told = _data_of(page)
    assert told["@type"] == "QAPage"
    asked = told["mainEntity"]
    assert asked["name"] == title.strip()
    assert (asked["text"], asked["answerCount"]) == ("Why do they </script> sting?", 1)
    assert asked["suggestedAnswer"][0]["text"] == "Because."
    assert asked["author"]["name"] == "Ada Byron"
    lilies = await begin_thread(browser, plants, "Lilies", "White")
    talk = _data_of(await (await second_browser.open(lilies)).text())
    assert (talk["@type"], talk["headline"], talk["commentCount"]) == ("DiscussionForumPosting", "Lilies", 0)
    # What only members read asks not to be found, and says nothing of itself.
    inside = await (await browser.open(hidden)).text()
    assert '<meta name="robots" content="noindex">' in inside
    assert "ld+json" not in inside
    board_page = await (await second_browser.open(f"{plants}?sort=top")).text()
    assert "noindex" in board_page
    board_page = await (await second_browser.open(plants)).text()
    assert f'<link rel="canonical" href="{base}{plants}">' in board_page
    assert f'href="{base}{plants}/feed.atom"' in board_page


def test_data_stands_in_html_as_it_stands_alone() -> None:
    hostile = {"a": "</script><!--&amp;\u2028\u2029"}
    text = written(hostile)
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == hostile
