"""Reports: somebody thinks that a post, or a message of a chat, should be looked at; moderators decide once for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import BoardVerb, record
from widget_server.actions.bans import REASON_CHARS, Term, put_ban, read_again
from widget_server.actions.bans import check_reason as check_line_told
from widget_server.actions.changes import access_post
from widget_server.actions.conduct import account_of, check_over, put_silence, put_warning, tell
from widget_server.actions.removals import put_removal
from widget_server.actions.room_removals import take_down
from widget_server.actions.rooms import access_room
from widget_server.actions.threads import Thread, access_thread, hold_thread
from widget_server.core.boards import can_moderate, moderated
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import Permission, answered_sites, can_answer, may
from widget_server.core.powers import can_ban_everywhere
from widget_server.core.text import check_lines, preview
from widget_server.store.lists import listed
from widget_server.store.locks import lock_channels
from widget_server.store.queries import reviews as q

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

Reason = Literal["spam", "rude", "off_topic", "other"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
Verdict = Literal["dismissed", "settled", "removed", "warned", "silenced", "banned"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
"""``settled``: something was done that is none of the others."""
OF_CHATS: Final[tuple[Verdict, ...]] = ("dismissed", "settled")
"""What can be decided on a message of a chat."""
_VERBS: Final[dict[Verdict, BoardVerb]] = {
    "dismissed": "report.dismissed",
    "settled": "report.settled",
    "removed": "report.removed",
    "warned": "report.warned",
    "silenced": "report.silenced",
    "banned": "report.banned",
}
DETAILS_CHARS: Final = 1_000
OPEN_MAX: Final = 30
"""Reports of one person that nobody has decided on."""
PAGE: Final = 30
_PREVIEW_CHARS: Final = 600
_BESIDE: Final = 2
"""So many messages before and behind a reported one of a room are shown with it."""


def check_reason(text: str) -> Reason:
    """Return why something is reported. Raises ``Unacceptable``: ``bad_choice``."""
    for reason in REASONS:
        if reason == text:
            return reason
    raise Unacceptable("bad_choice")


def check_details(text: str) -> str:
    """Return what somebody says of it. Raises ``Unacceptable``."""
    return check_lines(text, DETAILS_CHARS)


def check_verdict(text: str) -> Verdict:
    """Return what is decided. Raises ``Unacceptable``: ``bad_choice``."""
    for verdict in VERDICTS:
        if verdict == text:
            return verdict
    raise Unacceptable("bad_choice")


def check_told(text: str, *, verdict: Verdict | None) -> str:
    """Return what the author of a reported post is told.

    Raises:
        Unacceptable: ``line_empty`` for a warning that says nothing; what else is wrong with it.
    """
    told = check_line_told(text)
    if verdict == "warned" and not told:
        raise Unacceptable("line_empty")
    return told


def check_reviewer(actor: Actor) -> None:
    """See that ``actor`` decides somewhere on what is reported or held.

    Raises:
        Refused: ``not_allowed``.
    """
    if not moderated(actor) and not answered_sites(actor):
        raise Refused("not_allowed")


async def do_report_post(engine: Engine, actor: Actor, number: int, seq: int, reason: Reason, details: str) -> bool:
    """Report a post to the moderators of its board, once; whether it was the first time.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for one's own post.
        Unacceptable: ``reports_limited``.
    """

    async def find(tx: Transaction) -> tuple[int, int, int]:
        thread = await access_thread(tx, actor, number)
        post = await access_post(tx, thread, seq)
        if post.removed_at is not None:
            raise Refused("not_found")
        if post.author_id == actor.person_id:
            raise Refused("not_allowed")
        return post.no, thread.board.id, 0

    return await _do_report(engine, actor, find, reason, details)


async def do_report_in_room(
    engine: Engine, actor: Actor, public_id: str, seq: int, reason: Reason, details: str
) -> bool:
    """Report a message of a room that one is in to the moderators, once; whether it was the first time.

    They see the message with what stands beside it, and nothing else of the room.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for one's own message.
        Unacceptable: ``reports_limited``.
    """

    async def find(tx: Transaction) -> tuple[int, int, int]:
        room = await access_room(tx, actor, public_id)
        row = await tx.one(q.ROOM_MESSAGE, channel_id=room.channel_id, seq=seq)
        if row is None:
            raise Refused("not_found")
        if row[1] == actor.person_id:
            raise Refused("not_allowed")
        return row[0], 0, 0

    return await _do_report(engine, actor, find, reason, details)


async def do_report_message(
    engine: Engine, actor: Actor, channel: object, seq: object, reason: Reason, details: str
) -> bool:
    """Report a message of a chat to whoever answers for its site, once; whether it was the first time.

    Raises:
        Refused: ``not_found``, also for a chat that is not the actor's to answer.
        Unacceptable: ``bad_value``; ``reports_limited``.
    """
    if not isinstance(channel, str) or isinstance(seq, bool) or not isinstance(seq, int) or not 0 < seq < 2**53:
        raise Unacceptable("bad_value", field="channel, seq")

    async def find(tx: Transaction) -> tuple[int, int, int]:
        row = await tx.one(q.CHAT_MESSAGE, channel=channel, seq=seq)
        if row is None or not can_answer(await rights_now(tx, actor), row[1]):
            raise Refused("not_found")
        return row[0], 0, row[1]

    return await _do_report(engine, actor, find, reason, details)


async def _do_report(
    engine: Engine,
    actor: Actor,
    find: Callable[[Transaction], Awaitable[tuple[int, int, int]]],
    reason: Reason,
    details: str,
) -> bool:
    now = engine.clock.now_ms()
    public_id = engine.clock.uuid()

    async def work(tx: Transaction, _: Committed) -> bool:
        message_no, board_id, site_id = await find(tx)
        row = await tx.one(q.OPEN_REPORTS, reporter=actor.person_id)
        if row is not None and row[0] >= OPEN_MAX:
            raise Unacceptable("reports_limited", limit=OPEN_MAX)
        made = await tx.run(
            q.INSERT,
            public_id=public_id,
            reporter_id=actor.person_id,
            message_no=message_no,
            board_id=board_id,
            site_id=site_id,
            reason=reason,
            details=details,
            created_at=now,
        )
        return made > 0

    return bool(await engine.committer.run(work))


class Said(NamedTuple):
    """What one person said of a post."""

    reason: str
    details: str
    reporter_name: str | None
    created_at: int


class Beside(NamedTuple):
    """A message beside a reported one of a room."""

    seq: int
    name: str | None
    body: str
    at: int


class Reported(NamedTuple):
    """A post or message, with all that was said of it."""

    no: int
    seq: int
    preview: str
    removed_at: int | None
    author_public_id: str
    author_name: str | None
    board_id: int
    site_id: int
    channel: str
    title: str | None
    number: int | None
    board_slug: str | None
    board_name: str | None
    room_name: str | None
    """Of a room; empty for a talk of two."""
    channel_id: int
    reports: int
    since: int
    said: list[Said]
    beside: tuple[Beside, ...] = ()
    """Of a message in a room: what stands around it."""

    @property
    def has_author_here(self) -> bool:
        """Whether its author can be met here; those who wrote in a chat are looked after in the console."""
        return self.number is not None or self.room_name is not None

    def verdicts(self, actor: Actor) -> tuple[Verdict, ...]:
        """What ``actor`` can decide on it."""
        if not self.has_author_here:
            return OF_CHATS
        return tuple(verdict for verdict in VERDICTS if verdict != "banned" or can_ban_everywhere(actor))


def scope_of(tx: Transaction, actor: Actor) -> dict[str, Any]:
    """Return the parameters by which a statement shows only what is this actor's to decide."""
    boards, sites = moderated(actor), answered_sites(actor)
    return {
        "every_board": int(boards.every),
        "boards": listed(tx.dialect, sorted(boards.ids)),
        "every_site": int(sites.every),
        "sites": listed(tx.dialect, sorted(sites.ids)),
    }


