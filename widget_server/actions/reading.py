"""Reading a thread: a page of its posts as the board lays them out, and a member's place in it (S4.05, S4.06, S4.11).

A page takes three statements, a guest's and a member's, however long the thread is and however deep it goes.

**What counts as seen.** One mark per reader and thread, the highest ``seq`` up to which everything was seen; it only
rises. In a linear thread a page raises it to its last post. In a nested one new answers stand anywhere, so a page
raises it as far as it shows the posts that come next without a gap, and what was not shown stays unread. Whoever comes
to the last page of the whole thread has seen it all, as in a linear one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from widget_server.actions.relocation import find_forward
from widget_server.actions.rendering import rendered_anew
from widget_server.actions.threads import PAGE, Thread, access_thread, can_see, thread_of
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused, TryLater
from widget_server.core.markdown import RENDERER
from widget_server.core.permissions import Actor, grant_of, is_staff
from widget_server.core.tree import Place
from widget_server.store.lists import listed
from widget_server.store.queries import bookmarks as bookmark_queries
from widget_server.store.queries import reading as q
from widget_server.store.queries.boards import BOARD_COLUMNS
from widget_server.store.queries.threads import THREAD_COLUMNS
from widget_server.store.records import RaiseMarks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Grant
    from widget_server.store.database import Row, Transaction
    from widget_server.store.records import Committed

FIRST: Final = 1
"""The ``seq`` of the post that begins a thread."""

Mark = Literal["", "moderator", "staff"]
"""What stands beside an author's name."""


@dataclass(slots=True)
class Post:
    """A post as it is shown. The first fields are of its row, the others of the page and of who reads it."""

    seq: int
    no: int
    kind: str
    created_at: int
    revision: int
    removed_at: int | None
    removed_by: int | None
    parent: int | None
    branch: int | None
    path: str | None
    score: int | None
    tally: str | None
    author_id: int
    author_public_id: str
    author_name: str | None
    author_picture: str | None
    html: str
    source: str | None
    """Only where it was not rendered before."""
    moved_to: int | None
    """The number of the thread where it went, and its place there."""
    moved_seq: int | None
    files: str | None
    """What it carries, as it goes on the wire."""
    continues: int | None
    """How many posts the branch under it has, which continues on a page of its own."""
    depth: int = 0
    replies: int = 0
    """So many posts of this page stand under it."""
    closes: int = 0
    """So many posts end with it, each of which has replies on this page."""
    answers: int = 0
    """The post that it answers, where that does not stand right above."""
    mark: Mark = ""
    is_new: bool = False
    is_bookmarked: bool = False
    is_ignored: bool = False
    own_vote: int = 0
    own_reactions: list[str] = field(default_factory=list)

    @property
    def carried(self) -> list[dict[str, Any]]:
        """The files of it."""
        return [] if self.files is None else orjson.loads(self.files)

    @property
    def is_deleted(self) -> bool:
        """Whether its author took it away, and not a moderator."""
        return self.removed_by is None or self.removed_by == self.author_id

    @property
    def reactions(self) -> Iterable[tuple[str, int]]:
        """Each emoji that was given, with how often, as they were last counted."""
        # The votes stand beside them under names of letters.
        return [each for each in orjson.loads(self.tally).items() if not each[0].isascii()] if self.tally else ()


_PLAIN: Final = attrgetter(
    "seq", "kind", "created_at", "revision", "removed_at", "score", "tally", "author_public_id", "author_name",
    "author_picture", "html", "files", "continues", "depth", "replies", "closes", "answers", "mark", "is_new",
    "is_ignored",
)  # fmt: skip


def plain_posts(posts: Iterable[Post]) -> list[tuple[Any, ...]]:
    """Return each post with what ``post.html`` says of all of them, in its order: it looks at the post for the rest."""
    return [(post, *_PLAIN(post)) for post in posts]


class Poll(NamedTuple):
    """A thread's poll."""

    question: str
    options: list[str]
    choices: int
    """How many options one may take."""
    closes_at: int | None
    tally: Mapping[str, int]
    """Votes by the option's place."""


