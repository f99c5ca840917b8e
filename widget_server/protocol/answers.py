"""What the server sends, as pydantic models: the written contract.

A WebSocket text message from the server is one frame or an array of frames. The server encodes with orjson from plain
dictionaries; from these models the JSON Schema, the AsyncAPI document and the TypeScript types are generated, and the
tests check every frame against them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from widget_server.protocol.frames import Ref, StatusName, Uuid

PublicStatus = Literal["open", "resolved"]
RoleName = Literal["visitor", "agent", "system"]


class ServerModel(BaseModel):
    """Base of what the server sends. Clients must ignore fields they do not know."""

    model_config = ConfigDict(extra="forbid")


class Author(ServerModel):
    """Who wrote.

    ``name`` is null for a visitor who told none; clients say "Visitor" and a stable short name of the id.
    """

    id: Uuid
    name: str | None
    role: RoleName
    picture: str | None = None


class Message(ServerModel):
    """One message in its present state. A removed one keeps ``seq`` and author; its body is empty."""

    seq: int
    client_id: Uuid
    author: Author
    kind: Literal["text", "file", "system"]
    body: str
    at: str
    version: int
    """The channel's version at which this state came about."""
    revision: int = 0
    """0 as first sent; more: edited."""
    removed: bool = False
    parent: int | None = None
    after_seq: int | None = None


class SideMarks(ServerModel):
    """One side's watermarks."""

    delivered: int
    seen: int


class MarksBody(ServerModel):
    """The watermarks of both sides of a conversation."""

    visitor: SideMarks
    agents: SideMarks


class Contact(ServerModel):
    """What a visitor told this site, and where they are. Only staff see it (in the staff channel's head)."""

    name: str | None = None
    mail: str | None = None
    attributes: dict[str, Any] = {}
    page: str | None = None
    title: str | None = None
    referrer: str | None = None
    language: str | None = None
    zone: str | None = None
    browser: str | None = None


class ConversationHead(ServerModel):
    """The public head: what the visitor and the agents both see."""

    kind: Literal["conversation"]
    status: PublicStatus


class StaffHead(ServerModel):
    """The head of the staff channel beside a conversation."""

    kind: Literal["staff"]
    beside: Uuid
    status: StatusName
    assignee: Author | None
    snoozed_until: str | None
    visitor: Author
    contact: Contact


class ConversationRow(ServerModel):
    """A row of a console's inbox: whole states, replaced by newer ``stamp``. ``gone``: no longer readable here."""

    channel: Uuid
    staff: Uuid
    site: str
    visitor: Author
    version: int
    last_seq: int
    unread: int
    """Visitor's messages that no agent has seen; stops at 99."""
    status: StatusName
    assignee: Author | None
    snoozed_until: str | None
    preview: str
    preview_role: RoleName
    created_at: str
    activity_at: str
    stamp: int
    gone: bool = False


class OwnConversation(ServerModel):
    """A row of the visitor's own list, in ``welcome``."""

    channel: Uuid
    start: Uuid
    """The client's id under which it was begun."""
    version: int
    last_seq: int
    unread: int
    status: PublicStatus


class SiteState(ServerModel):
    """What the widget says about the team."""

    name: str
    state: Literal["online", "away", "closed"]
    agents: list[Author]
    reply_time: Literal["minutes", "hours", "day"]
    opens_at: str | None
    """When ``closed``: the next opening time (ISO 8601)."""
    away_text: str
    greeting: str
    draft_preview: bool
    """The visitor must be told when this is true: agents see what is typed before it is sent."""


class Limits(ServerModel):
    """What the server takes."""

    message_chars: int
    frame_bytes: int
    edit_ms: int


class Welcome(ServerModel):
    """Answer to ``hello``. ``token`` is present only when a fresh one was made: save it before the first send."""

    t: Literal["welcome"]
    v: int
    epoch: str
    release: str
    now: str
    token: str | None = None
    person: Author | None = None
    """Null for a visitor who has not written yet: nothing is stored of them."""
    site: SiteState | None = None
    """For visitors."""
    conversations: list[OwnConversation] = []
    availability: Literal["online", "away"] | None = None
    """For agents."""
    heartbeat_ms: int
    """Send ``ping`` after this long without a frame from the server; no answer within half of it: the line is dead."""
    limits: Limits


class Ack(ServerModel):
    """A send, edit or removal is committed. It never moves a position: events do."""

    t: Literal["ack"]
    ref: Ref
    channel: Uuid
    client_id: Uuid
    seq: int
    version: int
    revision: int
    at: str


