"""What programs send and are answered, as pydantic models: checking and contract in one (S13).

What comes in is strict: no type is turned into another, and an unknown field is refused. What goes out is written from
plain values; the tests check every answer against these models.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from widget_server.core.scopes import Scope
from widget_server.protocol import answers
from widget_server.protocol.answers import Author as Author  # noqa: PLC0414 - one contract for sockets and programs
from widget_server.protocol.frames import MAX_FILES, FileId, Number, StatusName, Uuid

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""ISO 8601, in UTC."""


def digits(value: object) -> object:
    """Turn a number of a query into one, written the one way it is written."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        return int(value)
    raise ValueError("write digits")


class Taken(BaseModel):
    """Base of what comes in."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Told(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(extra="forbid")


# --- what every operation shares


class Problem(Told):
    """What went wrong. The number's range tells a program what to do: see docs/generated/codes.md."""

    code: int
    name: str
    message: str
    retry_after: int | None = None
    """Milliseconds after which the same may be sent again."""
    request: str
    """Tell it to whoever runs the server."""


class ErrorAnswer(Told):
    """The one shape of every error."""

    error: Problem


Cursor = Annotated[str, StringConstraints(max_length=400)]
"""``next`` of the page before, as it came."""
Limit = Annotated[int, BeforeValidator(digits), Field(ge=1, le=100)]
Seq = Annotated[int, BeforeValidator(digits), Field(ge=0, le=10**15 - 1)]
PageNumber = Annotated[int, BeforeValidator(digits), Field(ge=1, le=1000)]


class NoQuery(Taken):
    """No parameter is known."""


class Paged(Taken):
    """Which page of a list."""

    cursor: Cursor | None = None
    limit: Limit = 50


class Numbered(Taken):
    """Which page of a list whose pages have numbers."""

    page: PageNumber = 1


# --- people


class Me(Told):
    """Whoever the token acts for, and what it may be used for."""

    id: Uuid
    name: str
    mail: str
    site: str | None
    """The only site that the token opens; null for a personal one."""
    scopes: list[Scope]


class Grant(Told):
    """A role that somebody was given, for one site or (null) for everything."""

    role: str
    site: str | None


class ListedPerson(Told):
    """An account in a list."""

    id: Uuid
    name: str
    mail: str
    kind: Literal["member", "agent", "bot", "visitor"]
    confirmed: bool
    created_at: Moment
    seen_at: Moment | None


class Person(ListedPerson):
    """An account."""

    grants: list[Grant]
    """Besides the role that everybody has."""


class People(Told):
    """A page of accounts, the oldest first."""

    people: list[ListedPerson]
    next: str | None


class PeopleQuery(Paged):
    """Which accounts."""

    text: Annotated[str, StringConstraints(max_length=100)] | None = None
    """Part of the name or address."""


class Role(Told):
    """A named set of permissions."""

    key: str
    name: str
    permissions: list[str]
    is_default: bool


class Roles(Told):
    """All roles."""

    roles: list[Role]


# --- sites

