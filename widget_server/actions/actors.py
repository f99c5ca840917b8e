"""Who acts, as every action takes it."""

from __future__ import annotations

from typing import Any, NamedTuple

from widget_server.core.permissions import Actor as Rights
from widget_server.store.records import Author


class Visitor:
    """An anonymous visitor of one site.

    ``author`` is None until the first message: nothing is stored of them before.
    """

    __slots__ = ("author", "browser", "contact", "context", "site_id", "site_key", "token_hash")

    def __init__(self, site_id: int, site_key: str, token_hash: str, browser: str = "") -> None:
        self.site_id = site_id
        self.site_key = site_key
        self.token_hash = token_hash
        self.browser = browser
        self.author: Author | None = None
        self.context: dict[str, Any] | None = None
        """Where they are, kept for the first message."""
        self.contact: dict[str, Any] | None = None
        """What the page said of them before the first message."""


class Agent(NamedTuple):
    """A signed-in agent and the rights that hold now."""

    author: Author
    rights: Rights
    session_id: int


class Member(NamedTuple):
    """Somebody signed in, who reads and answers the conversations of the visitors that they are."""

    author: Author


class Reader(NamedTuple):
    """Somebody who reads the community: a member, or with neither name nor rights a guest."""

    author: Author | None
    rights: Rights
    session_id: int = 0
    """Of a member with a line to this node: the session by which they are signed in."""


Actor = Visitor | Agent | Reader
"""Who has a line to this node."""