@dataclass(slots=True)
class Reading:
    """One page of a thread, or of one of its branches."""

    thread: Thread
    number: int
    """The page's, from 1."""
    branch: int
    """Under which post the branch begins; 0 is the thread itself."""
    opening: Post | None
    """What the page is about: the first post, or the one under which the branch begins. On a linear page only where it
    belongs to it."""
    accepted: Post | None
    """The accepted answer, shown under the question as well."""
    posts: list[Post]
    has_more: bool
    poll: Poll | None
    tags: list[str]
    seen_seq: int = 0
    """How far the reader had seen the thread before; 0: nothing, or nobody is signed in."""
    own_choices: list[int] = field(default_factory=list)
    """The reader's own options of the poll."""
    level: str = ""
    """What the reader chose to be told of the thread (``core.notifying.LEVELS``)."""

    @property
    def pages(self) -> int:
        """How many pages there are, where that is known without counting: of a linear thread; else 0."""
        return page_of(self.thread.last_seq) if self.thread.board.layout == "linear" else 0

    @property
    def shown(self) -> list[Post]:
        """Every post of the page, each once."""
        return [self.opening, *self.posts] if self.opening is not None else self.posts

    @property
    def seen_until(self) -> int:
        """How far its reader has seen the thread now (see the head of this module)."""
        if self.thread.board.layout == "linear":
            return max([self.seen_seq, *(post.seq for post in self.shown)])
        if not self.branch and not self.has_more and self.posts:
            return self.thread.last_seq
        seqs = {post.seq for post in self.shown}
        mark = self.seen_seq
        while mark + 1 in seqs:
            mark += 1
        return mark


