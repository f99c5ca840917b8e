"""What the server sends, as pydantic models: the written contract.

A WebSocket text message from the server is one frame or an array of frames. The server encodes with orjson from plain
dictionaries; from these models the JSON Schema, the AsyncAPI document and the TypeScript types are generated, and the
tests check every frame against them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from widget_server.protocol.frames import FileId, Ref, StatusName, Uuid

PublicStatus = Literal["open", "resolved"]
RoleName = Literal["visitor", "agent", "system", "member"]


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


class File(ServerModel):
    """A file that a message carries.

    It is read at ``/files/{id}``, where access follows the message; of a picture there is ``/files/{id}/small`` too.
    """

    id: FileId
    name: str
    kind: Literal["picture", "other"]
    type: str
    """Its kind by its content, as in ``Content-Type``."""
    size: int
    """Bytes."""
    width: int | None = None
    height: int | None = None
    """Pixels of a picture."""


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
    tally: dict[str, int] | None = None
    """Of a post: its votes (``up``, ``down``) and how often each emoji was put to it, as they were last counted."""
    files: list[File] | None = None


class SideMarks(ServerModel):
    """One side's watermarks."""

    delivered: int
    seen: int


class VisitorMarks(ServerModel):
    """The visitor's side's watermarks."""

    delivered: int
    seen: int | None = None
    """Absent where the site keeps to itself what its visitors have seen."""


class MarksBody(ServerModel):
    """The watermarks of both sides of a conversation."""

    visitor: VisitorMarks
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
    verified: dict[str, Any] = {}
    """What the site signed of its own signed-in person: ``name``, ``mail``, ``attributes``. The rest is unverified."""
    subject: str | None = None
    """Whom the site says they are, by its own name for them; signed."""
    mail_confirmed: bool = False
    """Whether the visitor has shown that ``mail`` is theirs."""
    member: str | None = None
    """The name of the account with which they have claimed their conversations here."""


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


class ThreadHead(ServerModel):
    """The head of a thread."""

    kind: Literal["thread"]
    title: str
    number: int
    """Its place in addresses."""
    board: str
    """Its board's words in addresses."""
    thread_kind: Literal["discussion", "question"]
    replies: int
    score: int
    accepted: int | None
    """The ``seq`` of the answer that the asker accepted."""
    pinned: bool
    locked: bool
    """Nobody answers any more."""
    removed: bool
    poll: dict[str, int] | None = None
    """How often each option was chosen, by its place."""


class RoomHead(ServerModel):
    """The head of a room, or of a talk of two."""

    kind: Literal["room"]
    name: str
    """Empty for a talk of two, which is called by the other one's name."""
    description: str
    access: Literal["open", "invited", "direct"]
    capacity: int
    members: int
    """How many are in."""
    owner: Author
    people: list[Author] | None = None
    """Of a talk of two: both."""


class ReaderMarks(ServerModel):
    """One member's watermarks in a room."""

    person: Uuid
    delivered: int
    seen: int


class ConversationRow(ServerModel):
    """A row of a console's inbox: whole states, replaced by newer ``stamp``. ``gone``: no longer readable here."""

    channel: Uuid
    staff: Uuid
    site: str
    visitor: Author
    version: int
    last_seq: int
    unread: int
    """Visitor's messages that no agent has seen; stops at 100, which is shown as 99+."""
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
    mail: bool = False
    """Whether an address is known to which answers can be mailed."""


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
    mail_answers: bool = False
    """Whether what a visitor does not see is mailed to them, where they have left an address."""


class Limits(ServerModel):
    """What the server takes."""

    message_chars: int
    frame_bytes: int
    edit_ms: int
    files: int = 0
    """How many files may go with one message; 0: none are taken."""
    file_bytes: int = 0
    """How large each may be."""


class Welcome(ServerModel):
    """Answer to ``hello``. ``token`` is present only when a fresh one was made: save it before the first send.

    It comes again, without a token, when ``contact`` has shown that the visitor is another one than before.
    """

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
    notices: int | None = None
    """For members on a page: how many notices they have not seen; stops at 100, which is shown as 99+."""
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
    head: ConversationHead | StaffHead | ThreadHead | RoomHead | None = None


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
    head: ConversationHead | StaffHead | ThreadHead | RoomHead
    marks: MarksBody | None = None
    readers: list[ReaderMarks] | None = None
    """Of a room with up to 50 members: how far each of them has come."""
    staff: Uuid | None = None
    """For agents: the staff channel beside it."""
    seen: int | None = None
    """For the visitor, where ``marks`` do not tell it: how far they have seen, on whichever device."""


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
    visitor: VisitorMarks
    agents: SideMarks


class PlaceFrame(ServerModel):
    """How far this visitor has seen, on whichever device: to their own lines alone, where ``marks`` do not tell it."""

    t: Literal["place"]
    channel: Uuid
    seen: int


class ReadersFrame(ServerModel):
    """The watermarks of members of a room have risen: theirs as they stand now. At most once a second."""

    t: Literal["readers"]
    channel: Uuid
    readers: list[ReaderMarks]


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
    """On a staff channel: which agents have the conversation open, and whether the visitor is connected.

    On a room: which members are here now.
    """

    t: Literal["presence"]
    channel: Uuid
    viewers: list[Author]
    visitor_online: bool


class NewsFrame(ServerModel):
    """Something happened in a thread of a board that is watched: begun, answered. A hint, never the truth."""

    t: Literal["news"]
    board: Uuid
    thread: int
    """Its number in addresses."""


class NoticesFrame(ServerModel):
    """How many notices this member has not seen; stops at 100, which is shown as 99+."""

    t: Literal["notices"]
    unseen: int


class RoomsFrame(ServerModel):
    """Something of this member's rooms has changed: one came or went, or has something new. The list is read again."""

    t: Literal["rooms"]
    channel: Uuid | None = None
    """Which; null: look at all of them."""


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
    | PlaceFrame
    | ReadersFrame
    | TypingFrame
    | PresenceFrame
    | NewsFrame
    | NoticesFrame
    | RoomsFrame
    | SiteFrame
    | Rows
    | Page
    | Found
    | Pong,
    Field(discriminator="t"),
]

SERVER_FRAME: TypeAdapter[ServerFrame] = TypeAdapter(ServerFrame)
