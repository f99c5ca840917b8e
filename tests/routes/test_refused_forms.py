"""No refusal loses what was typed: every form that takes text gives it back, whoever or whatever refuses it (S2.06).

A table names each form with the field in which something is written. It is posted as what cannot be taken, from an old
page, and by somebody who is signed out meanwhile; the answer has the text each time. The last test finds the form that
is not in the table.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from tests.routes.community import begin_thread, number_of, open_board, reply_to
from tests.routes.conftest import make_agent, make_member, make_site, sign_in_as
from tests.routes.every_page import Walk
from tests.routes.rooms import begin_room, name_of
from tests.routes.rooms import join as join_room
from tests.routes.rooms import say as say_in_room
from tests.routes.test_posting import landed
from tests.routes.test_review import held_in_queue, number_in_queue, post, report, send
from widget_server.core.permissions import Role
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from tests.routes.conftest import Browser

TEXT: Final = "What took <b>an hour</b> to write. " * 1_600
"""Longer than anything may be."""
CLIENT_ID: Final = "01890a5d-ac96-774b-bcce-b302099a8057"


class Written(NamedTuple):
    """A form, by where it is sent to."""

    path: str
    """As it is registered."""
    field: str
    """The one in which something is written."""
    rest: dict[str, str] = {}  # noqa: RUF012 - nothing writes into it
    """What else its page sends."""


FORMS: Final = (
    Written("/account", "about", {"name": "Root"}),
    Written("/account/tokens", "name", {"scope_read": "on"}),
    Written("/admin/bans", "reason", {"who": "Bea"}),
    Written("/admin/bans/network", "network_reason", {"network": "192.0.2.0/24"}),
    Written("/admin/community", "welcome", {"name": "Plants"}),
    Written("/admin/people/{id}/profile", "about", {"name": "Bea"}),
    Written("/admin/posting", "hold"),
    Written("/admin/roles", "name"),
    Written("/admin/roles/{role}", "name"),
    Written("/admin/tokens", "name", {"scope_read": "on", "site": "plum"}),
    Written("/admin/webhooks", "url"),
    Written("/boards/{board}/begin", "body", {"client_id": CLIENT_ID, "title": "Leaves"}),
    Written("/boards/{board}/moderators", "name"),
    Written("/boards/{board}/posting", "refuse", {"holds": "0"}),
    Written("/boards/{board}/settings", "description", {"name": "Plants"}),
    Written("/invitations", "email"),
    Written("/moderation/held/{id}/refuse", "text"),
    Written("/moderation/people/{id}/ban", "ban_reason"),
    Written("/moderation/people/{id}/note", "note", {"board": "0"}),
    Written("/moderation/people/{id}/silence", "reason", {"board": "0"}),
    Written("/moderation/people/{id}/warn", "warning", {"board": "0"}),
    Written("/moderation/reports/{no}", "text", {"verdict": "warned", "days": "3"}),
    Written("/new-board", "description", {"name": "Trees"}),
    Written("/rooms/new", "description", {"client_id": CLIENT_ID, "name": "Kitchen", "capacity": "9"}),
    Written("/rooms/{room}/invite", "name"),
    Written("/rooms/{room}/messages", "body", {"client_id": CLIENT_ID}),
    Written("/rooms/{room}/messages/{seq}/edit", "body", {"revision": "1"}),
    Written("/rooms/{room}/messages/{seq}/report", "details", {"reason": "spam"}),
    Written("/rooms/{room}/settings", "description", {"name": "Kitchen", "capacity": "9", "access": "open"}),
    Written("/threads/{number}/edit", "title", {"kind": "question"}),
    Written("/threads/{number}/merge", "into"),
    Written("/threads/{number}/pin", "days", {"where": "board"}),
    Written("/threads/{number}/posts/{seq}/edit", "body", {"revision": "1"}),
    Written("/threads/{number}/posts/{seq}/remove", "reason"),
    Written("/threads/{number}/posts/{seq}/report", "details", {"reason": "spam"}),
    Written("/threads/{number}/reply", "body", {"client_id": CLIENT_ID, "parent": "1"}),
    Written("/threads/{number}/split", "title", {"posts": "2"}),
)
"""What members and those who run the place write."""
KEPT_WHILE_SIGNING_IN: Final = {"/boards/{board}/begin", "/threads/{number}/reply"}
"""Forms whose text a browser keeps (``tests/routes/test_posting.py``)."""

LIMITS: Final = {"posts": "0", "days": "0", "hourly": "0", "daily": "0", "most_links": "-1"}
WITHOUT_TEXT: Final = (
    "/account/address",  # an address
    "/account/factors/passkeys",  # what a device is called, with what it has made just now
    "/boards/arrange",  # numbers
)
"""Forms with fields in which nothing is written that would be a loss."""


class World:
    """A place with one of everything, and Root, who may do all of it.

    Args:
        browser: Root's.
        other: Bea's, a member.
    """

    def __init__(self, browser: Browser, other: Browser) -> None:
        self.browser = browser
        self.other = other
        self.names: dict[str, str] = {}
        self.of: dict[str, dict[str, str]] = {}
        """Names that only one form uses, by the beginning of its path."""

    async def begin(self) -> None:
        """Make all of it."""
        root, bea = self.browser, self.other
        member = await make_member(bea, "Bea", "bea@example.com")
        await make_site(root, key="plum")
        await make_agent(root, "root@example.com", "Root", role=Role.ADMINISTRATOR)
        await sign_in_as(root, "root@example.com")
        await sign_in_as(bea, "bea@example.com")
        board = await open_board(root)
        thread = await begin_thread(root, board)
        seq = await reply_to(bea, thread, "Rubbish")
        assert (await report(root, thread, seq)).status == 303
        assert (await post(root, "/admin/posting", hold="pills", refuse="", links="allow", **LIMITS)).status == 303
        assert (await send(bea, board, "Pills", "Cheap pills here")).status == 303
        assert (await post(root, "/admin/roles", name="Helpers", may_write="on")).status == 303
        room = await begin_room(root)
        assert await join_room(bea, room) == 303
        assert await say_in_room(bea, room, "Rubbish") == 303
        assert await say_in_room(root, room, "Mind it") == 303
        queue = await number_in_queue(root)
        held = (await held_in_queue(root))[0]
        self.names = {
            "board": board.split("/")[2], "number": str(number_of(thread)), "seq": str(seq), "room": name_of(room),
            "no": queue.rsplit("/", 1)[1], "id": member.public_id, "role": "helpers",
        }  # fmt: skip
        self.of = {
            "/moderation/held": {"id": held.rsplit("/", 1)[1]},
            "/rooms/{room}/messages/{seq}/edit": {"seq": "4"},
            "/rooms": {"seq": "1"},
        }

    def address(self, form: Written) -> str:
        """Where a form of this place is sent to."""
        own = next((names for start, names in self.of.items() if form.path.startswith(start)), {})
        return form.path.format(**{**self.names, **own})


_FORM: Final = re.compile(r'<form\b[^>]* method="post" action="([^"]*)"(.*?)</form>', re.DOTALL)
_TYPED: Final = re.compile(r'<textarea|<input(?![^>]* type="(?:hidden|checkbox|radio|file|password)")')


@pytest.fixture
async def world(browser: Browser, second_browser: Browser) -> World:
    """One of everything."""
    world = World(browser, second_browser)
    await world.begin()
    return world


async def check_given_back(world: World, browser: Browser, form: Written, csrf: str, why: str) -> None:
    """See that a form that is not taken is answered with what was written in it."""
    address = world.address(form)
    response = await browser.post_form(address, csrf=csrf, **form.rest | {form.field: TEXT})
    assert 400 <= response.status < 500, (why, address, response.status)
    assert html.escape(TEXT.strip(), quote=False) in await response.text(), (why, address)


async def test_s2_06_what_is_too_long_stands_in_its_form_again(world: World) -> None:
    csrf = await world.browser.field("csrf", "/members")
    for form in FORMS:
        await check_given_back(world, world.browser, form, csrf, "too long")


async def test_s2_06_a_form_of_an_old_page_comes_back_with_what_was_typed(world: World) -> None:
    for form in FORMS:
        await check_given_back(world, world.browser, form, "of another session", "forged")


async def test_s0_17_who_is_signed_out_meanwhile_has_the_text_on_the_page_that_says_so(world: World) -> None:
    browser = world.other
    csrf = await browser.field("csrf", "/members")
    await post(browser, "/sign-out")
    for form in FORMS:
        if form.path not in KEPT_WHILE_SIGNING_IN:
            await check_given_back(world, browser, form, csrf, "signed out")
    # It is sent from there, by whoever has signed in on another page.
    note = {"body": "Water them", "revision": "1"}
    edit = f"/threads/{world.names['number']}/posts/{world.names['seq']}/edit"
    kept = await browser.post_form(edit, csrf=csrf, **note)
    assert kept.status == 401
    shown = await kept.text()
    assert f'action="{edit}"' in shown
    assert 'name="revision" value="1"' in shown
    await sign_in_as(browser, "bea@example.com")
    token = re.search(r'name="csrf" value="([^"]*)"', shown)
    assert token
    old = await browser.post_form(edit, csrf=token[1], **note)
    assert (old.status, "Water them" in await old.text()) == (403, True)
    assert (await post(browser, edit, **note)).status == 303
    assert "Water them" in await landed(browser, f"/threads/{world.names['number']}/{world.names['seq']}")


async def test_s2_06_who_lost_the_right_gets_the_text_back_and_no_page_of_what_is_not_theirs(world: World) -> None:
    csrf = await world.other.field("csrf", "/members")
    for form in FORMS:
        if form.path.startswith(("/admin/", "/moderation/", "/boards/{board}/s", "/boards/{board}/p", "/invitations")):
            await check_given_back(world, world.other, form, csrf, "not allowed")


async def test_s2_06_a_store_that_fails_loses_nothing_that_was_typed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("no room on the disk")

    monkeypatch.setattr("widget_server.routes.conduct.do_note", fail)
    response = await post(
        world.browser, f"/moderation/people/{world.names['id']}/note", board="0", note="Was warned before"
    )
    assert (response.status, "Was warned before" in await response.text()) == (503, True)


async def test_s2_06_a_post_that_was_removed_or_decided_on_meanwhile_gives_the_text_back(world: World) -> None:
    root, bea = world.browser, world.other
    of_post = f"/threads/{world.names['number']}/posts/{world.names['seq']}"
    decide = f"/moderation/reports/{world.names['no']}"
    assert (await post(root, decide, verdict="removed", days="3")).status == 303
    late = await post(root, decide, verdict="warned", text="Mind your manners", days="3")
    assert (late.status, "Mind your manners" in await late.text()) == (409, True)
    held = world.address(Written("/moderation/held/{id}/refuse", "text"))
    assert (await post(root, held.replace("/refuse", "/approve"))).status == 303
    late = await post(root, held, text="We sell none here")
    told = await late.text()
    assert (late.status, "We sell none here" in told) == (409, True)
    assert "Another moderator has decided" in told
    late = await post(bea, f"{of_post}/edit", body="Better words", revision="1")
    assert (late.status, "Better words" in await late.text()) == (422, True)


async def test_a_text_that_another_site_sends_is_given_back_to_nobody(world: World) -> None:
    response = await world.other.client.post(
        "/admin/roles", data={"name": "Buy this now"}, allow_redirects=False,
        headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert (response.status, "Buy this" in await response.text()) == (403, False)


async def test_no_password_is_ever_given_back(browser: Browser) -> None:
    for path in ("/account/password", "/account/prove", "/register", "/set-up"):
        fields = {"old": "plum tree over", "password": "river under tree", "password_again": "river tree under"}
        text = await (await browser.post_form(path, csrf="", name="Ada Byron", **fields)).text()
        assert not any(secret in text for secret in fields.values()), path


async def test_every_form_that_takes_text_is_in_the_table(world: World) -> None:
    walk = Walk(world.browser)
    thread, room = f"/threads/{world.names['number']}", f"/rooms/{world.names['room']}"
    await walk.from_("/", "/boards", "/account", "/admin", "/moderation", thread, f"{thread}/moderate", room)
    known = [form.path for form in FORMS] + list(WITHOUT_TEXT)
    patterns = [re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)) for path in known]
    found = {
        html.unescape(action)
        for page in walk.pages.values()
        for action, fields in _FORM.findall(page)
        if _TYPED.search(fields)
    }
    assert len(found) > 20
    assert {action for action in found if not any(each.fullmatch(action) for each in patterns)} == set()
