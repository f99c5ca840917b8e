"""The examples of the CommonMark specification, each one rendered as a post."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from markdown_it import MarkdownIt

from widget_server.core.markdown import render

EXAMPLES: Final = json.loads((Path(__file__).parent / "data" / "commonmark.json").read_text())

RAW_HTML: Final = frozenset(
    {21, 31, 201, 308, 309, 344, 475, 476, 477, 491, 494, 524, 536, 642, 643, *range(148, 192), *range(613, 633)}
)
"""Examples with raw HTML, which is shown as text, and what is not HTML in them is Markdown: as a parser makes of them
that knows no HTML."""

OURS: Final = {
    # The class of a language that is not coloured would be a name that its writer chose.
    24: "<pre><code>foo\n</code></pre>\n",
    34: "<pre><code>foo\n</code></pre>\n",
    144: "<pre><code></code></pre>\n",
    146: "<pre><code>foo\n</code></pre>\n",
    # A picture without words is a link that says where it leads; inside a link, its words.
    517: '<p><a href="/uri">moon</a></p>\n',
    531: '<p><a href="/uri">moon</a></p>\n',
    581: '<p><a href="/url">/url</a></p>\n',
    # Links lead to http, https and mailto alone.
    596: "<p>&lt;irc://foo.bar:2233/baz&gt;</p>\n",
    598: "<p>&lt;a+b+c:d&gt;</p>\n",
    599: "<p>&lt;made-up-scheme://foo,bar&gt;</p>\n",
    601: "<p>&lt;localhost:5001/foo&gt;</p>\n",
    # Addresses become links also where nobody marked them.
    602: '<p>&lt;<a href="https://foo.bar/baz">https://foo.bar/baz</a> bim&gt;</p>\n',
    608: '<p>&lt; <a href="https://foo.bar">https://foo.bar</a> &gt;</p>\n',
    611: '<p><a href="https://example.com">https://example.com</a></p>\n',
    612: '<p><a href="mailto:foo@bar.example.com">foo@bar.example.com</a></p>\n',
}
"""Where a post differs on purpose."""

_IMAGE: Final = re.compile(r'<img src="([^"]*)" alt="([^"]*)"( title="[^"]*")? />')
_HEADING: Final = re.compile(r"(</?h)([1-6])")
_ADDED: Final = re.compile(r' dir="(?:auto|ltr)"| tabindex="0"| rel="noopener nofollow ugc"|</?span[^>]*>')
_SAME: Final = {
    "<br />": "<br>",
    "<hr />": "<hr>",
    "&quot;": '"',
    "\xa0": "&nbsp;",
    "<blockquote>\n</": "<blockquote></",
}
"""Two ways to write one thing."""


def specified(html: str) -> str:
    """What the specification says, with headings one level lower and pictures as links."""
    lower = _HEADING.sub(lambda found: f"{found[1]}{min(int(found[2]) + 1, 6)}", html)
    return alike(_IMAGE.sub(r'<a href="\1"\3>\2</a>', lower))


def alike(html: str) -> str:
    """HTML without what every post has besides: directions, colours, what a link is worth."""
    html = _ADDED.sub("", html)
    for one, other in _SAME.items():
        html = html.replace(one, other)
    return html


@pytest.mark.parametrize("section", sorted({example["section"] for example in EXAMPLES}))
def test_the_examples_of_the_specification_look_as_it_says(section: str) -> None:
    without_html = MarkdownIt("commonmark", {"html": False})
    wrong: list[dict[str, Any]] = []
    for example in EXAMPLES:
        if example["section"] != section:
            continue
        number, source = example["example"], example["markdown"]
        if number in RAW_HTML:
            wanted = alike(without_html.render(source))
        else:
            wanted = OURS.get(number) or specified(example["html"])
        if alike(render(source)) != wanted:
            wrong.append({"example": number, "source": source, "looks": alike(render(source)), "wanted": wanted})
    assert wrong == []


def test_all_examples_are_looked_at() -> None:
    assert [example["example"] for example in EXAMPLES] == list(range(1, 653))
    assert RAW_HTML.isdisjoint(OURS)
