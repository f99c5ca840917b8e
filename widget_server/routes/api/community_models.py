"""What programs send and are answered about the community; see :mod:`widget_server.routes.api.models`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from widget_server.protocol.frames import Number, Uuid
from widget_server.routes.api.models import Author, Files, Moment, Numbered, Paged, Taken, Text, Told

Slug = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PostBody = Annotated[str, StringConstraints(max_length=40_000)]
Writers = Literal["members", "moderators"]


class Board(Told):
    """A board that the token may read."""

    id: Uuid
    slug: str
    """Its words in addresses."""
    name: str
    description: str
    rules: str
    readers: Literal["everyone", "members", "moderators"]
    starters: Writers
    repliers: Writers
    layout: Literal["linear", "nested"]
    parent: Uuid | None
    """The board under which it stands, where the token may read that too."""
    archived: bool
    threads: int
    url: str
    created_at: Moment


class Boards(Told):
    """The boards that the token may read, in their order."""

    boards: list[Board]


class NewBoard(Taken):
    """A board to be opened: everybody reads it, members write."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    description: Text = ""
    rules: Annotated[str, StringConstraints(max_length=10_000)] = ""


class BoardChange(Taken):
    """What shall be otherwise; what is left out stays."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    description: Text | None = None
    rules: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    readers: Literal["everyone", "members", "moderators"] | None = None
    starters: Writers | None = None
    repliers: Writers | None = None
    layout: Literal["linear", "nested"] | None = None


class ThreadsQuery(Paged):
    """Which threads, and in which order."""

    board: Slug | None = None
    tag: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    author: Uuid | None = None
    """Whoever began it."""
    sort: Literal["new", "active", "top", "hot"] = "active"


class Thread(Told):
    """A thread. Its posts are read apart."""

    id: Uuid
    """Of the channel, as on the socket."""
    number: int
    """Its place in addresses."""
    board: str
    """The board's ``slug``."""
    title: str
    kind: Literal["discussion", "question"]
    state: Literal["open", "locked", "closed"]
    author: Author
    tags: list[str]
    replies: int
    score: int
    accepted: int | None
    """The ``seq`` of the accepted answer."""
    pinned: Literal["board", "everywhere"] | None
    removed: bool
    """Only moderators see one that was."""
    version: int
    last_seq: int
    url: str
    created_at: Moment
    activity_at: Moment


class Threads(Told):
    """A page of threads."""

    threads: list[Thread]
    next: str | None


class NewThread(Taken):
    """A thread to begin. The same ``client_id`` again begins nothing new."""

    client_id: Uuid
    title: Title
    body: PostBody = ""
    """Markdown; may be empty where files go with it."""
    kind: Literal["discussion", "question"] = "discussion"
    tags: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=40)]], Field(max_length=5)] = Field(
        default=[]
    )
    files: Files = ()
    """Of its first post."""


class ThreadChange(Taken):
    """What shall be otherwise; what is left out stays."""

    title: Title | None = None
    kind: Literal["discussion", "question"] | None = None
    tags: (
        Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=40)]], Field(max_length=5)] | None
    ) = None


class Accepted(Taken):
    """The ``seq`` of the post that answers the question; null: none of them."""

    seq: Number | None


class PostEdit(Taken):
    """Another text. ``revision`` is the one this makes: the present one plus 1."""

    body: PostBody
    revision: Number


class Vote(Taken):
    """What the token's person thinks of a post."""

    vote: Literal["up", "down", "none"]


class ReportedPost(Told):
    """A post, or a message of a chat, that somebody reported."""

    channel: Uuid
    seq: int
    preview: str
    author: str | None
    """Their public id; null where the account is gone."""
    board: str | None
    """Its ``slug``; null in a room or a chat."""
    number: int | None
    """Of the thread."""
    reasons: list[str]
    since: Moment


class HeldPost(Told):
    """A post that waits for a moderator."""

    id: Uuid
    kind: Literal["thread", "reply"]
    board: str
    number: int | None
    """Of the thread that it answers."""
    title: str
    body: str
    author: str
    """Their public id."""
    why: str
    created_at: Moment


class Queue(Told):
    """A page of what waits for the token's person as a moderator, the oldest first."""

    reported: list[ReportedPost]
    held: list[HeldPost]
    more: bool


class BegunThread(Told):
    """What became of it: it is there, or it waits for a moderator, and why."""

    thread: Thread | None
    held: str | None


class NewReply(Taken):
    """A post to write into a thread. The same ``client_id`` again writes nothing new."""

    client_id: Uuid
    body: PostBody = ""
    """Markdown; may be empty where files go with it."""
    parent: Number = 1
    """The ``seq`` of the post that it answers; 1: the thread itself."""
    files: Files = ()


class WrittenPost(Told):
    """What became of it: its place, or that it waits for a moderator, and why."""

    seq: int | None
    held: str | None


class Lock(Taken):
    """Whether nobody may answer any more."""

    locked: bool


class Pin(Taken):
    """Where it stands above others, and for how long; ``where`` null: nowhere."""

    where: Literal["board", "everywhere"] | None
    days: Annotated[int, Field(ge=1, le=3660)] | None = None


class SearchQuery(Numbered):
    """What is sought, as on the page: words, ``"in this order"``, ``-without``, ``author:``, ``board:``, ``tag:``."""

    q: Annotated[str, StringConstraints(max_length=300)] = ""
    sort: Literal["best", "new"] = "best"


class Piece(Told):
    """A piece of a snippet, and whether it was sought."""

    text: str
    hit: bool


class FoundOne(Told):
    """Something that was found."""

    kind: Literal["thread", "post", "board", "said", "message", "note"]
    title: str
    snippet: list[Piece]
    url: str
    board: str | None
    """Its ``slug``; null in a chat."""
    author: Uuid | None
    channel: str
    """The public name of its channel; empty for a board."""
    seq: int
    at: Moment


class FoundPage(Told):
    """A page of what was found."""

    results: list[FoundOne]
    total: int
    is_more: bool
    """Whether there are more than ``total``."""
    more: bool
    """Whether another page follows."""
    state: Literal["ready", "incomplete", "too_broad"]
    """``incomplete``: the index is being made; ``too_broad``: it was given up, say it more closely."""