async def list_reported(tx: Transaction, actor: Actor, page: int) -> list[Reported]:
    """Return what was reported and is the actor's to decide, the oldest first.

    There is one more than :data:`PAGE` where others follow.
    """
    rows = await tx.all(q.REPORTED, limit=PAGE + 1, skipped=(page - 1) * PAGE, **scope_of(tx, actor))
    said: dict[int, list[Said]] = {row[0]: [] for row in rows}
    for no, *told in await tx.all(q.REPORTS, numbers=listed(tx.dialect, list(said))):
        said[no].append(Said(*told))
    found = [
        Reported._make([row[0], row[1], preview(row[2], _PREVIEW_CHARS), *row[3:], said[row[0]], ()]) for row in rows
    ]
    return [each if each.room_name is None else await _with_beside(tx, each) for each in found]


async def _with_beside(tx: Transaction, reported: Reported) -> Reported:
    first, last = reported.seq - _BESIDE, reported.seq + _BESIDE
    rows = await tx.all(q.AROUND, channel_id=reported.channel_id, first=first, last=last)
    around = [Beside(row[0], row[1], preview(row[2], _PREVIEW_CHARS), row[3]) for row in rows]
    return reported._replace(beside=tuple(each for each in around if each.seq != reported.seq))


class Decision(NamedTuple):
    """What is decided on a reported post, checked; ``text`` and ``days`` are of a warning, a silence or a ban."""

    verdict: Verdict
    text: str = ""
    days: int | None = None


