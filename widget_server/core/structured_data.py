"""What search engines read of a page beside its HTML: schema.org's words for a thread, as JSON-LD."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from markupsafe import Markup

from widget_server.core.plain import one_line
from widget_server.core.times import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT_CHARS: Final = 2_000
ANSWERS: Final = 3
"""So many are told beside the accepted one; the others are on the page."""
_TAG: Final = re.compile(r"<[^<>]*>")
_UNSAFE: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What would end the element in which the data stands, or the line in an old reader of it."""
_UNSAFE_CHAR: Final = re.compile("[<>&\u2028\u2029]")


@lru_cache(maxsize=256)
def text_of(html: str, chars: int) -> str:
    """Return the beginning of what is read of a rendered post, as one line."""
    text = one_line(unescape(_TAG.sub(" ", html[: chars * 4])))
    return text if len(text) <= chars else text[:chars].rsplit(" ", 1)[0] + "\u2026"


class Written(NamedTuple):
    """A post."""

    address: str
    """Absolute, as all here."""
    author: str
    profile: str
    """The author's address; empty where the account is gone."""
    at: int
    """UTC ms."""
    html: str
    score: int


def discussion(title: str, opening: Written, board: str, board_address: str, replies: int) -> dict[str, Any]:
    """Return a thread that discusses something."""
    return {
        "@context": "https://schema.org",
        "@type": "DiscussionForumPosting",
        "headline": title,
        "mainEntityOfPage": opening.address,
        **_of(opening),
        "isPartOf": {"@type": "CollectionPage", "name": board, "url": board_address},
        "commentCount": replies,
        "interactionStatistic": {
            "@type": "InteractionCounter",
            "interactionType": "https://schema.org/LikeAction",
            "userInteractionCount": max(0, opening.score),
        },
    }


def question(
    title: str, opening: Written, replies: int, accepted: Written | None, others: Sequence[Written]
) -> dict[str, Any]:
    """Return a thread that asks something; without an answer it is told as nothing but the question."""
    asked: dict[str, Any] = {"@type": "Question", "name": title, **_of(opening), "answerCount": replies}
    asked["upvoteCount"] = opening.score
    if accepted is not None:
        asked["acceptedAnswer"] = _answer(accepted)
    if others:
        asked["suggestedAnswer"] = [_answer(each) for each in others[:ANSWERS]]
    return {"@context": "https://schema.org", "@type": "QAPage", "mainEntity": asked}


def written(data: dict[str, Any]) -> Markup:
    """Return the data as it may stand in an element of HTML."""
    text = orjson.dumps(data).decode()
    return Markup(_UNSAFE_CHAR.sub(lambda found: _UNSAFE[found[0]], text))  # noqa: S704 - nothing in it can end it


def _answer(post: Written) -> dict[str, Any]:
    return {"@type": "Answer", **_of(post), "upvoteCount": post.score}


def _of(post: Written) -> dict[str, Any]:
    author = {"@type": "Person", "name": post.author}
    if post.profile:
        author["url"] = post.profile
    return {
        "url": post.address,
        "author": author,
        "datePublished": iso(post.at),
        "text": text_of(post.html, TEXT_CHARS),
    }
