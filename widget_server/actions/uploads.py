"""Files on their way: announced, received piece by piece, looked at, and ready to be sent with a message.

A file is its uploader's until a message carries it (``store.batch``). Shares are counted in the transaction that adds
to them, while it holds the person and the site, so that they are exact.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions.access import access_channel, access_visitor
from widget_server.actions.actors import Agent, Member, Reader, Visitor
from widget_server.actions.held_files import is_to_be_decided
from widget_server.actions.intakes import Intake, Intakes
from widget_server.actions.stored_files import StoredFile, stored_file
from widget_server.actions.visitors import new_person
from widget_server.core.errors import ProductError, Refused, Unacceptable
from widget_server.core.file_kinds import check_file_name
from widget_server.protocol.encode import error_body
from widget_server.store.database import StoreUnavailable
from widget_server.store.queries import files as q

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from widget_server.actions.engine import Engine
    from widget_server.store.database import Transaction
    from widget_server.store.objects import Objects
    from widget_server.store.records import Committed, State

KINDS: Final = frozenset({"conversation", "staff", "thread", "room"})
"""Of channels whose messages carry files."""
_MEGABYTE: Final = 1_000_000
_LOOK_EVERY_S: Final = 1.0
"""How often somebody who waits looks again: another node may have done it."""


class FileTerms(NamedTuple):
    """What an installation takes."""

    megabytes: int = 20
    """Of one file; 0: none at all."""
    person_megabytes: int = 200
    site_megabytes: int = 5_000
    waiting: int = 30
    """How many one person may have sent that no message carries yet."""
    hours: int = 24
    """After how long such ones go."""

    @property
    def are_taken(self) -> bool:
        """Whether files are taken at all."""
        return self.megabytes > 0 and self.person_megabytes > 0


_COLUMNS: Final = len(StoredFile._fields)


class FoundFile(NamedTuple):
    """A file, and where the message stands that carries it."""

    file: StoredFile
    channel: str | None
    channel_site_id: int | None
    removed_at: int | None

    @property
    def site_id(self) -> int | None:
        """The site whose visitors may have to do with it."""
        return self.channel_site_id if self.file.message_no is not None else self.file.site_id


class FileWorks:
    """One node's: where the bytes are, what is taken, and who waits. One per application."""

    def __init__(self, objects: Objects, terms: FileTerms) -> None:
        self.objects: Final = objects
        self.terms: Final = terms
        self.wake: Final = asyncio.Event()
        """Set when a file has come or goes: the worker's."""
        self.intakes: Final = Intakes()
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def on_files(self) -> None:
        """A hint that there is something to do."""
        self.wake.set()

    def tell(self, public_id: str) -> None:
        """A file is ready, or refused: whoever waits looks again."""
        for event in self._waiting.get(public_id, ()):
            event.set()

    async def wait(self, public_id: str, seconds: float) -> None:
        """Wait until something is told of a file, for so long at most."""
        event = asyncio.Event()
        self._waiting.setdefault(public_id, set()).add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
        finally:
            waiting = self._waiting[public_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[public_id]


def object_name(public_id: str) -> str:
    """Under which name the bytes of a file are: it does not tell its address, whatever a folder's list gets to see."""
    digest = hashlib.sha256(public_id.encode()).hexdigest()
    return f"{digest[:2]}/{digest[2:42]}"


def small_name(public_id: str) -> str:
    """As :func:`object_name`, of the small copy of a picture."""
    return f"{object_name(public_id)}-small"


def works_of(engine: Engine) -> FileWorks:
    """Return the works of files.

    Raises:
        Refused: ``not_found`` where this installation has none.
    """
    if engine.files is None:
        raise Refused("not_found")
    return engine.files


class Announced(NamedTuple):
    """What somebody wants to send, as they say."""

    name: str
    size: int
    client_id: str
    channel: str | None = None
    """Where it will be sent to, by somebody signed in."""


class Account(NamedTuple):
    """Somebody with an account who uploads; as an agent too, where they are one."""

    person_id: int
    agent: Agent | None
    site_id: int | None = None
    """The only site for which they do, by its token."""


Uploader = Visitor | Account


def check_announced(terms: FileTerms, wish: Announced) -> Announced:
    """Return what is wished with its name as it is stored.

    Raises:
        Refused: ``files_off``.
        Unacceptable: ``file_too_large``, ``empty_file``, ``bad_file``, ``bad_text``.
    """
    if not terms.are_taken:
        raise Refused("files_off")
    if wish.size > terms.megabytes * _MEGABYTE:
        raise Unacceptable("file_too_large", limit=terms.megabytes)
    if wish.size < 1:
        raise Unacceptable("empty_file")
    return wish._replace(name=check_file_name(wish.name))


async def do_announce(engine: Engine, uploader: Uploader, wish: Announced) -> StoredFile:
    """Take a file down that will come. Harmless to repeat under the same ``client_id``.

    Of a visitor of whom nothing is stored yet it is the first write, and makes the person.

    Raises:
        Refused: ``files_off``; ``not_found`` for the channel; ``token_ended``.
        Unacceptable: as :func:`check_announced`; ``quota_full``, ``too_many_files``; ``conflict`` where another file
            was announced under this id.
    """
    works = works_of(engine)
    terms = works.terms
    wished = check_announced(terms, wish)
    now = engine.clock.now_ms()
    public_id = base64.urlsafe_b64encode(engine.clock.random(16)).rstrip(b"=").decode()
    person_name = engine.clock.uuid()

    async def work(tx: Transaction, _committed: Committed) -> tuple[StoredFile, Any]:
        author = None
        if isinstance(uploader, Visitor):
            author = await access_visitor(tx, uploader) or await new_person(tx, uploader, person_name, now)
            owner_id = author.id
            site_id: int | None = uploader.site_id
        else:
            owner_id, site_id = uploader.person_id, await _site_of(tx, uploader, wished.channel)
        await tx.one(q.HOLD_PERSON, key=owner_id)
        known = await tx.one(q.BY_CLIENT_ID, owner_id=owner_id, client_id=wished.client_id)
        if known is not None:
            return _repeated(stored_file(known), wished, uploader), author
        if site_id is not None:
            await tx.one(q.HOLD_SITE, key=site_id)
        await _check_shares(tx, terms, owner_id, site_id, wished.size)
        row = await tx.one(
            q.INSERT,
            public_id=public_id,
            owner_id=owner_id,
            client_id=wished.client_id,
            site_id=site_id,
            name=wished.name,
            size=wished.size,
            now=now,
        )
        if row is None:
            raise LookupError(public_id)
        return stored_file(row), author

    file, author = await engine.committer.run(work)
    if isinstance(uploader, Visitor):
        uploader.author = author
    announced: StoredFile = file
    return announced


def _repeated(known: StoredFile, wished: Announced, uploader: Uploader) -> StoredFile:
    if uploader.site_id is not None and uploader.site_id != known.site_id:
        raise Unacceptable("conflict")
    if known.state in {"coming", "come"} and (known.name, known.size) != (wished.name, wished.size):
        raise Unacceptable("conflict")
    return known


async def _site_of(tx: Transaction, uploader: Account, public_id: str | None) -> int | None:
    """The site whose share a file for this channel counts against: that of a conversation."""
    if uploader.site_id is not None:
        return uploader.site_id
    if public_id is None or uploader.agent is None:
        return None
    try:
        access = (await access_channel(tx, uploader.agent, public_id)).access
    except Refused:
        # Somebody signed in who writes as the visitor that they are: their own share is all that counts.
        return None
    return access.site_id or None


async def _check_shares(tx: Transaction, terms: FileTerms, owner_id: int, site_id: int | None, size: int) -> None:
    (waiting,) = await tx.one(q.WAITING, owner_id=owner_id) or (0,)
    if waiting >= terms.waiting:
        raise Unacceptable("too_many_files", limit=terms.waiting)
    (used,) = await tx.one(q.USED_BY_PERSON, owner_id=owner_id) or (0,)
    if used + size > terms.person_megabytes * _MEGABYTE:
        raise Unacceptable("quota_full", limit=terms.person_megabytes)
    if site_id is not None:
        (used,) = await tx.one(q.USED_BY_SITE, site=site_id) or (0,)
        if used + size > terms.site_megabytes * _MEGABYTE:
            raise Unacceptable("site_quota_full")


async def do_receive(engine: Engine, file: StoredFile, offset: int, blocks: AsyncIterator[bytes]) -> int:
    """Take in what comes of a file from ``offset`` on, and return up to where it is kept now.

    What came before the sender broke off is kept. A later request for the same file takes it over from an earlier one.

    Raises:
        Unacceptable: ``wrong_offset`` where it stands elsewhere, also because another request took it over;
            ``file_too_large`` where more comes than was announced.
        TryLater: ``busy``.
        StoreUnavailable: there is no room for it, or its store does not answer.
    """
    works = works_of(engine)
    if file.state != "coming" or offset != file.received:
        raise Unacceptable("wrong_offset")
    async with Intake(engine, works.intakes, works.objects, object_name(file.public_id), file) as intake:
        try:
            async for block in blocks:
                await intake.take(block)
        except Unacceptable:
            raise
        except (ProductError, StoreUnavailable, OSError):
            await intake.keep()
            raise
        await intake.keep()
    if intake.kept == file.size:
        works.on_files()
    return intake.kept


async def do_cancel(engine: Engine, file: StoredFile) -> None:
    """Give a file up that no message carries. Harmless to repeat."""
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _committed: Committed) -> None:
        await tx.run(q.CANCEL, key=file.id, now=now)

    await engine.committer.run(work)
    works_of(engine).on_files()