class Decided(NamedTuple):
    """What holds: another moderator may have been first."""

    verdict: str
    by_name: str | None
    """Who was first; None where it was this decision."""


class _Case(NamedTuple):
    board_id: int
    site_id: int
    seq: int
    author_id: int
    channel_id: int
    channel: str
    number: int | None
    verdict: str | None
    decided_by: str | None

    @property
    def is_in_room(self) -> bool:
        """Whether it is a message of a room, which belongs to no board and no site."""
        return not self.board_id and not self.site_id

    @property
    def kind(self) -> str:
        """What the audit log calls where it stands."""
        return "post" if self.number is not None else "room" if self.is_in_room else "conversation"


async def do_decide(engine: Engine, actor: Actor, no: int, decision: Decision) -> Decided:
    """Decide on everything that was reported of one post; whoever reported it is told. Of two at once one decides.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for a post that is another's to decide, ``beyond_you`` for an author
            whom the actor may not warn, silence or ban.
        Unacceptable: ``bad_choice`` for what cannot be done with a message of a chat.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> Decided:
        rights = await rights_now(tx, actor)
        case = await _access(tx, rights, no)
        if case.number is None and not case.is_in_room and decision.verdict not in OF_CHATS:
            raise Unacceptable("bad_choice")
        thread = None
        if decision.verdict == "removed" and case.is_in_room:
            await lock_channels(tx, [case.channel_id])
        elif decision.verdict == "removed":
            # The thread before its reports: in the order in which moving a thread takes them.
            thread, case = await _hold(tx, rights, case, no)
        rows = await tx.all(q.DECIDE, no=no, now=now, by=actor.person_id, new_verdict=decision.verdict)
        if not rows:
            after = await _access(tx, rights, no)
            return Decided(after.verdict or "", after.decided_by or "")
        if thread is not None:
            await put_removal(tx, committed, rights, thread, case.seq, decision.text, now)
        elif decision.verdict == "removed":
            await take_down(tx, committed, (case.channel_id, case.channel), case.seq, actor.person_id, now)
        await _act(tx, committed, rights, case, decision, now)
        await _tell_reporters(tx, committed, case, [row[0] for row in rows], decision, now)
        await record(
            tx,
            actor.person_id,
            _VERBS[decision.verdict],
            case.kind,
            case.channel,
            details={"seq": case.seq, "reports": len(rows)} | ({"number": case.number} if case.number else {}),
            site_id=case.site_id,
            board_id=case.board_id or None,
            now_ms=now,
        )
        return Decided(decision.verdict, None)

    decided: Decided = await engine.committer.run(work)
    if decision.verdict == "banned":
        await read_again(engine)
    return decided


async def _tell_reporters(
    tx: Transaction, committed: Committed, case: _Case, reporters: Sequence[int], decision: Decision, now: int
) -> None:
    is_there = case.number is not None
    for reporter_id in reporters:
        reporter = await account_of(tx, reporter_id)
        if reporter is not None:
            await tell(
                tx, committed, reporter, "report", {"verdict": decision.verdict}, now,
                channel_id=case.channel_id if is_there else None, seq=case.seq if is_there else None,
            )  # fmt: skip


async def _hold(tx: Transaction, actor: Actor, case: _Case, no: int) -> tuple[Thread, _Case]:
    """Hold the thread in which a reported post stands, which somebody may move to another one meanwhile."""
    while True:
        thread = await hold_thread(tx, actor, case.number or 0)
        case = await _access(tx, actor, no)
        if case.channel_id == thread.channel_id:
            return thread, case


async def _access(tx: Transaction, actor: Actor, no: int) -> _Case:
    row = await tx.one(q.OF_MESSAGE, no=no)
    if row is None:
        raise Refused("not_found")
    case = _Case(*row)
    if case.is_in_room:
        is_own = may(actor, Permission.MODERATE)
    else:
        is_own = can_moderate(actor, case.board_id) if case.board_id else can_answer(actor, case.site_id)
    if not is_own:
        raise Refused("not_allowed")
    return case


async def _act(tx: Transaction, committed: Committed, actor: Actor, case: _Case, decision: Decision, now: int) -> None:
    """What a decision does to the author, in its transaction."""
    if decision.verdict not in {"warned", "silenced", "banned"}:
        return
    author = await account_of(tx, case.author_id)
    if author is None:
        raise Refused("not_found")
    reason = preview(decision.text, REASON_CHARS)
    if decision.verdict == "banned":
        await put_ban(tx, committed, actor, author, Term(reason, decision.days, now))
        return
    await check_over(tx, actor, author.public_id, case.board_id)
    if decision.verdict == "warned":
        await put_warning(tx, committed, actor, author, case.board_id, decision.text, now)
    else:
        await put_silence(tx, committed, actor, author, case.board_id, reason, decision.days, now)
