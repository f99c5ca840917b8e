"""What clients send, as pydantic models: decoding and contract in one.

Every frame is a JSON object whose ``t`` names its kind; what the server sends is in ``answers``. Clients' frames refuse
unknown fields and never coerce types (S13).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, StringConstraints, TypeAdapter

Uuid = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
Ref = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A number of the client's choice that comes back in the answer."""
Seq = Annotated[int, Field(ge=0, le=2**53 - 1)]
Number = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""A ``seq`` or revision that must exist: both count from 1."""
Whole = Annotated[int, Field(ge=1 - 2**53, le=2**53 - 1)]
"""As much as every program on the way holds exactly."""
Epoch = Annotated[str, StringConstraints(max_length=40)]
Line = Annotated[str, StringConstraints(max_length=200)]
Address = Annotated[str, StringConstraints(max_length=2000)]
FileId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
"""128 bits of chance: the place of a file in addresses (S12)."""
StatusName = Literal["open", "pending", "snoozed", "resolved", "spam"]

MAX_ATTRIBUTES = 20
MAX_FILES = 10
"""That one message carries."""


def _check_few(value: object) -> object:
    """Count before looking at each: a frame of thousands of wrong ones would cost as much as a thousand messages."""
    if isinstance(value, dict) and len(value) > MAX_ATTRIBUTES:
        raise ValueError("too many")
    return value


Attributes = Annotated[
    dict[Annotated[str, StringConstraints(max_length=40)], str | Whole | float | bool | None],
    Field(max_length=MAX_ATTRIBUTES),
    BeforeValidator(_check_few),
]


class ClientModel(BaseModel):
    """Base of what clients send: strict types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


# --- parts of clients' frames


class Position(ClientModel):
    """What a client holds of a channel: messages ``first``..``last`` without a hole, every change up to ``version``."""

    channel: Uuid
    epoch: Epoch
    version: Seq
    first: Seq
    last: Seq
    tail: bool
    """Whether ``last`` was the newest message at ``version``, so that newer ones are wanted."""


class Context(ClientModel):
    """Where the visitor is. Query and fragment of addresses are stripped by the widget (P7)."""

    page: Address | None = None
    title: Line | None = None
    referrer: Address | None = None
    language: Annotated[str, StringConstraints(max_length=35)] | None = None
    zone: Annotated[str, StringConstraints(max_length=64)] | None = None


class ListView(ClientModel):
    """Which conversations a console's list shows."""

    status: StatusName
    who: Literal["mine", "unassigned", "all"]


# --- frames of clients


class Hello(ClientModel):
    """First frame of every connection, within 10 s. Without a token a visitor is handed a fresh one in ``welcome``."""

    t: Literal["hello"]
    v: int
    token: Annotated[str, StringConstraints(max_length=200)] | None = None
    positions: Annotated[tuple[Position, ...], Field(max_length=200), FailFast()] = ()
    inbox: Seq | None = None
    """A console's cursor of its inbox list, to hear what changed since; absent: no inbox is wanted yet."""
    inbox_epoch: Epoch | None = None
    context: Context | None = None


class Open(ClientModel):
    """Subscribe to a channel and bring it up to date. Without a position: head, the newest messages, ``synced``."""

    t: Literal["open"]
    ref: Ref
    channel: Uuid
    position: Position | None = None


class Close(ClientModel):
    """Unsubscribe from a channel. Not answered."""

    t: Literal["close"]
    channel: Uuid


class Send(ClientModel):
    """A message.

    ``channel`` names where, or ``start`` is the client's own id for the conversation it begins (repeatable).
    """

    t: Literal["send"]
    ref: Ref
    client_id: Uuid
    channel: Uuid | None = None
    start: Uuid | None = None
    body: str
    parent: Seq | None = None
    after_seq: Seq | None = None
    """For a note in a staff channel: its place in the public channel, behind the message with this number."""
    context: Context | None = None
    """With ``start``: where the visitor is."""
    files: Annotated[tuple[FileId, ...], Field(max_length=MAX_FILES), FailFast()] = ()
    """What goes with it: uploaded by the sender, ready, and part of no other message. With files ``body`` may be empty.
    """