class Done(ServerModel):
    """A command without a message is committed."""

    t: Literal["done"]
    ref: Ref


class ErrorFrame(ServerModel):
    """What was refused, and what to do. ``ref`` is absent when the frame could not be read."""

    t: Literal["error"]
    ref: Ref | None = None
    channel: Uuid | None = None
    code: int
    name: str
    message: str
    retry_after: int | None = None
    """Milliseconds."""


class Event(ServerModel):
    """Changes ``from``+1..``to`` of a channel, as whole states.

    Applied only over ``from`` or later; a hole: ``open`` again.
    """

    t: Literal["event"]
    channel: Uuid
    from_: int = Field(alias="from")
    to: int
    messages: list[Message] = []
    head: ConversationHead | StaffHead | None = None


class Head(ServerModel):
    """First part of a resume: the channel's present head and marks.

    ``version`` is where the client stands after ``synced``.
    """

    t: Literal["head"]
    channel: Uuid
    epoch: str
    version: int
    first_seq: int
    last_seq: int
    state: Literal["open", "locked", "closed"]
    head: ConversationHead | StaffHead
    marks: MarksBody | None = None
    staff: Uuid | None = None
    """For agents: the staff channel beside it."""


class Messages(ServerModel):
    """Parts of a resume: new messages in order of ``seq``, then changed ones inside the client's window."""

    t: Literal["messages"]
    channel: Uuid
    messages: list[Message]


class Synced(ServerModel):
    """End of a resume: the client holds the channel as of ``version`` and may now report ``delivered``."""

    t: Literal["synced"]
    channel: Uuid
    version: int
    ref: Ref | None = None


class Reset(ServerModel):
    """The position cannot be resumed: drop what is held of this channel.

    ``head``, messages and ``synced`` follow at once.
    """

    t: Literal["reset"]
    channel: Uuid
    reason: Literal["epoch", "ahead", "too_many"]


class Gone(ServerModel):
    """The channel cannot be read (any more)."""

    t: Literal["gone"]
    channel: Uuid
    ref: Ref | None = None


class MarksFrame(ServerModel):
    """The watermarks of both sides have risen."""

    t: Literal["marks"]
    channel: Uuid
    visitor: SideMarks
    agents: SideMarks


class TypingFrame(ServerModel):
    """Somebody of the channel types; forget it after 6 s without a repeat.

    Never sent to the typist's own connection.
    """

    t: Literal["typing"]
    channel: Uuid
    person: Author
    on: bool
    draft: str | None = None


class PresenceFrame(ServerModel):
    """On a staff channel: which agents have the conversation open, and whether the visitor is connected."""

    t: Literal["presence"]
    channel: Uuid
    viewers: list[Author]
    visitor_online: bool


class SiteFrame(ServerModel):
    """The team's state changed."""

    t: Literal["site"]
    site: SiteState


class Rows(ServerModel):
    """Rows of the inbox. With ``ref``: a page of the view that was asked for; without: rows that changed."""

    t: Literal["rows"]
    ref: Ref | None = None
    rows: list[ConversationRow]
    cursor: int
    """Where to resume from: ``hello.inbox``."""
    next: str | None = None
    """With ``ref``: give it as ``before`` for the next page; null at the end."""
    counts: list[tuple[str, str | None, int]] | None = None
    """(status, assignee's person id or null, number of conversations), without resolved and spam."""
    reset: bool = False
    """More changed than is worth sending: load the view afresh."""


class Page(ServerModel):
    """Answer to ``history``: messages in order of ``seq``; ``more``: there are older ones."""

    t: Literal["page"]
    ref: Ref
    channel: Uuid
    messages: list[Message]
    more: bool


class Hit(ServerModel):
    """One conversation that was found: its row and the message that contains the text."""

    row: ConversationRow
    seq: int
    text: str


class Found(ServerModel):
    """Answer to ``search``."""

    t: Literal["found"]
    ref: Ref
    hits: list[Hit]


class Pong(ServerModel):
    """Answer to ``ping``."""

    t: Literal["pong"]


ServerFrame = Annotated[
    Welcome
    | Ack
    | Done
    | ErrorFrame
    | Event
    | Head
    | Messages
    | Synced
    | Reset
    | Gone
    | MarksFrame
    | TypingFrame
    | PresenceFrame
    | SiteFrame
    | Rows
    | Page
    | Found
    | Pong,
    Field(discriminator="t"),
]

SERVER_FRAME: TypeAdapter[ServerFrame] = TypeAdapter(ServerFrame)