def page_of(seq: int) -> int:
    """Return the page of a linear thread on which the post ``seq`` stands for good."""
    return max(1, -(-seq // PAGE))


async def read_thread(tx: Transaction, actor: Actor, number: int, page: int, *, branch: int = 0) -> Reading:
    """Return one page of a thread for ``actor``.

    Args:
        tx: a snapshot.
        actor: who reads.
        number: the thread's.
        page: from 1; past the end there are no posts.
        branch: the post under which the branch begins; 0 is the thread itself.

    Raises:
        Refused: ``not_found`` for the thread, also for one that is there for others, or for the branch.
    """
    row = await tx.one(q.THREAD, number=number)
    if row is None:
        raise Refused("not_found")
    facts = len(THREAD_COLUMNS) + len(BOARD_COLUMNS)
    thread, poll, tags = thread_of(row[:facts]), _poll_of(row[facts:-1]), row[-1]
    if not can_see(actor, thread):
        raise Refused("not_found")
    reading = await _read_posts(tx, thread, page, branch)
    reading.poll = poll
    reading.tags = sorted(tags.split("\n")) if tags else []
    await _read_own(tx, actor, reading)
    return reading


async def _read_posts(tx: Transaction, thread: Thread, page: int, branch: int) -> Reading:
    is_linear = thread.board.layout == "linear" and not branch
    accepted = thread.accepted_seq or 0
    beside = accepted if page == 1 and not branch else 0
    given = {"channel_id": thread.channel_id, "beside": beside, "renderer": RENDERER}
    first = (page - 1) * PAGE + 1
    if is_linear:
        head = FIRST if page == 1 else 0
        rows = await tx.all(q.LINEAR, head=head, first=first, last=first + PAGE - 1, **given)
    else:
        head = branch or FIRST
        rows = await tx.all(q.NESTED, head=head, branch=branch, limit=PAGE + 1, skipped=first - 1, **given)
    found = {row[0]: _post_of(row) for row in rows}
    opening = found.get(head)
    if branch and (opening is None or not opening.continues):
        raise Refused("not_found")
    if is_linear:
        posts = [found[seq] for seq in sorted(found) if first <= seq < first + PAGE and seq != head]
        has_more = first + PAGE <= thread.last_seq
    else:
        posts = sorted((p for p in found.values() if p.branch == branch and p.path), key=lambda p: p.path or "")
        # An accepted answer of a later page is behind all that this page shows.
        has_more = len(posts) > PAGE
        posts = posts[:PAGE]
        _lay_out(posts)
    _tell_what_they_answer(posts, branch or FIRST)
    answer = found.get(beside)
    if answer is not None and answer.removed_at is not None:
        answer = None
    return Reading(thread, page, branch, opening, answer, posts, has_more, None, [])


def _post_of(row: Row) -> Post:
    post = Post(*row)
    post.html = post.html or ""
    return post


async def complete(engine: Engine, reading: Reading) -> None:
    """Render the posts of a page that an older program rendered, or none did; not inside the reading transaction."""
    posts = [*reading.shown, *([reading.accepted] if reading.accepted is not None else [])]
    for post in posts:
        if post.source is not None and post.removed_at is None:
            post.html = await rendered_anew(engine, post.no, post.revision, post.source)
            post.source = None


def _poll_of(row: Sequence[Any]) -> Poll | None:
    if row[0] is None:
        return None
    question, options, choices, closes_at, tally = row
    return Poll(question, orjson.loads(options), choices, closes_at, orjson.loads(tally))


def _lay_out(posts: Iterable[Post]) -> None:
    """Say of posts in the tree's order which of them stand under which."""
    above: list[Post] = []
    before: Post | None = None
    for post in posts:
        path = post.path or ""
        post.depth = Place(post.branch or 0, path).depth
        _end(above, path, before)
        for each in above:
            each.replies += 1
        above.append(post)
        before = post
    _end(above, "", before)


def _end(above: list[Post], path: str, last: Post | None) -> None:
    """End the posts under which ``path`` does not stand, after the ``last`` one."""
    while above and not (path and path.startswith(above[-1].path or " ")):
        if above.pop().replies and last is not None:
            last.closes += 1


def _tell_what_they_answer(posts: Iterable[Post], head: int) -> None:
    """Say what a post answers where that cannot be seen: it is on another page, or above others that do not lead on."""
    above: set[int] = {head}
    last = head
    for post in posts:
        parent = post.parent or head
        if parent not in {head, last} and (not post.path or parent not in above):
            post.answers = parent
        above.add(post.seq)
        last = post.seq


async def _read_own(tx: Transaction, actor: Actor, reading: Reading) -> None:
    """Add the marks of the authors, and what is the reader's own."""
    posts = reading.shown if reading.accepted is None else [*reading.shown, reading.accepted]
    people = listed(tx.dialect, list({post.author_id for post in posts}))
    if not actor.person_id:
        _mark(reading.thread, posts, await tx.all(q.GRANTS, people=people))
        return
    rows = await tx.all(
        q.OWN,
        person_id=actor.person_id,
        channel_id=reading.thread.channel_id,
        people=people,
        posts=listed(tx.dialect, [post.no for post in posts]),
    )
    facts: dict[str, list[Row]] = {}
    for row in rows:
        facts.setdefault(row[0], []).append(row[1:])
    reading.seen_seq = max((row[0] for row in facts.get("seen", ())), default=0)
    reading.level = next((row[1] for row in facts.get("watching", ())), "")
    reading.own_choices = [row[0] for row in facts.get("choice", ())]
    bookmarks = {row[0] for row in facts.get("bookmark", ())}
    ignored = {row[0] for row in facts.get("ignored", ())}
    votes = {row[0]: row[2] for row in facts.get("vote", ())}
    for post in posts:
        post.is_new = 0 < reading.seen_seq < post.seq and post.author_id != actor.person_id
        post.is_bookmarked = post.seq in bookmarks
        post.is_ignored = post.author_id in ignored
        post.own_vote = votes.get(post.no, 0)
        post.own_reactions = [row[1] for row in facts.get("reaction", ()) if row[0] == post.no]
    _mark(reading.thread, posts, facts.get("grant", ()))


def _mark(thread: Thread, posts: Iterable[Post], grants: Iterable[Row]) -> None:
    """Give the authors who keep order here, or answer for the site, their marks."""
    held: dict[int, set[Grant]] = {}
    for person_id, *grant in grants:
        held.setdefault(person_id, set()).add(grant_of(*grant))
    marks: dict[int, Mark] = {}
    for person_id, theirs in held.items():
        author = Actor(person_id, "", frozenset(theirs))
        if is_staff(author):
            marks[person_id] = "staff"
        elif can_moderate(author, thread.board.id):
            marks[person_id] = "moderator"
    if marks:
        for post in posts:
            post.mark = marks.get(post.author_id, "")


def do_see(engine: Engine, actor: Actor, reading: Reading) -> None:
    """Raise the reader's mark to what the page has shown.

    It is not waited for, and where it is lost the next page does the same.
    """
    until = reading.seen_until
    if actor.person_id and until > reading.seen_seq:
        with suppress(TryLater):
            engine.committer.submit(RaiseMarks(reading.thread.channel_id, "member", actor.person_id, until, until))


class Spot(NamedTuple):
    """Where in a thread a post is read."""

    thread: Thread
    seq: int
    branch: int
    page: int

    @property
    def path(self) -> str:
        """The address of its page, with its place on it."""
        base = f"/threads/{self.thread.number}/branch/{self.branch}" if self.branch else self.thread.path
        return f"{base}{f'?page={self.page}' if self.page > 1 else ''}#post-{self.seq}"


async def find_post(tx: Transaction, actor: Actor, number: int, seq: int) -> Spot:
    """Return where a post is read: where it stands now, if it was moved to another thread.

    Raises:
        Refused: ``not_found`` for the thread or the post.
    """
    gone = await find_forward(tx, actor, number, seq)
    if gone is not None:
        return await _spot_of(tx, gone.thread, gone.seq)
    return await _spot_of(tx, await access_thread(tx, actor, number), seq)


async def find_unread(tx: Transaction, actor: Actor, number: int) -> Spot:
    """Return where the first post is that the reader has not seen; the last one where they have seen them all.

    Raises:
        Refused: ``not_found``.
    """
    thread = await access_thread(tx, actor, number)
    row = await tx.one(q.SEEN, channel_id=thread.channel_id, person_id=actor.person_id)
    return await _spot_of(tx, thread, min((row[0] if row else 0) + 1, thread.last_seq))


async def find_last(tx: Transaction, actor: Actor, number: int) -> Spot:
    """Return where the newest post is.

    Raises:
        Refused: ``not_found``.
    """
    thread = await access_thread(tx, actor, number)
    return await _spot_of(tx, thread, thread.last_seq)


async def _spot_of(tx: Transaction, thread: Thread, seq: int) -> Spot:
    place = await tx.one(q.PLACE, channel_id=thread.channel_id, seq=seq)
    if place is None:
        raise Refused("not_found")
    branch, path = place
    if thread.board.layout == "linear":
        return Spot(thread, seq, 0, page_of(seq))
    if not path:
        return Spot(thread, seq, 0, 1)
    row = await tx.one(q.BEFORE, channel_id=thread.channel_id, branch=branch, path=path)
    return Spot(thread, seq, branch, (row[0] if row else 0) // PAGE + 1)


async def do_bookmark(engine: Engine, actor: Actor, number: int, seq: int, *, keep: bool) -> None:
    """Keep a post among the reader's bookmarks, or no longer. Harmless to repeat.

    Raises:
        Refused: ``not_found`` for the thread or the post.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        thread = await access_thread(tx, actor, number)
        if await tx.one(q.PLACE, channel_id=thread.channel_id, seq=seq) is None:
            raise Refused("not_found")
        which = {"person": actor.person_id, "channel": thread.channel_id, "at_seq": seq}
        if keep:
            await tx.run(bookmark_queries.KEEP, now=now, **which)
        else:
            await tx.run(bookmark_queries.DROP, **which)

    await engine.committer.run(work)
