"""Whom a post speaks to: people whom it names, and posts that it quotes. One pass, whatever the text."""

from __future__ import annotations

import re
from typing import Final

from widget_server.core.mentions import mentioned

MOST: Final = 20
"""So many are told at once: a list of everybody is no conversation."""
_FENCE: Final = ("```", "~~~")
_CODE: Final = re.compile(r"`[^`\n]*`")
_QUOTED: Final = re.compile(r"/threads/(\d{1,12})/(?:posts/)?(\d{1,12})")


def named(body: str) -> list[str]:
    """Return the looks of the names that a post may mean, each once, in their order; code names nobody."""
    found: dict[str, None] = {}
    for line in _prose(body):
        found |= mentioned(_CODE.sub(" ", line))
    return [name for name in found if name][:MOST]


def quoted(body: str, number: int) -> list[int]:
    """Return the places of the posts of thread ``number`` that a post quotes, by the address above what is quoted."""
    found: dict[int, None] = {}
    for line in _prose(body):
        if line.lstrip().startswith(">"):
            found |= {int(match[2]): None for match in _QUOTED.finditer(line) if int(match[1]) == number}
    return list(found)[:MOST]


def quotation(body: str, author: str, address: str) -> str:
    """Return a post's source as another one begins that quotes it: who wrote it, where it stands, and its lines.

    Args:
        body: the source of what is quoted.
        author: its author's name.
        address: of the post, which tells whom to tell (:func:`quoted`).
    """
    name = re.sub(r"([\\`*_\[\]<>&#~|!])", r"\\\1", author)
    lines = [line for line in body.split("\n") if not line.startswith(">")]
    text = "\n".join(lines).strip("\n")
    return "\n".join([f"> [{name}]({address}):", ">", *(f"> {line}".rstrip() for line in text.split("\n")), "", ""])


def _prose(body: str) -> list[str]:
    """The lines that are not inside a fence of code."""
    lines, fence = [], ""
    for line in body.split("\n"):
        start = line.lstrip(" >")[:3]
        if fence:
            fence = "" if start == fence else fence
        elif start in _FENCE:
            fence = start
        else:
            lines.append(line)
    return lines
