"""Tags: words that people put to a thread. The same word in another spelling is the same tag."""

from __future__ import annotations

import re
from typing import Final

from widget_server.core.errors import Unacceptable
from widget_server.core.text import check_characters, fold

TAGS: Final = 5
"""So many a thread may have."""
TAG_CHARS: Final = 30
_BETWEEN: Final = re.compile(r"[\s,;]+")
_TAG: Final = re.compile(r"[^\W_][\w.+-]*#?")


def check_tags(text: str) -> list[str]:
    """Return the tags that somebody typed as words, folded, each once, in their order.

    Raises:
        Unacceptable: ``bad_text``, ``bad_tag``, ``too_many_tags``.
    """
    check_characters(text)
    words = [word.removeprefix("#") for word in _BETWEEN.split(text)]
    tags = list(dict.fromkeys(_checked(word) for word in words if word))
    if len(tags) > TAGS:
        raise Unacceptable("too_many_tags", limit=TAGS)
    return tags


def _checked(word: str) -> str:
    tag = fold(word)
    if len(tag) > TAG_CHARS or not _TAG.fullmatch(tag):
        raise Unacceptable("bad_tag", limit=TAG_CHARS, tag=word[:TAG_CHARS])
    return tag
