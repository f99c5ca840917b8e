"""The history of an account's sign-ins: every attempt, for its owner and for who looks after people."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.text import check_line
from widget_server.store.queries import sign_ins as queries

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction

BROWSER_CHARS: Final = 200
_ALL: Final = 2**62


class Way(StrEnum):
    """How somebody showed who they are."""

    PASSWORD = "password"  # noqa: S105 - a word
    LINK = "link"
    """The one that confirms an address."""
    PASSKEY = "passkey"
    OIDC = "oidc"
    FACTOR = "factor"
    """The second one, after a password."""


class Outcome(StrEnum):
    """What became of it."""

    SIGNED_IN = "signed_in"
    WRONG = "wrong"


class From(NamedTuple):
    """Where an attempt comes from, as far as it is kept."""

    network: str = ""
    """The client's address without its last part (P3)."""
    browser: str = ""
    """What the browser calls itself."""


NOWHERE: Final = From()
"""What is not known, or not to be kept."""


class SignIn(NamedTuple):
    """One attempt."""

    id: int
    at: int
    """UTC ms."""
    way: str
    outcome: str
    network: str
    browser: str

    @property
    def is_good(self) -> bool:
        """Whether it succeeded."""
        return self.outcome == Outcome.SIGNED_IN


def check_browser(told: str) -> str:
    """Return what is kept of what a browser calls itself, whatever bytes it sent."""
    return check_line(told.encode("utf-8", "replace").decode()[:BROWSER_CHARS], BROWSER_CHARS)


async def write_down(tx: Transaction, person_id: int, way: Way, outcome: Outcome, source: From, *, now_ms: int) -> int:
    """Write one attempt, and return its key."""
    ((key,),) = await tx.all(
        queries.INSERT,
        person_id=person_id,
        way=way.value,
        outcome=outcome.value,
        network=source.network,
        browser=check_browser(source.browser),
        now=now_ms,
    )
    return int(key)


async def do_write_down(db: Database, person_id: int, way: Way, outcome: Outcome, source: From, *, now_ms: int) -> int:
    """Write one attempt in a transaction of its own, and return its key."""
    return await db.write(lambda tx: write_down(tx, person_id, way, outcome, source, now_ms=now_ms))


async def do_succeed(db: Database, key: int) -> None:
    """Write down that an attempt, which counted as wrong until then, has succeeded."""
    await db.write(lambda tx: tx.run(queries.SET_OUTCOME, key=key, new_outcome=Outcome.SIGNED_IN.value))


async def list_sign_ins(db: Database, person_id: int, *, most: int = 20, before: int = _ALL) -> list[SignIn]:
    """Return the latest attempts to sign in to an account, the newest first.

    Args:
        db: the store.
        person_id: whose account.
        most: how many at the most.
        before: the key of the last one of the page before.
    """
    return await db.read(lambda tx: read_sign_ins(tx, person_id, most=most, before=before))


async def read_sign_ins(tx: Transaction, person_id: int, *, most: int, before: int = _ALL) -> list[SignIn]:
    """Return the same within a transaction."""
    rows = await tx.all(queries.OF_PERSON, owner=person_id, before=before, most=most)
    return [SignIn(*row) for row in rows]
