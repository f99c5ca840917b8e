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


Actor = Visitor | Agent
