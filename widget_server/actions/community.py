"""What administrators choose for the whole installation: its name, who may register, what its pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

import orjson

from widget_server.actions import pictures
from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import record
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import Permission, may
from widget_server.core.text import check_line
from widget_server.store.installation import hold_value, put_value, read_value
from widget_server.store.queries import sessions as session_queries

if TYPE_CHECKING:
    from widget_server.actions.engine import Clock
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Transaction

NAME_CHARS: Final = 60
WELCOME_CHARS: Final = 500
PAGE_CHARS: Final = 50_000
"""Of the terms, and of what is said about privacy."""
NAME: Final = "community"
"""Its row in the store."""
_CHANGED: Final = "installation.changed"
_LONG: Final = frozenset({"welcome", "terms", "privacy"})
"""What is too long for a line of the audit log."""
_KEPT_MS: Final = 1_000

Registration = Literal["open", "invited", "approved", "closed"]
REGISTRATIONS: Final[tuple[Registration, ...]] = get_args(Registration)
"""Everybody may make an account; whoever was invited; everybody, and an administrator lets them in; nobody."""


class Community(NamedTuple):
    """The installation as people see it."""

    name: str = "Support chat"
    welcome: str = ""
    logo: str | None = None
    """The hash of a picture."""
    registration: Registration = "open"
    terms: str = ""
    privacy: str = ""
    agents_need_factor: bool = False
    """Whether agents must have a second factor or a passkey."""


def community_of(text: str | None) -> Community:
    """Return what a row of the store says; what it does not say is as at the beginning."""
    kept = orjson.loads(text) if text else {}
    return Community(**{name: value for name, value in kept.items() if name in Community._fields})


class CommunityText(NamedTuple):
    """What an administrator writes and chooses, checked."""

    name: str
    welcome: str
    registration: Registration
    terms: str
    privacy: str
    agents_need_factor: bool


def check_community_name(name: str) -> str:
    """Return what the installation is called.

    Raises:
        Unacceptable: what is wrong with it.
    """
    return check_line(name, NAME_CHARS, required=True)


def check_registration(chosen: str) -> Registration:
    """Return who may make an account.

    Raises:
        Unacceptable: ``bad_choice``.
    """
    for known in REGISTRATIONS:
        if known == chosen:
            return known
    raise Unacceptable("bad_choice")


async def do_change_community(db: Database, actor: Actor, text: CommunityText, *, now_ms: int) -> list[str]:
    """Set what the installation is called and how it receives people; return the names of what was changed.

    Raises:
        Refused: ``not_allowed`` for who does not administer it.
    """

    async def write(tx: Transaction) -> list[str]:
        before = await _held(tx, actor)
        after = before._replace(**text._asdict())
        changed = [name for name in Community._fields if getattr(before, name) != getattr(after, name)]
        if changed:
            short = {name: getattr(after, name) for name in changed if name not in _LONG}
            details = {"changed": changed, **short}
            await _put(tx, after)
            if after.agents_need_factor and not before.agents_need_factor:
                await tx.run(session_queries.LOOK_AT_ALONE, new_stamp=await tx.stamp())
            await record(tx, actor.person_id, _CHANGED, "installation", NAME, details=details, now_ms=now_ms)
        return changed

    return await db.write(write)


async def do_set_logo(db: Database, actor: Actor, body: bytes | None, *, now_ms: int) -> None:
    """Give the installation its own picture (:meth:`pictures.Pictures.reencode`), or with None take it away.

    Raises:
        Refused: ``not_allowed``.
    """

    async def write(tx: Transaction) -> None:
        before = await _held(tx, actor)
        name = await pictures.keep(tx, body, now_ms) if body is not None else None
        if name == before.logo:
            return
        await _put(tx, before._replace(logo=name))
        await pictures.drop(tx, before.logo, logo=name)
        await record(tx, actor.person_id, _CHANGED, "installation", NAME, details={"changed": ["logo"]}, now_ms=now_ms)

    await db.write(write)


async def _held(tx: Transaction, actor: Actor) -> Community:
    """Return the settings, held until the end, where the actor may change them now."""
    if not may(await rights_now(tx, actor), Permission.ADMINISTER):
        raise Refused("not_allowed")
    return community_of(await hold_value(tx, NAME))


async def _put(tx: Transaction, community: Community) -> None:
    await put_value(tx, NAME, orjson.dumps(community._asdict()).decode())


async def logo_of(tx: Transaction) -> str | None:
    """Return the hash of the installation's own picture."""
    return community_of(await read_value(tx, NAME)).logo


class CommunityReader:
    """One node's knowledge of it, at most a second old.

    Args:
        db: the store.
        clock: for how long it is kept.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._read_at: int | None = None
        self.latest = Community()
        """As last read: for pages that must not read, such as those of errors."""

    async def read(self) -> Community:
        """Return what holds now."""
        now = self._clock.monotonic_ms()
        if self._read_at is None or now - self._read_at >= _KEPT_MS:
            self.latest = community_of(await self._db.read(lambda tx: read_value(tx, NAME)))
            self._read_at = now
        return self.latest

    def forget(self) -> None:
        """Read anew at the next occasion: it was just changed here."""
        self._read_at = None
