"""Markdown: what it may become, and that nothing else does (S24, S25, S27, S36)."""

from __future__ import annotations

import hashlib
import html
import re
from html.parser import HTMLParser
from typing import Final

import pytest

from tests.core.hostile import HOSTILE
from widget_server.core.highlighting import MAX_CHARS, MAX_LINE, MAX_LINES
from widget_server.core.lookalikes import look
from widget_server.core.markdown import RENDERER, is_safe_address, render
from widget_server.core.mentions import mentioned

ALLOWED: Final = {
    "a": {"href", "title", "rel", "class"},
    "ol": {"start", "dir"},
    "pre": {"dir", "tabindex"},
    "div": {"class", "tabindex"},
    "code": {"class"},
    "span": {"class"},
    "p": {"dir", "class"},
    **{tag: {"dir"} for tag in ("h2", "h3", "h4", "h5", "h6", "ul")},
    **{tag: {"dir", "class"} for tag in ("th", "td")},
    **{
        tag: set()
        for tag in ("blockquote", "br", "em", "hr", "li", "s", "small", "strong", "table", "tbody", "thead", "tr")
    },
}
"""Everything that a post may consist of: written once more, apart from the code."""


class Elements(HTMLParser):
    """Looks at what a browser would make of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.wrong: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag not in ALLOWED or names - ALLOWED[tag]:
            self.wrong.append(f"{tag} {attrs}")
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
            if dict(attrs).get("rel") != "noopener nofollow ugc":
                self.wrong.append(f"{tag} {attrs}")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.wrong.append(data)

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(decl)

    def handle_pi(self, data: str) -> None:
        self.wrong.append(data)

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(data)


@pytest.mark.parametrize("source", HOSTILE)
def test_s0_16_markup_that_somebody_writes_stays_text(source: str) -> None:
    looks = render(source, {"anna": "/people/anna"})
    found = Elements(looks)
    assert found.wrong == []
    assert all(is_safe_address(link) for link in found.links)
    for tag in re.findall(r"</?(?!http)[a-z!?][a-z]*", html.unescape(source), re.IGNORECASE):
        assert tag in found.text + " ".join(found.links), "what was written is read, letter by letter"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "\x01javascript:alert(1)",
        "javascript&colon;alert(1)",
        "javascript&#58;alert(1)",
        "&#106;avascript:alert(1)",
        "&#x6A&#x61vascript:alert(1)",
        "java&NewLine;script:alert(1)",
        "java&Tab;script:alert(1)",
        "javascript\\:alert(1)",
        "vbscript:msgbox(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "file:///etc/passwd",
        "blob:https://ok.test/1",
        "view-source:https://ok.test",
        "ftp://ok.test",
        "intent://ok.test#Intent;end",
        "//evil.test/x",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "https:evil.test",
        "http:///evil.test",
        "https:\\\\evil.test",
    ],
)
@pytest.mark.parametrize("form", ["[a]({})", "[a](<{}>)", "[a][x]\n\n[x]: {}", "<{}>", "![a]({})", "![a](<{}>)", "{}"])
def test_s25_a_link_leads_to_the_web_to_a_mailbox_or_to_our_own_pages_and_nowhere_else(form: str, address: str) -> None:
    found = Elements(render(form.format(address)))
    assert found.wrong == []
    for link in found.links:
        assert is_safe_address(link)
        plain = re.sub(r"[\s\x00-\x1f]", "", link).lower()
        assert plain.startswith(("https://ok.test", "%01", "/%5c", "%5c", "javascript%", "java%", "/%09", "&#x6a")), (
            link
        )


def test_s25_pictures_elsewhere_are_links_and_links_say_where_they_lead() -> None:
    assert "<img" not in render("![a cat](https://elsewhere.test/cat.png)")
    assert '<a href="https://elsewhere.test/cat.png"' in render("![a cat](https://elsewhere.test/cat.png)")
    assert "<small>(evil.test)</small>" in render("[https://bank.test/login](https://evil.test/login)")
    assert "<small>(evil.test)</small>" in render("[bank.test](https://evil.test)")
    assert "<small>" not in render(
        "[bank.test/a](https://bank.test/a) [our terms](https://bank.test) https://bank.test/b"
    )


def test_writing_of_any_direction_keeps_to_its_block() -> None:
    looks = render("# שלום\n\nabc\n\n- עברית\n\n|a|\n|-|\n|b|\n\n    code")
    for opening in ('<h2 dir="auto">', '<p dir="auto">', '<ul dir="auto">', '<td dir="auto">', '<pre dir="ltr"'):
        assert opening in looks


def test_mentions_are_links_where_they_are_words_and_nowhere_else() -> None:
    people = {"anna": "/people/1", "bob": "/people/2"}
    looks = render("@Anna, @bo.b. `@anna` [@anna](/x) me@anna.test @nobody @@anna x@anna *@anna*", people)
    assert looks.count('class="mention"') == 3
    assert 'class="mention" rel="noopener nofollow ugc">@Anna</a>,' in looks
    assert '<em><a href="/people/1"' in looks
    assert "@anna</a>" not in render("```\n@anna\n```", people)
    assert ">@B. Ob</a>!" in render("See @[B. Ob]!", people)
    assert list(mentioned("@Anna @anna @bo.b. x@y.test @-")) == ["anna", "bob"]


def test_code_is_coloured_in_the_languages_that_are_known_within_its_budget() -> None:
    assert '<span class="hl-word">def</span>' in render("```py\ndef f(): pass\n```")
    for info, code in {
        "nolang": "def f(): pass",
        "py": f"def f(): pass  # {'x' * MAX_LINE}",
        "python": "def f(): pass\n" * (MAX_LINES + 1),
        "ruby": f"def f\n{('y' * 80 + chr(10)) * (MAX_CHARS // 80)}",
        "c": "def \x01" * 60,
    }.items():
        looks = render(f"```{info}\n{code}\n```")
        assert "<span" not in looks
        assert "def" in looks


def test_what_is_nested_too_deep_is_read_as_it_was_written() -> None:
    for source in (
        ">" * 500 + " deep",
        "- " * 500 + "deep",
        "> - " * 500 + "deep",
        "*_" * 500 + "deep",
        "[" * 500 + "deep",
    ):
        found = Elements(render(source))
        assert "deep" in found.text
        assert found.wrong == []
    lists = "".join("  " * depth + f"- at{depth}\n" for depth in range(60))
    assert all(f"at{depth}" in render(lists) for depth in range(60))


def test_a_table_is_not_filled_up_to_more_than_was_written() -> None:
    assert "<table>" in render("|a|b|\n|-|-|\n" + "|c|d|\n" * 3_000)
    hostile = "|a" * 60 + "|\n" + "|-" * 60 + "|\n" + "|\n" * 500
    assert len(render(hostile)) < 3 * len(hostile)


def test_what_is_too_much_work_is_read_as_it_was_written_and_nothing_is_lost() -> None:
    for source in ("[a](/b) " * 5_000, "# a\n" * 10_000, "- a\n" * 10_000, "> > a\n\n" * 5_000, "|a|\n|-|\n\n" * 4_000):
        found = Elements(render(f"*begin*\n\n{source}\nlast <b>word</b>"))
        assert found.wrong == []
        assert found.text.startswith("begin")
        assert found.text.rstrip().endswith("last <b>word</b>")
        assert found.text.count("a") >= source.count("a")


def test_a_long_text_of_what_people_write_looks_as_a_short_one() -> None:
    piece = (
        "## About *ferns*\n\nThey want **shade**, see [this page](https://a.test/b) and `water()`.\nNot too much!\n\n"
        "- one\n- two\n\n> said @anna\n\n```python\ndef water(): pass\n```\n\n"
    )
    people = {"anna": "/people/1"}
    assert render(piece * 50, people) == render(piece, people) * 50


def test_a_drawn_line_of_signs_is_text() -> None:
    assert "<em>" not in (looks := render("*" * 500 + "a" + "*" * 500))
    assert "<strong>" not in looks
    assert "*" * 500 in looks


_SAMPLE: Final = """# One\n\nTwo *three* **four** ~~five~~ `six` https://seven.test @eight\n
> nine\n\n1. ten\n2. eleven\n\n- twelve\n\n![thirteen](https://a.test/b.png) [c.test](https://d.test)\n
|a|b|\n|:-|-:|\n|c|d|\n\n```python\n@a\ndef f(x: int) -> str:\n    return "b"  # 1\n```\n\n***\n\n    code\n"""


def test_the_renderers_number_goes_up_with_what_it_makes() -> None:
    """A changed digest means that kept renderings are old: raise ``RENDERER`` and write both down here."""
    digest = hashlib.sha256(render(_SAMPLE, {look("eight"): "/people/8"}).encode()).hexdigest()[:16]
    assert (RENDERER, digest) == (3, "56a85fa629c28c8f")