Line = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S")]
Origins = Annotated[list[Annotated[str, StringConstraints(max_length=300)]], Field(max_length=50)]
Text = Annotated[str, StringConstraints(max_length=500)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Weekday = Literal["1", "2", "3", "4", "5", "6", "7"]


class Hours(Taken):
    """Opening hours: spans of Monday (``1``) to Sunday (``7``) in an IANA time zone."""

    zone: Annotated[str, StringConstraints(max_length=64)]
    days: dict[Weekday, Annotated[list[tuple[Clock, Clock]], Field(max_length=6)]]


class NewSite(Taken):
    """A site to be added."""

    name: Line
    allowed_origins: Origins = []


class SiteChange(Taken):
    """What shall be otherwise; what is left out stays."""

    name: Line | None = None
    allowed_origins: Origins | None = None
    color: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    greeting: Text | None = None
    away_text: Text | None = None
    reply_time: Literal["minutes", "hours", "day"] | None = None
    position: Literal["right", "left"] | None = None
    draft_preview: bool | None = None
    read_receipts: bool | None = None
    """Whether agents are told what a visitor has seen."""
    hours: Hours | None = None
    """Null: open whenever an agent is online."""
    missed_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None
    """Open minutes after which agents are mailed a chat that nobody answers; 0: never."""
    answer_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None
    """Minutes after which a visitor is mailed an answer that they have not seen; 0: never."""


class Site(Told):
    """A website that embeds the widget."""

    key: str
    name: str
    allowed_origins: list[str]
    color: str
    greeting: str
    away_text: str
    reply_time: Literal["minutes", "hours", "day"]
    position: Literal["right", "left"]
    draft_preview: bool
    read_receipts: bool
    hours: dict[str, Any] | None
    missed_minutes: int
    answer_minutes: int
    snippet: str
    """The script tag."""


class Sites(Told):
    """The sites that the token opens."""

    sites: list[Site]


# --- conversations


class ConversationsQuery(Paged):
    """Which conversations, newest activity first."""

    site: Annotated[str, StringConstraints(max_length=40)] | None = None
    status: StatusName | None = None
    assignee: Annotated[str, StringConstraints(pattern=r"^(nobody|me|[0-9a-f-]{36})$")] | None = None
    """A person's id, ``me`` or ``nobody``."""


class Conversation(Told):
    """A conversation as the staff see it."""

    id: Uuid
    """Of the channel, as on the socket."""
    site: str
    visitor: Author
    status: StatusName
    assignee: Author | None
    snoozed_until: Moment | None
    version: int
    last_seq: int
    unread: int
    """The visitor's messages that no agent has seen; stops at 100, which is shown as 99+."""
    preview: str
    created_at: Moment
    activity_at: Moment


class Conversations(Told):
    """A page of conversations."""

    conversations: list[Conversation]
    next: str | None


class NewStatus(Taken):
    """A status to set; ``until`` goes with ``snoozed``."""

    status: StatusName
    until: Annotated[str, StringConstraints(max_length=40)] | None = None


class NewAssignee(Taken):
    """Whom to give it to; null: nobody."""

    assignee: Uuid | None


# --- messages

Files = Annotated[tuple[FileId, ...], Field(max_length=MAX_FILES)]
"""Ids of what goes with it: uploaded with ``files:write``, ready, and part of no other message."""
MessageBody = Annotated[str, StringConstraints(max_length=16_000)]


class File(answers.File):
    """A file that a message carries."""

    url: str
    """Where it is read, by whoever may read the message."""


class Message(answers.Message):
    """One message in its present state. A removed one keeps ``seq`` and author; its body is empty."""

    files: list[File] | None = None  # type: ignore[assignment]  # only read: each is a file of the socket, and more


class Window(Taken):
    """Which messages: at most ``limit`` behind ``after``, or before ``before``; neither: the newest."""

    after: Seq | None = None
    before: Seq | None = None
    limit: Limit = 50


class Messages(Told):
    """Messages in order of ``seq``; ``more``: there are others in the direction that was asked for."""

    messages: list[Message]
    more: bool


class NewMessage(Taken):
    """A message. The same ``client_id`` again gets the first acknowledgement again, and writes nothing."""

    client_id: Uuid
    body: MessageBody = ""
    """May be empty where files go with it."""
    parent: Number | None = None
    files: Files = ()


class NewNote(Taken):
    """A note that only colleagues see, behind the public message ``after_seq``."""

    client_id: Uuid
    body: MessageBody = ""
    """May be empty where files go with it."""
    after_seq: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None
    files: Files = ()


class Edit(Taken):
    """Another text. ``revision`` is the one this makes: the present one plus 1."""

    body: Annotated[str, StringConstraints(min_length=1, max_length=16_000)]
    revision: Number


class Ack(Told):
    """It is committed: its place and version, as the socket acknowledges it."""

    channel: Uuid
    client_id: Uuid
    seq: int
    version: int
    revision: int
    at: Moment


# --- tokens


class Token(Told):
    """An access token, without the token."""

    id: Uuid
    name: str
    scopes: list[Scope]
    site: str | None
    created_at: Moment
    used_at: Moment | None
    expires_at: Moment | None


class FreshToken(Token):
    """A token that was just made: ``token`` is told this once."""

    token: str


class Tokens(Told):
    """One's own tokens."""

    tokens: list[Token]


class NewToken(Taken):
    """A token to be made: no more than the calling one."""

    name: Line
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=40)]
    site: Annotated[str, StringConstraints(max_length=40)] | None = None
    days: Annotated[int, Field(ge=1, le=366)] | None = None


# --- webhooks

Topic = Literal[
    "conversation.created",
    "conversation.changed",
    "message.created",
    "message.edited",
    "message.removed",
    "contact.changed",
    "note.created",
    "thread.created",
    "thread.changed",
    "post.created",
    "post.edited",
    "post.removed",
]
Topics = Annotated[list[Topic], Field(min_length=1, max_length=20)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class NewWebhook(Taken):
    """An address to be told. ``site`` null: of what happens at every site."""

    url: Url
    topics: Topics
    site: Annotated[str, StringConstraints(max_length=40)] | None = None


class WebhookChange(Taken):
    """What shall be otherwise; what is left out stays."""

    url: Url | None = None
    topics: Topics | None = None
    is_active: bool | None = None


class Webhook(Told):
    """An address that is told what happens."""

    id: Uuid
    site: str | None
    url: str
    topics: list[Topic]
    is_active: bool
    created_at: Moment


class FreshWebhook(Webhook):
    """A webhook that was just made: ``secret`` is told this once."""

    secret: str


class Webhooks(Told):
    """The webhooks that the token may change."""

    webhooks: list[Webhook]


class Delivery(Told):
    """An event on its way, or there."""

    id: int
    event: str
    topic: str
    state: Literal["waiting", "done", "dead"]
    created_at: Moment
    due_at: Moment | None
    """When it is tried next."""
    attempts: int
    status: int | None
    """The last answer's HTTP status."""
    problem: str | None


class Deliveries(Told):
    """What was sent to a webhook, the newest first."""

    deliveries: list[Delivery]
    next: str | None
