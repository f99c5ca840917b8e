"""How much work one text may be, counted while it is read: a text that is built to be a burden is shown simpler (S28).

The parser takes time in proportion to a text, but hundreds of times more for some letters than for others. So each step
is paid for, with about what it costs. Where nothing is left, the rest stands there as it was written: nothing is lost,
and the same text always looks the same, because steps are counted and no clock is asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import table
from markdown_it.rules_core import linkify as linkify_tokens
from markdown_it.rules_inline import autolink, backtick, emphasis, entity, escape, image, link, newline, strikethrough

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    Inline = Callable[[StateInline, bool], bool]

WORK: Final = 14_000
"""Of one text; a step within a line costs one. 20,000 characters of what people write take less."""
BLOCKS: Final = 14_000
"""Of one text, to find what its lines are."""
BLOCK: Final = 12
"""Asking what a line begins, or whether it ends what stands before it."""
LINE: Final = 14
"""A paragraph, heading or cell to read."""
SIGN: Final = 2
"""What may be code, an entity or an escaped sign."""
MARK: Final = 5
"""A sign that may emphasise."""
LINK: Final = 20
"""What may lead somewhere."""

COLOURED: Final = 16_000
"""Of one text, for its code: about 300 lines of what people write."""
_RUN: Final = 40
"""More signs of emphasis in a row are a line that somebody drew."""
_DEPTH: Final = 12
"""Brackets deeper than this are no links."""
_COLUMNS: Final = 60
"""A line with more cells than this begins no table."""
_ADDRESS: Final = 2_048
"""A longer address is no link where nobody marked it as one."""

_SCHEME: Final = re.compile(r"(?:^|[^a-z0-9.+-])(https?)$", re.IGNORECASE)


class Work:
    """What is left for one text."""

    def __init__(self) -> None:
        self.left = WORK
        self._blocks_left = BLOCKS
        self._colour_left = COLOURED

    def spend(self, cost: int) -> bool:
        """Pay for something; False, and nothing is left for anything else, where there is not enough."""
        self.left = self.left - cost if self.left >= cost else 0
        return self.left > 0

    def spend_block(self, cost: int) -> bool:
        """Pay for finding what lines are, which comes first: so that it leaves something for what stands in them."""
        self._blocks_left = self._blocks_left - cost if self._blocks_left >= cost else 0
        return self._blocks_left > 0

    def spend_colour(self, cost: int) -> bool:
        """Pay for colouring a piece of code (``core.highlighting.cost_of``); False where it is to stay plain."""
        self._colour_left -= cost
        return self._colour_left >= 0


def _address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    """An address of the web in what is written; as the parser's own rule, which reads again all that stands before."""
    if state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.pending[-6:])
    if scheme is None or not state.env["work"].spend(LINK):
        return False
    start = state.pos - len(scheme[1])
    found = state.md.linkify.match_at_start(state.src[start : start + _ADDRESS]) if state.md.linkify else None
    if found is None or len(found.url) >= _ADDRESS:
        return False
    # A star at the end belongs to the emphasis.
    url = found.url.rstrip("*")
    address = state.md.normalizeLink(url)
    if not state.md.validateLink(address):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        _push_link(state, address, state.md.normalizeLinkText(url))
    state.pos += len(url) - len(scheme[1])
    return True


def _push_link(state: StateInline, address: str, words: str) -> None:
    opening = state.push("link_open", "a", 1)
    opening.attrs = {"href": address}
    opening.markup, opening.info = "linkify", "auto"
    state.push("text", "", 0).content = words
    closing = state.push("link_close", "a", -1)
    closing.markup, closing.info = "linkify", "auto"


