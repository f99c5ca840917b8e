"""One client's line: performs the session's effects by calling actions, and tells the session what came of them.

The same for a WebSocket, a fallback stream and a single post: they differ only in how bytes leave (``Outbound``).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions import conversations, greeting, identities, inbox, messages, visitors
from widget_server.actions.access import Access, access_channel, access_visitor
from widget_server.actions.actors import Agent, Reader, Visitor
from widget_server.actions.bans import check_not_banned
from widget_server.actions.resume import Resumed, resume
from widget_server.core.errors import ProductError, Refused, TryLater
from widget_server.core.ids import is_uuid
from widget_server.protocol import encode
from widget_server.protocol import frames as f
from widget_server.protocol.codes import CloseCode
from widget_server.protocol.effects import Command, Effect, End, OpenOwn, Out, Unsubscribe, Whisper
from widget_server.protocol.session import Opened, Session
from widget_server.routes.entrance import code_of_refusal
from widget_server.routes.passing import arrive, depart, tell_typing
from widget_server.routes.reading import PageLine
from widget_server.routes.shown import Opening, Shown
from widget_server.store.database import StoreUnavailable, Transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from widget_server.actions.actors import Actor
    from widget_server.actions.sites import Site
    from widget_server.hub.outbound import Outbound
    from widget_server.hub.switchboard import Published
    from widget_server.routes.desk import Desk
    from widget_server.web.rate_limits import ConnectionLimits

log = logging.getLogger(__name__)


class Connection(Shown):
    """A client's line on this node.

    :param desk: what all connections of the node share.
    :param limits: the same as the session's; told who the visitor is once ``hello`` has said it.
    :param actor: who speaks; a visitor's token is known only after ``hello``.
    :param site: for visitors, their site.
    :param client: the network address, which may be in a banned range.
    """

    __slots__ = (
        "_accesses", "_client", "_desk", "_in_console", "_is_counted", "_is_gone", "_limits", "_opening", "_pending",
        "_reading", "_settled", "_starting", "_unanswered", "actor", "address", "inbox", "outbound", "session", "site",
    )  # fmt: skip

    def __init__(
        self,
        desk: Desk,
        session: Session,
        outbound: Outbound,
        limits: ConnectionLimits,
        actor: Actor,
        address: str,
        site: Site | None,
        client: str,
    ) -> None:
        self._desk = desk
        self._accesses: dict[str, Access] | None = None
        self._opening: list[Opening] = []
        self._client = client
        self._pending: set[asyncio.Task[None]] | None = None
        self._in_console = False
        self._is_counted = False
        self._is_gone = False
        self._unanswered = 0
        self._settled: asyncio.Event | None = None
        self._starting = 0
        """First messages that are not answered yet."""
        self._limits = limits
        self.session = session
        self.outbound = outbound
        self.actor = actor
        self.address = address
        self.site = site
        self.inbox = False
        """Whether a console wants to hear of changed rows."""
        self._reading = (
            PageLine(desk.engine, actor, self, self.tell, self._later, self.keep_rooms)
            if isinstance(actor, Reader)
            else None
        )

    # --- what comes in

    async def receive(self, text: str | bytes) -> None:
        """A text message of the client."""
        was_asleep = self.session.asleep
        effects = self.session.receive(text, self._desk.now())
        if was_asleep:
            self._show_presence()
        if len(effects) == 1 and type(effects[0]) is Command and self._sent_at_once(effects[0].frame):
            return
        await self.perform(effects)

    async def perform(self, effects: Sequence[Effect]) -> None:
        """Perform effects in order, up to the committer's queue."""
        for effect in effects:
            if type(effect) is Command:
                await self._command(effect.frame)
            elif type(effect) is Whisper:
                await self._whisper(effect)
            else:
                self._at_once(effect)

    def _at_once(self, effect: Effect) -> None:
        match effect:
            case Out(data):
                self.outbound.push(data)
            case End(code, retry):
                self.outbound.end(code, retry)
            case Unsubscribe(channel):
                self._leave(channel)
            case OpenOwn(channel):
                self._later(self._open(channel, None, None))
            case _:
                raise AssertionError(effect)

    def _all_at_once(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if type(effect) is Out:
                self.outbound.push(effect.data)
            else:
                self._at_once(effect)

    def _later(self, work: Any) -> None:
        """Keep a task that outlives the frame; its failure is this connection's."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        if self._pending is None:
            self._pending = set()
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _command(self, frame: f.ClientFrame) -> None:
        try:
            if type(frame) not in _READS:
                self._check_banned()
            outcome = await _COMMANDS[type(frame)](self, frame)
        except ProductError as error:
            outcome = error
        except StoreUnavailable as error:
            log.warning("the store cannot be used: %s", error)
            outcome = TryLater("unavailable", 1_000)
        except Exception:
            log.exception("a command failed", extra={"frame": frame.t})
            outcome = TryLater("internal", 5_000)
        if outcome is not _LATER:
            self._done(frame, outcome)
            if isinstance(frame, f.Hello) and isinstance(outcome, ProductError):
                self.outbound.end(code_of_refusal(outcome))

    def _check_banned(self) -> None:
        """Refuse to write for somebody who is banned: looked up at each write, in memory.

        :raises Refused: ``banned``.
        """
        engine = self._desk.engine
        if engine.bans:
            check_not_banned(engine, self.actor, self._client)

    def _done(self, frame: f.ClientFrame, outcome: Any) -> None:
        """A command has ended: count it, tell the session, and perform what follows, unless the line ended first."""
        self._desk.metrics.commands[outcome.name if isinstance(outcome, ProductError) else "done"] += 1
        if not self._is_gone:
            self._all_at_once(self.session.done(frame, outcome))

    def _sent_at_once(self, frame: f.ClientFrame) -> bool:
        """The way of nearly every frame: a message into a channel that is open here needs no waiting."""
        if type(frame) is not f.Send or frame.channel is None or self._accesses is None or self._starting:
            return False
        access = self._accesses.get(frame.channel)
        if access is None:
            return False
        try:
            self._check_banned()
            messages.do_send(self._desk.engine, self.actor, access, frame, self._answer(frame))
        except ProductError as error:
            self._done(frame, error)
        else:
            self._unanswered += 1
        return True

    def _answer(self, frame: f.ClientFrame) -> Callable[[Any], None]:
        """The callback that the committer gets: tells the session, and performs what follows at once."""
        acks = self._desk.metrics.acks
        begin = acks.begin()

        def answer(outcome: Any) -> None:
            self._unanswered -= 1
            self._done(frame, outcome)
            acks.end(begin)
            if self._settled is not None and not self._unanswered:
                self._settled.set()

        return answer

    def _started(self, answer: Callable[[Any], None]) -> Callable[[Any], None]:
        def started(outcome: Any) -> None:
            self._starting -= 1
            answer(outcome)

        return started

    def _committing(self) -> Any:
        """The committer has taken a write and will answer it."""
        self._unanswered += 1
        return _LATER

    async def settled(self) -> None:
        """Return when every write that was taken has been answered."""
        if self._unanswered:
            self._settled = asyncio.Event()
            await self._settled.wait()

    # --- commands: each returns the outcome, or _LATER when the committer will answer

    async def _hello(self, frame: f.Hello) -> Any:
        if isinstance(self.actor, Visitor):
            await self._greet_visitor(self.actor, frame)
        elif self._reading is not None:
            await self._greet_reader(self._reading, frame)
        else:
            await self._greet_agent(self._agent(), frame)
        return _LATER

    async def _greet_visitor(self, visitor: Visitor, frame: f.Hello) -> None:
        """``welcome`` and the resume of all positions, from one snapshot."""
        desk = self._desk
        fresh = desk.take_token(visitor, frame.token)
        self._limits.know_visitor(visitor.token_hash)
        if frame.context is not None:
            visitor.context = frame.context.model_dump(exclude_none=True)
        for position in frame.positions:
            desk.engine.switchboard.subscribe(position.channel, self)

        async def read(tx: Transaction) -> tuple[list[Any], list[Resumed]]:
            visitor.author = await access_visitor(tx, visitor) if fresh is None else None
            own = await visitors.own_conversations(tx, visitor.author) if visitor.author else []
            resumed = [await resume(tx, visitor, desk.engine.epoch, p.channel, p) for p in frame.positions]
            return own, resumed

        if fresh is not None and not frame.positions:
            own: list[Any] = []
            resumed: list[Resumed] = []
        else:
            own, resumed = await desk.engine.database.read(read)
        await self._welcome(visitor, own, fresh)
        self.session.greeted()
        for one in resumed:
            self._opened(one)
        if frame.context is not None and visitor.author is not None:
            await visitors.do_context(desk.engine, visitor, frame.context)

    async def _welcome(self, visitor: Visitor, own: list[Any], fresh: str | None = None) -> None:
        desk = self._desk
        welcome = desk.welcome() | {
            "person": visitor.author.state("visitor") if visitor.author else None,
            "site": await desk.reception.state(visitor.site_key),
            "conversations": own,
        }
        if fresh is not None:
            welcome["token"] = fresh
        self.outbound.push(encode.dumps(welcome))

    async def _greet_agent(self, agent: Agent, frame: f.Hello) -> None:
        engine = self._desk.engine
        welcome = self._desk.welcome() | {
            "person": agent.author.state("agent"),
            "availability": await greeting.availability(engine, agent.author.id),
        }
        self.outbound.push(encode.dumps(welcome))
        self.session.greeted()
        self._enter_console(agent)
        if frame.inbox is not None:
            self.inbox = True
            self.outbound.push(await inbox.since(engine, agent, frame.inbox, frame.inbox_epoch))
        for position in frame.positions:
            await self._open(position.channel, position, None)

    async def _greet_reader(self, reading: PageLine, frame: f.Hello) -> None:
        self.outbound.push(encode.dumps(self._desk.welcome() | await reading.greeting()))
        self.session.greeted()
        for position in frame.positions:
            await self._open(position.channel, position, None)

    async def _watch(self, frame: f.Watch) -> Any:
        if self._reading is not None:
            await self._reading.watch(frame)
        return _LATER

    async def _open_frame(self, frame: f.Open) -> Any:
        await self._open(frame.channel, frame.position, frame.ref)
        return _LATER

    async def _open(self, channel: str, position: f.Position | None, ref: int | None) -> None:
        """Subscribe first, then read: what comes between waits in the session's buffer (G09)."""
        self._desk.engine.switchboard.subscribe(channel, self)
        try:
            found = await self._read_to_open(channel, position, ref)
        except StoreUnavailable:
            self.outbound.end(CloseCode.BUSY, 1_000)
            return
        self._opened(found)

    async def _read_to_open(self, channel: str, position: f.Position | None, ref: int | None) -> Resumed:
        """Read a channel; once more where its member may have been sent out of it meanwhile."""
        engine = self._desk.engine
        with self.opening(channel) as opening:
            while True:
                opening.is_sure = True
                found = await engine.database.read(
                    lambda tx: resume(tx, self.actor, engine.epoch, channel, position, ref)
                )
                if opening.is_sure:
                    return found

    def _opened(self, found: Resumed) -> None:
        engine = self._desk.engine
        self._desk.count_resume(found.result)
        opened: Opened = found.opened
        effects = self.session.opened(opened)
        if not effects:
            return  # the client has closed the channel while it was read
        if found.access is not None and opened.version is not None:
            known = self._accesses is not None and opened.channel in self._accesses
            if self._accesses is None:
                self._accesses = {}
            self._accesses[opened.channel] = found.access
            self._all_at_once(effects)
            engine.switchboard.at(opened.channel, self.session.version_of(opened.channel), self, found.marks)
            if not known:
                self._arrive(found.access)
            if found.access.kind == "room" or (known and found.access.kind == "staff"):
                self.outbound.push(engine.presence.frame(found.access.public_id))
        else:
            self._all_at_once(effects)

    async def _send(self, frame: f.Send) -> Any:
        engine = self._desk.engine
        if frame.channel is None:
            if not isinstance(self.actor, Visitor):
                raise Refused("not_allowed")
            if self.actor.author is None and not self._is_counted:
                self._desk.check_new_visitor(self.address)
                self._is_counted = True
            visitors.do_start(engine, self.actor, frame, self._started(self._answer(frame)))
            self._starting += 1
            return self._committing()
        if self._starting:
            # What begins a conversation is written beside the batches: what follows it there must not overtake it.
            await self.settled()
        access = await self._access(frame.channel)
        self.session.check_turn(frame)
        messages.do_send(engine, self.actor, access, frame, self._answer(frame))
        return self._committing()

    async def _access(self, channel: str) -> Access:
        """The access found when the channel was opened, or else asked for now."""
        known = self._accesses.get(channel) if self._accesses else None
        if known is not None:
            return known
        door = await self._desk.engine.database.read(lambda tx: access_channel(tx, self.actor, channel))
        return door.access

    async def _edit(self, frame: f.Edit) -> Any:
        access = await self._access(frame.channel)
        messages.do_edit(self._desk.engine, self.actor, access, frame, self._answer(frame))
        return self._committing()

    async def _remove(self, frame: f.Remove) -> Any:
        access = await self._access(frame.channel)
        messages.do_remove(self._desk.engine, self.actor, access, frame, self._answer(frame))
        return self._committing()

    async def _receipt(self, frame: f.Receipt) -> Any:
        try:
            messages.do_receipt(self._desk.engine, self.actor, await self._access(frame.channel), frame)
        except ProductError:
            log.debug("a receipt was not taken; the client repeats it on resume")
        return _LATER

    async def _history(self, frame: f.History) -> Any:
        return await messages.history(self._desk.engine, self.actor, frame)

    async def _context(self, frame: f.SetContext) -> Any:
        if isinstance(self.actor, Visitor):
            await visitors.do_context(self._desk.engine, self.actor, frame.context)
        return _LATER

    async def _contact(self, frame: f.SetContact) -> Any:
        if not isinstance(self.actor, Visitor):
            return
        if frame.token is not None:
            await self._identify(self.actor, frame.token)
        if frame.name or frame.mail or frame.attributes:
            await visitors.do_contact(self._desk.engine, self.actor, frame)

    async def _identify(self, visitor: Visitor, token: str) -> None:
        """Believe the site about who this is; whoever is found to be another one than before is welcomed again."""
        engine = self._desk.engine
        found = await identities.do_identify(engine, self._desk.sealer, visitor, token)
        if found is None:
            self.outbound.end(CloseCode.SIGNED_OUT)
            raise Refused("token_ended")
        if not found.is_other:
            visitor.author = found.author
            return
        accesses = list((self._accesses or {}).values())
        for access in accesses:
            self._depart(access)
        visitor.author = found.author
        for access in accesses:
            self._arrive(access)
        own = await engine.database.read(lambda tx: visitors.own_conversations(tx, found.author))
        await self._welcome(visitor, own)

    async def _sign_out(self, frame: f.SignOut) -> Any:
        if isinstance(self.actor, Visitor):
            await visitors.do_sign_out(self._desk.engine, self.actor)
        self._all_at_once(self.session.done(frame, None))
        self.outbound.end(CloseCode.SIGNED_OUT)
        return _LATER

    async def _list(self, frame: f.ListInbox) -> Any:
        self.inbox = True
        return await inbox.page(self._desk.engine, self._agent(), frame)

    async def _assign(self, frame: f.Assign) -> Any:
        await self.settled()
        await conversations.do_assign(self._desk.engine, self._agent(), frame)

    async def _status(self, frame: f.SetStatus) -> Any:
        # A function may overtake a message on its way: "send and resolve" would end open.
        await self.settled()
        await conversations.do_set_status(self._desk.engine, self._agent(), frame)

    async def _availability(self, frame: f.SetAvailability) -> Any:
        await greeting.do_set_availability(self._desk.engine, self._agent().author.id, frame.state)

    async def _search(self, frame: f.Search) -> Any:
        return await inbox.search(self._desk.engine, self._agent(), frame)

    def _agent(self) -> Agent:
        if not isinstance(self.actor, Agent):
            raise Refused("not_allowed")
        return self.actor

    # --- what does not last

    async def _whisper(self, whisper: Whisper) -> None:
        try:
            self._check_banned()
            access = await self._access(whisper.channel)
        except (ProductError, StoreUnavailable):
            return
        if access.may_write:
            self._tell_typing(access, whisper.draft, on=whisper.on)

    def _tell_typing(self, access: Access, draft: str | None, *, on: bool) -> None:
        previews = self.site is not None and self.site.appearance.draft_preview
        tell_typing(self._desk.engine, self.actor, access, draft if previews else None, on=on)

    def _arrive(self, access: Access) -> None:
        if not self.session.posting:
            arrive(self._desk.engine, self.actor, access)

    def _depart(self, access: Access) -> None:
        if not self.session.posting:
            depart(self._desk.engine, self.actor, access)

    def _leave(self, channel: str) -> None:
        self._desk.engine.switchboard.unsubscribe(channel, self)
        access = self._accesses.pop(channel, None) if self._accesses else None
        if access is not None:
            self._depart(access)

    # --- what the hub brings

    @property
    def person_id(self) -> int | None:
        """Whose line it is; None for a visitor who has not written yet."""
        return self.actor.author.id if self.actor.author is not None else None

    def on_event(self, event: Published) -> None:
        """An event in order, or a repeat."""
        if self.session.passes(event.channel, event.from_version, event.to_version):
            self.outbound.push(event.data)
        else:
            self._all_at_once(self.session.event(event.channel, event.from_version, event.to_version, event.data))

    def on_ephemeral(self, channel: str, data: bytes) -> None:
        """Marks, typing or presence; on a page also news of a board, or of what its member is told."""
        if self._reading is not None and not is_uuid(channel):
            self._reading.hear(channel, data)
        else:
            self._all_at_once(self.session.ephemeral(channel, data))

    def on_own(self, channel: str, data: bytes) -> None:
        """What only the visitor whose conversation it is may know."""
        access = self._accesses.get(channel) if self._accesses else None
        if access is not None and access.side == "visitor":
            self._all_at_once(self.session.ephemeral(channel, data))

    def on_gap(self, _channel: str) -> None:
        """The node itself has missed too much: the client connects again and resumes."""
        self.outbound.end(CloseCode.RESUME_AGAIN)

    def tell(self, data: bytes) -> None:
        """Send one encoded frame, once the client has been greeted."""
        if self.session.is_greeted:
            self.outbound.push(data)

    def end(self, code: int) -> None:
        """Close with a code of ``codes.CloseCode``."""
        self.outbound.end(code)

    def tick(self, now: int) -> None:
        """About once a second."""
        awake = not self.session.asleep
        self._all_at_once(self.session.tick(now))
        if awake and self.session.asleep:
            self._hide_presence()

    def _hide_presence(self) -> None:
        for access in list((self._accesses or {}).values()):
            self._depart(access)
        if self._in_console:
            self._in_console = False
            self._desk.engine.presence.leave_console(self._agent().author.id)

    def _enter_console(self, agent: Agent) -> None:
        if not self.session.posting and not self._in_console:
            self._in_console = True
            self._desk.engine.presence.enter_console(agent.author.id)

    def _show_presence(self) -> None:
        for access in list((self._accesses or {}).values()):
            self._arrive(access)
        if isinstance(self.actor, Agent):
            self._enter_console(self.actor)

    def gone(self) -> None:
        """The line is closed: nothing of it may be left anywhere, nor come from what still waits for its commit."""
        self._is_gone = True
        for channel in self.session.typing_in():
            access = self._accesses.get(channel) if self._accesses else None
            if access is not None:
                self._tell_typing(access, None, on=False)
        if not self.session.asleep:
            self._hide_presence()
        for channel in self.session.open_channels():
            self._desk.engine.switchboard.unsubscribe(channel, self)
        if self._reading is not None:
            self._reading.gone()
        for task in list(self._pending or ()):
            task.cancel()


_LATER: Final = object()
"""The outcome comes by another way."""

_READS: Final = frozenset(
    {f.Hello, f.Open, f.History, f.Receipt, f.SetContext, f.SignOut, f.ListInbox, f.Search, f.Watch}
)
"""What somebody who is banned may still do; everything else is writing, also what is added to the table."""

_COMMANDS: Final[dict[type, Callable[[Connection, Any], Awaitable[Any]]]] = {
    f.Hello: Connection._hello,
    f.Open: Connection._open_frame,
    f.Send: Connection._send,
    f.Edit: Connection._edit,
    f.Remove: Connection._remove,
    f.History: Connection._history,
    f.Receipt: Connection._receipt,
    f.SetContext: Connection._context,
    f.SetContact: Connection._contact,
    f.SignOut: Connection._sign_out,
    f.ListInbox: Connection._list,
    f.Assign: Connection._assign,
    f.SetStatus: Connection._status,
    f.SetAvailability: Connection._availability,
    f.Search: Connection._search,
    f.Watch: Connection._watch,
}
"""An explicit table of what a frame may call (S04)."""
