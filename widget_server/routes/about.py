"""What the head of an open page tells programs: where it stands, what it is about, and how to follow it.

It is the same for everybody, and only of pages that guests may read: all others ask not to be found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

from widget_server.core import structured_data
from widget_server.core.structured_data import Written, text_of

if TYPE_CHECKING:
    from widget_server.actions.reading import Post, Reading
    from widget_server.web.addresses import Addresses

_DESCRIPTION_CHARS: Final = 200


class About(NamedTuple):
    """What the head of one page says (``about_head.html``)."""

    address: str
    """The one address of this page: absolute."""
    previous: str
    """The page before in the same list; empty where there is none."""
    following: str
    description: str
    feed: str
    """Of the same contents: absolute."""
    kind: str
    """As OpenGraph calls it."""
    data: Markup


def about_list(
    addresses: Addresses,
    path: str,
    *,
    page: int = 1,
    more: bool = False,
    is_usual: bool = True,
    description: str = "",
    feed: str = "",
) -> About | None:
    """Return what the head of a list says; None where it is another view of one that says it.

    Args:
        addresses: the installation's.
        path: of its first page, as it is routed.
        page: which page it is, from 1.
        more: whether another one follows.
        is_usual: whether it is in the order in which it is shown to who chose none.
        description: what people say of it.
        feed: the path of its feed; empty: the feed of everything.
    """
    if not is_usual:
        return None
    return _about(addresses, path, page, more=more, description=text_of(description, _DESCRIPTION_CHARS), feed=feed)


def about_thread(addresses: Addresses, path: str, reading: Reading) -> About | None:
    """Return what the head of one page of a thread, or of a branch of it, says; None where guests may not read it."""
    thread = reading.thread
    if thread.board.rule.readers != "everyone" or thread.removed_at is not None:
        return None
    opening = reading.opening
    is_told = opening is not None and opening.removed_at is None
    about = _about(
        addresses,
        path,
        reading.number,
        more=reading.has_more,
        description=text_of(_looks(opening), _DESCRIPTION_CHARS) if opening and is_told else "",
        feed=f"/threads/{thread.number}/feed.atom",
        kind="article",
    )
    # What the thread is about stands on its first page; the others belong to it.
    if opening is None or not is_told or reading.branch or reading.number > 1:
        return about
    first = _written(addresses, opening, about.address)
    if thread.kind == "question":
        accepted = _at(addresses, reading, reading.accepted) if reading.accepted else None
        others = [
            _at(addresses, reading, post)
            for post in reading.posts
            if post.depth == 0 and post.removed_at is None and post.seq != thread.accepted_seq
        ]
        data = structured_data.question(thread.title, first, thread.replies, accepted, others)
    else:
        board = f"{addresses.base}/boards/{quote(thread.board.slug)}"
        data = structured_data.discussion(thread.title, first, thread.board.name, board, thread.replies)
    return about._replace(data=structured_data.written(data))


def _about(
    addresses: Addresses, path: str, page: int, *, more: bool, description: str, feed: str, kind: str = "website"
) -> About:
    base = addresses.base
    own = base + quote(path)

    def numbered(number: int) -> str:
        return own if number == 1 else f"{own}?page={number}"

    return About(
        numbered(page),
        numbered(page - 1) if page > 1 else "",
        numbered(page + 1) if more else "",
        description,
        base + quote(feed or "/feed.atom"),
        kind,
        Markup(),
    )


def _at(addresses: Addresses, reading: Reading, post: Post) -> Written:
    return _written(addresses, post, f"{addresses.base}/threads/{reading.thread.number}/{post.seq}")


def _looks(post: Post) -> str:
    """What a post looks like; one that is nothing but files is their names."""
    return post.html or str(escape(", ".join(file["name"] for file in post.carried)))


def _written(addresses: Addresses, post: Post, address: str) -> Written:
    profile = f"{addresses.base}/members/{post.author_public_id}" if post.author_name else ""
    return Written(address, post.author_name or "\u2013", profile, post.created_at, _looks(post), post.score or 0)