def _paid(rule: Inline, cost: int) -> Inline:
    def paid(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
        return bool(state.env["work"].spend(cost)) and rule(state, silent)

    return paid


def _link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    # What leads nowhere in the end was looked for longest.
    work = state.env["work"]
    if not work.spend(LINK):
        return False
    if link(state, silent):
        return True
    work.spend(LINK)
    return False


def _picture(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    is_picture = state.src.startswith("![", state.pos) and state.env["work"].spend(LINK)
    return bool(is_picture) and image(state, silent)


def _paid_marks(rule: Inline) -> Inline:
    def paid(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
        if silent:
            return False
        start, end = state.pos, state.pos + 1
        while end < state.posMax and state.src[end] == state.src[start]:
            end += 1
        if end - start <= _RUN and state.env["work"].spend(MARK * (end - start)):
            return rule(state, silent)
        state.append_pending(state.src[start:end])
        state.pos = end
        return True

    return paid


_TEXT_END: Final = re.compile(r"[\n!&:<\[\\\]_*`~]")
_RULES: Final[dict[str, Inline]] = {
    "\n": newline,
    "!": _picture,
    "&": _paid(entity, SIGN),
    ":": _address,
    "<": _paid(autolink, LINK),
    "[": _link,
    "\\": _paid(escape, SIGN),
    "`": _paid(backtick, SIGN),
    "*": _paid_marks(emphasis.tokenize),
    "_": _paid_marks(emphasis.tokenize),
    "~": _paid_marks(strikethrough.tokenize),
}
"""What a sign may begin: nothing else is asked there. A bracket that closes only ends a text."""


class PaidInline(ParserInline):
    """Reads what stands in a line, while there is work left; then all that follows is text."""

    def tokenize(self, state: StateInline) -> None:
        """Make tokens of what stands between ``pos`` and ``posMax``."""
        work, end = state.env["work"], state.posMax
        while state.pos < end:
            start = state.pos
            if not work.spend(1):
                state.append_pending(state.src[start:end])
                state.pos = end
                break
            rule = _RULES.get(state.src[start])
            if rule is not None and rule(state, False):
                continue
            state.pos = _after(state.src, start, end)
            state.append_pending(state.src[start : state.pos])
        if state.pending:
            state.pushPending()

    def skipToken(self, state: StateInline) -> None:  # noqa: N802 - the parser's name for it
        """Go behind what begins at ``pos``, without making tokens of it."""
        start = state.pos
        known = state.cache.get(start)
        if known is not None:
            state.pos = known
            return
        if state.level >= _DEPTH or not state.env["work"].spend(1):
            state.pos = state.posMax
        else:
            rule = _RULES.get(state.src[start])
            state.level += 1
            is_read = rule is not None and rule(state, True)
            state.level -= 1
            if not is_read:
                state.pos = _after(state.src, start, state.posMax) if rule is None else start + 1
        state.cache[start] = state.pos

    def parse(self, src: str, md: MarkdownIt, env: MutableMapping[str, Any], tokens: list[Token]) -> list[Token]:
        """Append what ``src`` consists of to ``tokens``."""
        env["work"].spend(LINE)
        return super().parse(src, md, env, tokens)


def _after(src: str, start: int, end: int) -> int:
    """Where the text ends that begins at ``start``, with whatever stands there."""
    found = _TEXT_END.search(src, start + 1, end)
    return found.start() if found else end


def show_rest(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    """Pay for reading a line; where nothing is left, it and what follows in the same block is a token ``rest``."""
    cost = BLOCK
    if state.parentType == "table":
        cost += LINE * state.src.count("|", state.bMarks[start], state.eMarks[start])
    if state.env["work"].spend_block(cost):
        return False
    if silent:
        return True
    line = start
    while line < end and (state.isEmpty(line) or state.sCount[line] >= state.blkIndent):
        line += 1
    state.push("rest", "p", 0).content = state.getLines(start, line, state.blkIndent, False)
    state.line = line
    return True


def paid_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - as the parser calls it
    """Read a table, as the parser's own rule does, and pay for its head."""
    columns = state.src.count("|", state.bMarks[start], state.eMarks[start])
    if columns > _COLUMNS or not table(state, start, end, silent):
        return False
    state.env["work"].spend_block(LINE * (columns + 2))
    return True


def mentions_paid(work: Work, content: str) -> bool:
    """Whether there is work left to look for whom a line names."""
    names = content.count("@")
    return names > 0 and work.spend(LINK * names)


def linkify(state: StateCore) -> None:
    """Make links of the mailboxes in what was written, in the lines for which there is work left."""
    work, every = state.env["work"], state.tokens
    state.tokens = [
        token
        for token in every
        if token.type == "inline" and (signs := _signs(token.content)) and work.spend(LINK * signs)
    ]
    linkify_tokens(state)
    state.tokens = every


def _signs(content: str) -> int:
    return content.count("@") + content.count("://")