class Edit(ClientModel):
    """New text for one's own message. ``revision`` is the one this edit makes: the present one plus 1."""

    t: Literal["edit"]
    ref: Ref
    channel: Uuid
    seq: Number
    revision: Number
    body: str


class Remove(ClientModel):
    """Take one's own message away; its number stays as a tombstone."""

    t: Literal["remove"]
    ref: Ref
    channel: Uuid
    seq: Number


class History(ClientModel):
    """Messages before ``before``, at most ``limit``; answered by ``page``."""

    t: Literal["history"]
    ref: Ref
    channel: Uuid
    before: Number
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Receipt(ClientModel):
    """Watermarks of this device: everything up to ``delivered`` is held, up to ``seen`` was viewed. Never answered."""

    t: Literal["receipt"]
    channel: Uuid
    epoch: Epoch
    delivered: Seq
    seen: Seq


class Typing(ClientModel):
    """The person types (repeat at most every 3 s) or has stopped. ``draft`` only where the site has switched it on."""

    t: Literal["typing"]
    channel: Uuid
    on: bool
    draft: Annotated[str, StringConstraints(max_length=500)] | None = None


class SetContext(ClientModel):
    """The visitor went to another page. Not answered."""

    t: Literal["context"]
    context: Context


class SetContact(ClientModel):
    """What the page says about the visitor, unverified. Kept when a conversation exists. Answered by ``done``."""

    t: Literal["contact"]
    ref: Ref
    name: Line | None = None
    mail: Line | None = None
    attributes: Attributes = {}
    token: Annotated[str, StringConstraints(max_length=8000)] | None = None
    """What the site signed of the person who is signed in there. Who they are may change by it: then a ``welcome``
    without a token comes before ``done``."""


class SignOut(ClientModel):
    """End the visitor's token (the ``reset`` verb). Answered by ``done``, then closed."""

    t: Literal["sign_out"]
    ref: Ref


class Ping(ClientModel):
    """Answered by ``pong``: tells a client that the line is alive, and the server that the page is."""

    t: Literal["ping"]


class ListInbox(ClientModel):
    """A console's list: the first page of a view, or (``before``) the next one. Also subscribes to changes of rows."""

    t: Literal["inbox"]
    ref: Ref
    view: ListView
    before: Annotated[str, StringConstraints(max_length=60)] | None = None
    """``next`` of the page before."""
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Assign(ClientModel):
    """Give the conversation to an agent (person id) or to nobody. Answered by ``done``."""

    t: Literal["assign"]
    ref: Ref
    channel: Uuid
    assignee: Uuid | None


class SetStatus(ClientModel):
    """Set the conversation's status; ``until`` (ISO 8601) goes with ``snoozed``. Answered by ``done``."""

    t: Literal["status"]
    ref: Ref
    channel: Uuid
    status: StatusName
    until: Annotated[str, StringConstraints(max_length=40)] | None = None


class SetAvailability(ClientModel):
    """The agent's switch. Answered by ``done``."""

    t: Literal["availability"]
    ref: Ref
    state: Literal["online", "away"]


class Search(ClientModel):
    """Conversations that contain the text, newest first; answered by ``found``."""

    t: Literal["search"]
    ref: Ref
    text: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class Watch(ClientModel):
    """Be told of news on these boards (their public ids), as far as one may read them. Replaces what was watched.

    Only on a page's line. Not answered.
    """

    t: Literal["watch"]
    boards: Annotated[tuple[Uuid, ...], Field(max_length=100), FailFast()]


ClientFrame = Annotated[
    Hello
    | Open
    | Close
    | Send
    | Edit
    | Remove
    | History
    | Receipt
    | Typing
    | SetContext
    | SetContact
    | SignOut
    | Ping
    | ListInbox
    | Assign
    | SetStatus
    | SetAvailability
    | Search
    | Watch,
    Field(discriminator="t"),
]

CLIENT_FRAME: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)
"""Built once: decoding through it costs about a microsecond."""
