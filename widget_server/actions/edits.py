"""Changing what was posted: a post's text by its author or a moderator, and back to what it was before.

An edit names the revision that it makes. Whoever had another one before their eyes is told, and what they typed is
kept by the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import record
from widget_server.actions.changes import StoredPost, Text, access_post, change_text, publish
from widget_server.actions.drafts import drop_draft, edit_of
from widget_server.actions.holds import check_may_post
from widget_server.actions.notices import place_of, tell_of_post
from widget_server.actions.rendering import keep_rendering, source_of
from widget_server.actions.thread_heads import next_version
from widget_server.actions.threads import BODY_CHARS, Thread, access_thread, hold_thread
from widget_server.core.boards import can_moderate
from widget_server.core.differences import differences
from widget_server.core.errors import Refused, Unacceptable
from widget_server.store.queries import posts as q

if TYPE_CHECKING:
    from widget_server.actions.accounts import Account
    from widget_server.actions.engine import Engine
    from widget_server.actions.rendering import Source
    from widget_server.core.differences import Piece
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

HISTORY: Final = 10
"""Versions on a page of a post's history."""


class Edit(NamedTuple):
    """Another text of a post, checked and rendered; ``revision`` is the one that it makes."""

    source: Source
    revision: int


class Edited(NamedTuple):
    """A post, before somebody changes it or after."""

    thread: Thread
    seq: int
    body: str
    revision: int
    author_id: int


def check_edit(actor: Actor, thread: Thread, author_id: int) -> None:
    """See that ``actor`` may change a post: its author while the thread is open, and who moderates the board.

    Raises:
        Refused: ``not_allowed``, also for what is on an archived board.
        Unacceptable: ``edit_locked``.
    """
    if can_moderate(actor, thread.board.id):
        return
    if actor.person_id == 0 or actor.person_id != author_id or thread.board.rule.is_archived:
        raise Refused("not_allowed")
    if thread.state != "open":
        raise Unacceptable("edit_locked")


async def read_to_edit(tx: Transaction, actor: Actor, number: int, seq: int) -> Edited:
    """Return a post for whoever may change it.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
        Unacceptable: ``edit_locked``; ``removed``.
    """
    thread = await access_thread(tx, actor, number)
    return _edited(thread, await _open_post(tx, actor, thread, seq))


async def _open_post(tx: Transaction, actor: Actor, thread: Thread, seq: int) -> StoredPost:
    post = await access_post(tx, thread, seq)
    check_edit(actor, thread, post.author_id)
    if post.removed_at is not None:
        raise Unacceptable("removed")
    return post


def _edited(thread: Thread, post: StoredPost) -> Edited:
    return Edited(thread, post.seq, post.body, post.revision, post.author_id)


async def do_edit_post(engine: Engine, account: Account, number: int, seq: int, edit: Edit) -> Edited:
    """Give a post another text. Repeating an edit changes nothing.

    Raises:
        Refused: ``not_found``, ``not_allowed``; what :func:`check_may_post` refuses.
        Unacceptable: ``edit_locked``, ``removed``; ``edit_conflict`` where somebody else has changed it meanwhile.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, committed: Committed) -> Edited:
        rights = await rights_now(tx, account.actor)
        thread = await hold_thread(tx, rights, number)
        post = await _open_post(tx, rights, thread, seq)
        await drop_draft(tx, account.person_id, edit_of(number, seq))
        if post.body == edit.source.body and edit.revision in {post.revision, post.revision + 1}:
            return _edited(thread, post)
        if edit.revision != post.revision + 1:
            raise Unacceptable("edit_conflict")
        await check_may_post(tx, account, thread.board, edit.source.body, now, is_edit=True)
        version = await next_version(tx, thread.channel_id)
        state = await change_text(tx, post, Text(edit.source.body), account.person_id, version, now)
        await keep_rendering(tx, thread.channel_id, seq, edit.source)
        if post.author_id == account.person_id:
            await tell_of_post(tx, committed, place_of(thread, seq, account.person_id), edit.source.body, now)
        else:
            await record(
                tx,
                account.person_id,
                "post.edited",
                "thread",
                thread.public_id,
                details={"seq": seq, "number": number},
                board_id=thread.board.id,
                now_ms=now,
            )
        await publish(tx, committed, thread, version, [state])
        return Edited(thread, seq, edit.source.body, edit.revision, post.author_id)

    edited: Edited = await engine.committer.run(work)
    return edited


async def do_take_back(engine: Engine, account: Account, number: int, seq: int, version: int, revision: int) -> Edited:
    """Give a post the text again that it had: an edit as any other.

    Args:
        engine: the works.
        account: who does it.
        number: the thread's.
        seq: the post's place.
        version: the revision whose text it was.
        revision: the one that this makes.

    Raises:
        Refused: ``not_found``, also for a version that the post never had; ``not_allowed``; as :func:`do_edit_post`.
        Unacceptable: as :func:`do_edit_post`.
    """
    history = await engine.database.read(lambda tx: read_history(tx, account.actor, number, seq, version + 1))
    found = next((each for each in history.versions if each.revision == version), None)
    if found is None:
        raise Refused("not_found")
    source = await source_of(engine, found.body, BODY_CHARS)
    return await do_edit_post(engine, account, number, seq, Edit(source, revision))


class Version(NamedTuple):
    """One text that a post had."""

    revision: int
    body: str
    at: int
    """Since when, UTC ms."""
    by_public_id: str
    by_name: str | None
    by_author: bool


class History(NamedTuple):
    """A page of the texts that a post had, the newest first."""

    post: Edited
    versions: list[Version]
    """One more than is shown where there is an earlier one, to compare with."""
    more: bool

    def compared(self) -> list[tuple[Version, list[Piece]]]:
        """Each with how it differs from the one before it; the first text stands as it is."""
        pairs = zip(self.versions, [*self.versions[1:], None], strict=True)
        shown = [(each, differences(before.body if before else each.body, each.body)) for each, before in pairs]
        return shown[:HISTORY]


async def read_history(tx: Transaction, actor: Actor, number: int, seq: int, before: int | None = None) -> History:
    """Return the texts that a post had, for its author and for the moderators of its board.

    What somebody has taken out of a post is not everybody's to read.

    Args:
        tx: reads.
        actor: who asks.
        number: the thread's.
        seq: the post's place.
        before: only those with a smaller revision.

    Raises:
        Refused: ``not_found``, ``not_allowed``; for a removed post also its author.
    """
    thread = await access_thread(tx, actor, number)
    post = await access_post(tx, thread, seq)
    is_own = actor.person_id != 0 and actor.person_id == post.author_id
    if not can_moderate(actor, thread.board.id) and (not is_own or post.removed_at is not None):
        raise Refused("not_allowed")
    last = post.revision + 1 if before is None else min(before, post.revision + 1)
    rows = await tx.all(q.HISTORY, no=post.no, before=last, limit=HISTORY + 2)
    made = {row[0]: row for row in rows}
    author = (post.author_id, str(post.row[2]), post.row[3])
    versions = []
    for revision in range(last - 1, max(-1, last - HISTORY - 2), -1):
        body = post.body if revision == post.revision else made[revision][1] if revision in made else None
        # Who made a text, and when, stands with the one that it replaced; of the first it is the post itself.
        at, by = (post.row[8], author) if revision == 0 else (0, author)
        if revision > 0 and (replaced := made.get(revision - 1)) is not None:
            at, by = replaced[2], replaced[3:6]
        if body:
            versions.append(Version(revision, body, at, by[1], by[2], by[0] == post.author_id))
    return History(_edited(thread, post), versions, last > HISTORY)
