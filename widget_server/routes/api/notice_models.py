"""What programs send and are answered about notices and watching; see :mod:`widget_server.routes.api.models`."""

from __future__ import annotations

from typing import Final, Literal, get_args

from widget_server.core.notifying import Level, Watched
from widget_server.protocol.frames import Number, Uuid
from widget_server.routes.api.models import Author, Moment, Paged, Taken, Told

Kind = Watched | Literal["room"]
KINDS: Final[tuple[str, ...]] = (*get_args(Watched), "room")


class NoticesQuery(Paged):
    """Which notices, the newest first."""

    show: Literal["all", "unseen"] = "all"


class Notice(Told):
    """Something that the token's person was told."""

    id: int
    """It rises: of two notices the newer one has the greater."""
    kind: str
    """``reply``, ``quote``, ``mention``, ``accepted``, ``thread``, ``post``, ``message``, ``invitation``; any other one
    comes from the moderators: ``warning``, ``silence``, ``held_sent``, ``held_refused``, ``report``."""
    why: Watched | None
    """Of what somebody watches: which kind of thing."""
    actor: Author | None
    """Who did it; null: the moderators, or whoever is gone."""
    title: str | None
    """Of the thread or room, or of the post that was not published."""
    thread: int | None
    """The number of the thread that it is about."""
    room: Uuid | None
    seq: int | None
    """The place of the post or message there."""
    text: str | None
    """What the moderators say with it."""
    url: str | None
    """Where what it is about is read."""
    created_at: Moment
    seen_at: Moment | None


class Notices(Told):
    """A page of notices."""

    notices: list[Notice]
    unseen: int
    """How many are not seen, of all; stops at 99."""
    next: str | None


class SeenUntil(Taken):
    """The ``id`` of the last notice that was seen: those before it were too."""

    until: Number


class Unseen(Told):
    """How many notices are not seen; stops at 99."""

    unseen: int


class NewLevel(Taken):
    """How much of something the token's person shall be told."""

    level: Level | Literal["none"]
    """``watch``: everything there; ``follow``: what begins there; ``mute``: nothing; ``none``: as before anything was
    chosen, which a room does not know."""


class Watching(Told):
    """How much of something the token's person wants to be told."""

    kind: Kind
    name: str
    """A board's ``slug``, a thread's number, a tag, a person's or a room's id."""
    level: Level | Literal["none"]


class WatchedThing(Watching):
    """Something for which a level was chosen."""

    title: str


class WatchedThings(Told):
    """A page of boards, threads, tags and people for which a level was chosen, the last first; not whom one follows."""

    watching: list[WatchedThing]
    more: bool
