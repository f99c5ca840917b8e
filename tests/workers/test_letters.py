"""Mails as they are made: every kind in every language, with nothing in them that a stranger could use."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from widget_server.actions.links import Purpose
from widget_server.actions.mailing import Mail
from widget_server.core.text import without_links
from widget_server.web.languages import Languages
from widget_server.workers.letters import PAGES, BadAddress, Headers, Letters, Sender, address_of

if TYPE_CHECKING:
    from widget_server.actions.mailing import Letter

BASE = "https://example.org/apps/chat"
CODE = "abcdefgh" * 4
AT = 1_795_000_000_000
FULL = {
    "by": "Grace", "site": "Shop", "role": "Agent", "verb": "added", "factor": "passkey", "name": "My phone",
    "error": "KeyError", "logger": "a.logger", "place": "store line 7", "said": "A request failed.",
    "request": "GET /a", "request_id": "abc", "at": "2026-11-26T12:00:00Z",
}  # fmt: skip


def letters(prefix: str = "[Chat]", address: str = "Chät <chat@example.org>") -> Letters:
    return Letters(Languages(), Sender(BASE, address, prefix))


def write(mail: Mail, *, community: str = "Plum & Sons", language: str = "", **facts: Any) -> Letter:
    code = CODE if mail in PAGES else None
    return letters().write(
        mail, to="ada@example.com", language=language, community=community, facts=facts, code=code, at=AT
    )


@pytest.mark.parametrize("facts", [{}, FULL], ids=["without facts", "with all facts"])
@pytest.mark.parametrize("mail", Mail)
def test_every_kind_of_mail_can_be_made_in_every_language(mail: Mail, facts: dict[str, str]) -> None:
    for language in (*Languages().tags, "", "xx"):
        letter = write(mail, language=language, **facts)
        assert letter.subject.startswith("[Chat] ")
        assert len(letter.subject) > len("[Chat] ")
        assert letter.language == (language if language in Languages().tags else "en")
        for part in (letter.text, html.unescape(letter.html)):
            assert "Plum & Sons" in part
            assert "None" not in part
            assert "{" not in re.sub(r"<style>.*</style>", "", part, flags=re.DOTALL)
        assert "\n\n\n" not in letter.text
        assert letter.link == (f"{BASE}{PAGES[mail]}#{CODE}" if mail in PAGES else None)
        assert (letter.link or f"{BASE}/") in letter.text


def test_the_code_stands_in_the_fragment_and_to_be_copied_and_nowhere_else() -> None:
    letter = write(Mail.RESET)
    for part in (letter.text, letter.html):
        assert part.count(CODE) == 2
        assert f"#{CODE}" in part
        assert f"?{CODE}" not in part
        assert f"/{CODE}" not in part
    assert letter.link == f"{BASE}/forgotten/new#{CODE}"


def test_every_purpose_that_is_mailed_has_its_page() -> None:
    mailed = {Purpose(mail.value) for mail in PAGES}
    assert set(Purpose) - mailed == {Purpose.CLAIM, Purpose.CLAIM_HELD, Purpose.SET_UP}


def test_nothing_of_a_mail_is_loaded_from_anywhere() -> None:
    for mail in Mail:
        page = write(mail, **FULL).html
        assert re.findall(r"src=|url\(|@import|<link|<script|<img", page) == []
        assert {link.partition("#")[0] for link in re.findall(r'href="([^"]*)"', page)} <= {
            f"{BASE}/", *(BASE + place for place in PAGES.values())
        }  # fmt: skip


HOSTILE = [
    "http://evil.example",
    "https://evil.example/a?b=c",
    "HTTPS://EVIL.EXAMPLE",
    "evil.example",
    "www.evil.example",
    "ada@evil.example",
    "mailto:ada@evil.example",
    "javascript:alert(1)",
    "http:\\\\evil.example",
    "//evil.example",
    "ht\u200btp://evil.exa\u00admple",
    "evil\uff0eexample",
    "evil\u3002example",
    "<a href=http://evil.example>x</a>",
    "x\r\nBcc: eve@evil.example",
    "x\n\nhttp://evil.example",
    "{{ 7 * 7 }} http://evil.example {% for %}",
]
LINK = re.compile(r"[a-z][a-z0-9+.-]*:[/\\]*\S|//\S|www\.|\w[.\uff0e\u3002@]\w", re.IGNORECASE)


@pytest.mark.parametrize("name", HOSTILE)
def test_s35_a_name_is_text_without_links(name: str) -> None:
    assert not LINK.search(without_links(name)), without_links(name)
    letter = write(Mail.INVITATION, by=name, site=name, role=name)
    own = re.compile(re.escape(BASE) + r"\S*")
    assert not LINK.search(own.sub("", letter.text).replace("Plum & Sons", "").replace(": ", " ")), letter.text
    assert "<a href=http" not in letter.html
    assert "evil.example" not in letter.html
    assert "\n" not in letter.subject
    message = letters().seal(letter, "1")
    assert message["Bcc"] is None
    assert b"\nBcc:" not in message.as_bytes()


@pytest.mark.parametrize("name", ["Ada Lovelace", "Dr. Ada", "Åse O'Neill-Łuk", "李小龍", "Ada (she/her)", "+1 & <3"])
def test_s35_names_of_people_stay_as_they_are(name: str) -> None:
    assert without_links(name) == name


def test_s35_templates_in_a_name_are_text() -> None:
    assert "{{ 7 * 7 }}" in write(Mail.INVITATION, by="{{ 7 * 7 }}").text


def test_s35_a_communitys_name_ends_no_header_and_opens_no_tag() -> None:
    letter = write(Mail.INVITATION, community='Plum\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>"')
    assert "<script>" not in letter.html
    message = letters().seal(letter, "1")
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize(
    "address",
    [
        "", "ada", "@example.com", "ada@", "ada@example.com, eve@evil.example", "ada@example.com\r\nBcc: x@y.z",
        "ada@example.com\n", "<ada@example.com", "ada@exa mple.com", "a b@example.com", "ada@example.com>eve@x.y",
        "ada;eve@example.com", "ada@[127.0.0.1", "a" * 65 + "@example.com", "ada\u2028@example.com",
    ],
)  # fmt: skip
def test_s35_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        address_of(address)


def test_an_address_with_a_name_keeps_both_and_a_domain_is_written_in_ascii() -> None:
    named = address_of("Chät, Inc <chat@bücher.example>")
    assert (named.display_name, named.addr_spec) == ("Chät, Inc", "chat@xn--bcher-kva.example")
    assert address_of("a+b.c'd@example.com").addr_spec == "a+b.c'd@example.com"


def test_a_mail_says_what_it_is_in_its_headers() -> None:
    letter = write(Mail.CONFIRM, language="de")
    message = letters().seal(letter, "0190-1")
    assert message["Message-ID"] == "<0190-1@example.org>"
    assert message["Date"].datetime.timestamp() * 1000 == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == letter.language
    assert str(message["From"]) == "Chät <chat@example.org>"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert max(map(len, message.as_bytes().split(b"\r\n"))) < 998
    assert message.as_bytes().isascii()


def test_an_empty_prefix_leaves_no_blank() -> None:
    letter = letters("").write(Mail.RESET, to="a@b.c", language="", community="", facts={}, code=CODE, at=AT)
    assert letter.subject == "Choose a new password"


def test_a_long_address_in_a_header_of_a_conversation_is_not_encoded() -> None:
    stop = f"{BASE}/{'long/' * 40}stop"
    headers = Headers("chat.2", "Grace\r\nBcc: eve@evil.example", "reply+abc@example.org", ("chat.0", "x" * 90), stop)
    sealed = letters().seal(write(Mail.CHAT_ANSWER), "unused", headers).as_bytes().decode()
    assert f"List-Unsubscribe: <{stop}>\r\n" in sealed
    assert "Message-ID: <chat.2@example.org>\r\n" in sealed
    assert f"References: <chat.0@example.org>\r\n <{'x' * 90}@example.org>\r\n" in sealed
    assert "Reply-To: reply+abc@example.org\r\n" in sealed
    assert "\nBcc" not in sealed
    assert max(map(len, sealed.splitlines())) < 998
