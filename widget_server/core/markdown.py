"""Markdown as people write it, and the only HTML that comes of it (S25, S27).

Two walls stand one behind the other: the parser knows no raw HTML and no address but of the web, of mail and of our own
pages; what it makes then passes one list of what may be there (:data:`_CLEANER`). The result stands in a page's body
and nowhere else: it is never parsed again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import nh3
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_block import blockquote, list_block
from markdown_it.token import Token

from widget_server.core.highlighting import CLASSES, LANGUAGES, cost_of, highlighted, language_of
from widget_server.core.markdown_work import PaidInline, Work, linkify, mentions_paid, paid_table, show_rest
from widget_server.core.mentions import split_mentions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore

    Block = Callable[[StateBlock, int, int, bool], bool]

RENDERER: Final = 3
"""Goes up when the same source would look different, also by a newer library: what was kept of an older one is not used
any more. A test holds the number and a digest of what it makes together."""

_NESTING: Final = 20
"""Quotes and lists deeper than this are shown as they were written (S28)."""

_EMPTY_CELLS: Final = 2_000
"""A row that ends early is filled up with empty cells, so a few letters could make a page of them: a text that might
get more than this is shown without tables."""

_ALIGNMENTS: Final = {"text-align:left": "at-left", "text-align:center": "at-center", "text-align:right": "at-right"}
"""Inline styles are for nobody (the pages' content policy): a cell has a class."""

_BLOCKS: Final = frozenset(
    {"paragraph_open", "heading_open", "bullet_list_open", "ordered_list_open", "th_open", "td_open"}
)
"""What has a direction of its own, by its first letter (S36)."""

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_OUTSIDE: Final = re.compile(r"https?://[^/\\?#]|mailto:", re.IGNORECASE)
_NAMES_A_HOST: Final = re.compile(r"://|\w\.\w")


def render(source: str, people: Mapping[str, str] | None = None) -> str:
    """Return what ``source`` looks like.

    Takes time in proportion to the length of ``source``; call it beside the loop.

    Args:
        source: as it was written.
        people: whom it may mention: the name (as ``core.mentions`` has it) with the address of their page.
    """
    parser = _PARSER if _empty_cells(source) <= _EMPTY_CELLS else _WITHOUT_TABLES
    return _CLEANER.clean(parser.render(source, {"people": people or {}, "work": Work()}))


def is_safe_address(address: str) -> bool:
    """Whether a link may lead there: to the web, to a mailbox, or to a page of ours; ``//host`` is neither."""
    if _SCHEME.match(address):
        return _OUTSIDE.match(address) is not None
    return not address.startswith(("//", "/\\", "\\"))


def _empty_cells(source: str) -> int:
    """How many empty cells the tables of ``source`` may be filled up with at most: each ends at an empty line."""
    cells = rows = columns = written = 0
    for line in [*source.split("\n"), ""]:
        if line and not line.isspace():
            count = line.count("|")
            rows += 1
            columns = max(columns, count)
            written += count
        else:
            cells += rows * columns - written
            rows = columns = written = 0
    return cells


class _Parser(MarkdownIt):
    def __init__(self, config: str, options: Mapping[str, Any]) -> None:
        super().__init__(config, options)
        self.inline = PaidInline()

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's name for it
        return is_safe_address(url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - the parser's name for it
        """As it was written: nothing is decoded, so that no address looks like another one, and nothing is left out."""
        return link


def _made_parser(*, tables: bool) -> MarkdownIt:
    # The parser's own limit leaves out what is deeper; ours is reached first and leaves it as text.
    parser = _Parser("commonmark", {"html": False, "linkify": True, "maxNesting": 2 * _NESTING})
    parser.enable(["linkify", "table"] if tables else "linkify")
    parser.linkify = LinkifyIt(
        {"ftp:": None, "//": None}, {"fuzzy_link": False, "fuzzy_ip": False, "fuzzy_email": True}
    )
    ends = ["paragraph", "reference", "blockquote"]
    parser.block.ruler.at("blockquote", _unless_deep(blockquote), {"alt": [*ends, "list"]})
    parser.block.ruler.at("list", _unless_deep(list_block), {"alt": ends})
    parser.block.ruler.at("table", paid_table, {"alt": ends[:2]})
    parser.block.ruler.before("table", "rest", show_rest, {"alt": [*ends, "list"]})
    parser.core.ruler.at("linkify", linkify)
    parser.core.ruler.push("shape", _shape)
    for name, rule in _RULES.items():
        parser.add_render_rule(name, rule)
    return parser


def _unless_deep(rule: Block) -> Block:
    def checked(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
        return state.level < _NESTING and rule(state, start, end, silent)

    return checked


def _shape(state: StateCore) -> None:
    """What the parser made, as it stands on a page: see the functions below."""
    people = state.env["people"]
    for token in state.tokens:
        if token.type in _BLOCKS:
            token.attrSet("dir", "auto")
        if token.type.startswith("heading"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        elif token.type in {"th_open", "td_open"}:
            style = token.attrs.pop("style", None)
            if isinstance(style, str) and style in _ALIGNMENTS:
                token.attrSet("class", _ALIGNMENTS[style])
        elif token.type == "inline" and token.children:
            token.children = _with_shown_targets(token.children)
            if people and mentions_paid(state.env["work"], token.content):
                token.children = split_mentions(token.children, people)


def _with_shown_targets(tokens: Sequence[Token]) -> list[Token]:
    """Let a link whose words name a host say where it really leads, and no image be fetched (S25)."""
    shaped: list[Token] = []
    link: Token | None = None
    words = ""
    for token in tokens:
        if token.type == "link_open":
            link, words = token, ""
        elif token.type == "image":
            shaped += _linked_image(token, inside=link is not None)
            words += token.content
            continue
        shaped.append(token)
        if link is None:
            continue
        if token.type == "link_close":
            host = _unsaid_host(link, words)
            if host:
                shaped.append(Token("host", "", 0, content=host))
            link = None
        else:
            words += token.content
    return shaped


def _unsaid_host(link: Token, words: str) -> str:
    """The host to which a link leads, where its words speak of another one."""
    if link.info == "auto" or not _NAMES_A_HOST.search(words):
        return ""
    address = str(link.attrs["href"])
    try:
        host = urlsplit(address).hostname or ""
        said = urlsplit(words.strip()).hostname if "://" in words else words.strip().split("/")[0].lower()
    except ValueError:
        return address
    return "" if said == host else host


def _linked_image(image: Token, *, inside: bool) -> list[Token]:
    """A picture elsewhere as a link to it: looking at a page must not tell anybody else that one does."""
    address = str(image.attrs["src"])
    words = Token("text", "", 0, content=_plain(image.children or ()).strip() or address)
    if inside:
        return [words]
    attrs: dict[str, str | int | float] = {"href": address}
    if "title" in image.attrs:
        attrs["title"] = image.attrs["title"]
    opening = Token("link_open", "a", 1, attrs=attrs)
    return [opening, words, Token("link_close", "a", -1)]


def _plain(tokens: Sequence[Token]) -> str:
    """The text of a picture's words."""
    return "".join(
        _plain(token.children or ())
        if token.type == "image"
        else "\n"
        if token.type in {"softbreak", "hardbreak"}
        else token.content
        for token in tokens
    )


def _fence(_: RendererHTML, tokens: Sequence[Token], at: int, __: Any, env: Mapping[str, Any]) -> str:
    language, written = language_of(tokens[at].info), tokens[at].content
    is_coloured = language and env["work"].spend_colour(cost_of(written))
    code = highlighted(written, language) if language and is_coloured else escapeHtml(written)
    named = f' class="language-{language}"' if language else ""
    return f'<pre dir="ltr" tabindex="0"><code{named}>{code}</code></pre>\n'


def _code_block(_: RendererHTML, tokens: Sequence[Token], at: int, *__: Any) -> str:
    return f'<pre dir="ltr" tabindex="0"><code>{escapeHtml(tokens[at].content)}</code></pre>\n'


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _host(_: RendererHTML, tokens: Sequence[Token], at: int, *__: Any) -> str:
    return f" <small>({escapeHtml(tokens[at].content)})</small>"


def _rest(_: RendererHTML, tokens: Sequence[Token], at: int, *__: Any) -> str:
    return f'<p dir="auto" class="as-written">{escapeHtml(tokens[at].content)}</p>\n'


_RULES: Final = {
    "fence": _fence,
    "code_block": _code_block,
    "table_open": _table_open,
    "table_close": _table_close,
    "host": _host,
    "rest": _rest,
}
_PARSER: Final = _made_parser(tables=True)
_WITHOUT_TABLES: Final = _made_parser(tables=False)

_DIRECTED: Final = ("p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "th", "td")
_CLEANER: Final = nh3.Cleaner(
    tags={
        *_DIRECTED,
        *("a", "blockquote", "br", "code", "del", "div", "em", "hr", "li", "pre", "s", "small", "span", "strong"),
        *("table", "tbody", "thead", "tr"),
    },
    clean_content_tags=set(),
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    tag_attribute_values={
        **{tag: {"dir": {"auto"}} for tag in _DIRECTED},
        "pre": {"dir": {"ltr"}, "tabindex": {"0"}},
        "div": {"tabindex": {"0"}},
    },
    allowed_classes={
        "a": {"mention"},
        "code": {f"language-{name}" for name in LANGUAGES},
        "div": {"scroll"},
        "p": {"as-written"},
        "span": set(CLASSES),
        "th": set(_ALIGNMENTS.values()),
        "td": set(_ALIGNMENTS.values()),
    },
    url_schemes=set(_SCHEMES),
    url_relative=lambda address: address if is_safe_address(address) else None,
    link_rel="noopener nofollow ugc",
)
"""Everything that may ever come of what people write."""