async def find_file(tx: Transaction, public_id: str) -> FoundFile:
    """Return a file, whoever asks: the doors are :func:`access_own_file` and :func:`access_file`.

    Raises:
        Refused: ``not_found``.
    """
    row = await tx.one(q.FIND, public_id=public_id)
    if row is None or row[15] == "removed":
        raise Refused("not_found")
    return FoundFile(stored_file(row), *row[_COLUMNS:])


class Asker(NamedTuple):
    """Who asks for a file."""

    owner_id: int | None
    """Who they are, where they may send files; None also where nothing is stored of them."""
    doors: tuple[Visitor | Agent | Member | Reader, ...]
    """As whom they may enter a channel."""
    kinds: Collection[str] = KINDS
    """Which kinds of channels they may enter."""
    site_id: int | None = None
    """The only site whose files are theirs; None: all that they sent."""


def access_own_file(found: FoundFile, asker: Asker) -> StoredFile:
    """Return a file to whoever uploads it.

    Raises:
        Refused: ``not_found``.
    """
    if asker.owner_id is None or asker.owner_id != found.file.owner_id:
        raise Refused("not_found")
    if asker.site_id is not None and asker.site_id != found.file.site_id:
        raise Refused("not_found")
    return found.file


async def access_file(tx: Transaction, found: FoundFile, asker: Asker) -> StoredFile:
    """Return a file that is ready to whoever may read the message that carries it, or has yet to send it (S12).

    Of a post that waits, also to the moderators who decide about it.

    Raises:
        Refused: ``not_found``, also once the message was removed.
    """
    if found.file.state != "ready":
        raise Refused("not_found")
    if found.file.message_no is None:
        rights = [actor.rights for actor in asker.doors if isinstance(actor, Agent | Reader)]
        if asker.owner_id != found.file.owner_id and await is_to_be_decided(tx, found.file, rights):
            return found.file
        return access_own_file(found, asker)
    if found.removed_at is not None or found.channel is None:
        raise Refused("not_found")
    for actor in asker.doors:
        try:
            door = await access_channel(tx, actor, found.channel)
        except Refused:
            continue
        if door.access.kind in asker.kinds:
            return found.file
    raise Refused("not_found")


async def wait_until_settled(engine: Engine, public_id: str, seconds: float) -> FoundFile:
    """Return a file once it is ready or refused, or after ``seconds``.

    Raises:
        Refused: ``not_found``, also where it goes meanwhile.
    """
    works = works_of(engine)
    ends_at = engine.clock.monotonic_ms() + int(seconds * 1000)
    while True:
        found = await engine.database.read(lambda tx: find_file(tx, public_id))
        left = (ends_at - engine.clock.monotonic_ms()) / 1000
        if found.file.state in {"ready", "refused"} or left <= 0:
            return found
        await works.wait(public_id, min(left, _LOOK_EVERY_S))


def upload_state(file: StoredFile) -> State:
    """Return how a file stands, for whoever uploads it."""
    state: State = {
        "id": file.public_id,
        "name": file.name,
        "state": file.state,
        "received": file.received,
        "size": file.size,
        "type": file.content_type or None,
        "kind": file.kind or None,
        "width": file.width,
        "height": file.height,
    }
    if file.state == "refused":
        name, _, limit = (file.remark or "bad_file").partition(" ")
        state["error"] = error_body(Unacceptable(name, **({"limit": limit} if limit else {})))
    return state
