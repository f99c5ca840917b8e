"""Mentions: ``@name`` in what somebody writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from markdown_it.token import Token

from widget_server.core.lookalikes import look

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MENTION: Final = re.compile(r"(?<![\w@/.])@(?:\[(?P<words>[^\[\]\n]{1,80})\]|(?P<word>\w(?:[\w.-]{0,58}\w)?))")
"""A name behind an ``@`` that begins a word: ``@name`` with letters of any script, digits, ``_ . -``, at most 60
characters, or ``@[name of several words]``."""


def _name(found: re.Match[str]) -> str:
    return look(found["words"] or found["word"])


def mentioned(text: str) -> dict[str, None]:
    """Return the looks of the names that ``text`` could mention, each once, in their order.

    Names are unique by their look (``core.lookalikes``), which has no blanks: ``@AdaByron`` is Ada Byron too. The
    text's Markdown is not looked at.
    """
    return {_name(found): None for found in MENTION.finditer(text)}


def split_mentions(tokens: Sequence[Token], people: Mapping[str, str]) -> list[Token]:
    """Return the pieces of a line with the mentions of ``people`` as links; never in code or inside another link.

    Args:
        tokens: what the parser made of the line.
        people: the look of their name with the address of their page.
    """
    if not people:
        return list(tokens)
    split: list[Token] = []
    links = 0
    for token in tokens:
        links += (token.type == "link_open") - (token.type == "link_close")
        if token.type != "text" or links or "@" not in token.content:
            split.append(token)
            continue
        text, end = token.content, 0
        for found in MENTION.finditer(text):
            address = people.get(_name(found))
            if address is None:
                continue
            split += [
                Token("text", "", 0, content=text[end : found.start()]),
                Token("link_open", "a", 1, attrs={"href": address, "class": "mention"}),
                Token("text", "", 0, content=f"@{found['words'] or found['word']}"),
                Token("link_close", "a", -1),
            ]
            end = found.end()
        split.append(Token("text", "", 0, content=text[end:]))
    return split
