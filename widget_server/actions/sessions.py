"""Sessions: that somebody has signed in, on this browser, until then. The store knows a token only by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions.accounts import Account, mark_of, read_account
from widget_server.actions.community import NAME as COMMUNITY
from widget_server.actions.community import community_of
from widget_server.actions.sign_ins import check_browser
from widget_server.core.errors import Refused
from widget_server.core.ids import is_token, token_hash
from widget_server.core.permissions import is_staff
from widget_server.store.installation import read_value
from widget_server.store.queries import accounts as account_queries
from widget_server.store.queries import sessions as queries

if TYPE_CHECKING:
    from widget_server.store.database import Database, Transaction
    from widget_server.store.statement import Statement

_TOUCH_MS: Final = 3_600_000
"""How far "last seen" may lag behind: not every request shall write."""
_ACCOUNT: Final = 6
"""Where in a row of a session its person's account begins."""
PROOF_MS: Final = 900_000
"""How long after a proof of who one is the account itself may be changed."""


class SignedIn(NamedTuple):
    """Who asks, and by which session (its key in the store)."""

    session_id: int
    account: Account
    proved_at: int
    """When a password or passkey was last shown, UTC ms."""
    factor_at: int | None
    """When a second factor was shown."""
    lacks_factor: bool = False
    """Whether they are staff without any second factor, where the installation wants them to have one."""
    unseen: int = 0
    """How many notices they have not seen; counting ends at a hundred."""

    @property
    def opens_console(self) -> bool:
        """Whether what only staff may do is open, as far as that depends on how they signed in."""
        return self.is_complete and not self.lacks_factor

    def check_proved(self, now_ms: int) -> None:
        """See that this session has just shown who it is: for changes that would let a thief of it keep the account.

        Raises:
            Refused: ``prove_again``.
        """
        if now_ms - self.proved_at > PROOF_MS:
            raise Refused("prove_again")

    @property
    def is_complete(self) -> bool:
        """Whether more than the sign-in area is open: the address is confirmed, and the second factor was shown."""
        return self.account.is_confirmed and self.account.waits_since is None and not self.needs_factor

    @property
    def needs_factor(self) -> bool:
        """Whether the account has a second factor that this session has not seen."""
        return self.account.has_factor and self.factor_at is None


class Session(NamedTuple):
    """One browser in which somebody is signed in."""

    id: int
    created_at: int
    seen_at: int
    """UTC ms; up to an hour behind."""
    browser: str
    network: str


async def list_sessions(db: Database, person_id: int, now_ms: int) -> list[Session]:
    """Return the sessions of an account that have not ended, the last used first."""
    rows = await db.read(lambda tx: tx.all(queries.OF_PERSON, owner=person_id, now=now_ms))
    return [Session(*row) for row in rows]


async def access_session(db: Database, token: str, now_ms: int) -> SignedIn:
    """Return who is signed in with ``token``.

    Raises:
        Refused: ``signed_out``, whether the token is unknown, ended, expired or never was one.
    """
    if not is_token(token):
        raise Refused("signed_out")
    signed_in, seen_at = await _access(db, queries.BY_HASH, token_hash=token_hash(token), now=now_ms)
    if now_ms - seen_at > _TOUCH_MS:
        await _do_touch(db, signed_in.session_id, signed_in.account.person_id, now_ms)
    return signed_in


async def access_open_session(db: Database, session_id: int, now_ms: int) -> SignedIn:
    """Return who is signed in by the session with this key: what a socket that it opened goes by.

    Raises:
        Refused: ``signed_out`` when it has ended or expired.
    """
    signed_in, _ = await _access(db, queries.BY_KEY, key=session_id, now=now_ms)
    return signed_in


async def _access(db: Database, statement: Statement, **which: object) -> tuple[SignedIn, int]:
    """Return who is signed in by a session, and when it was last seen, in one hop."""

    async def read(tx: Transaction) -> tuple[SignedIn, int]:
        row = await tx.one(statement, **which)
        if row is None:
            raise Refused("signed_out")
        session_id, seen_at, created_at, proved_at, factor_at, unseen = row[:_ACCOUNT]
        account = await read_account(tx, row[_ACCOUNT:])
        lacks_factor = False
        if is_staff(account.actor) and not account.has_factor:
            lacks_factor = community_of(await read_value(tx, COMMUNITY)).agents_need_factor
        return SignedIn(session_id, account, proved_at or created_at, factor_at, lacks_factor, unseen), seen_at

    return await db.read(read)


async def _do_touch(db: Database, session_id: int, person_id: int, now_ms: int) -> None:
    """Write down that a session and its person were here (S2.21)."""

    async def write(tx: Transaction) -> None:
        await tx.run(queries.TOUCH, key=session_id, now=now_ms)
        await tx.run(queries.TOUCH_PERSON, key=person_id, now=now_ms)

    await db.write(write)


async def do_begin_session(
    db: Database,
    account: Account,
    token: str,
    *,
    replaced: str | None,
    browser: str,
    network: str = "",
    has_shown_factor: bool = False,
    now_ms: int,
    days: int,
) -> None:
    """Begin a session for ``token`` and end the one that the same browser showed before (S16).

    Looking at a password takes its time, and in that time its owner may have changed it: then it opens nothing.

    Args:
        db: the store.
        account: who has just proved who they are.
        token: 256 fresh random bits; only their hash is kept.
        replaced: the token that came with the request, if any.
        browser: what it calls itself, to be recognised in a list.
        network: the client's address without its last part (P3).
        has_shown_factor: whether the proof was as good as two: a passkey, or a one-time link after one.
        now_ms: UTC time in ms.
        days: after which one has to sign in again.

    Raises:
        Refused: ``signed_out`` where the password is not any more what it was when the account was read.
    """
    expires_at = now_ms + days * 86_400_000
    shown = check_browser(browser)

    async def write(tx: Transaction) -> None:
        # Held: who changes the password now comes after this session, and ends it with the others.
        row = await tx.one(account_queries.HOLD_SECRET, owner=account.person_id)
        if row is None or mark_of(row[0]) != account.secret_mark:
            raise Refused("signed_out")
        stamp = await tx.stamp()
        if replaced:
            await tx.run(queries.END, hash=token_hash(replaced), now=now_ms, new_stamp=stamp)
        await tx.run(
            queries.INSERT,
            token_hash=token_hash(token),
            person_id=account.person_id,
            now=now_ms,
            expires_at=expires_at,
            browser=shown,
            network=network,
            factor_at=now_ms if has_shown_factor else None,
            new_stamp=stamp,
        )
        await tx.run(queries.TOUCH_PERSON, key=account.person_id, now=now_ms)

    await db.write(write)


async def do_end_session(db: Database, token: str, now_ms: int) -> None:
    """End the session of ``token``. Harmless to repeat; its sockets are closed by whoever follows the stamps."""

    async def write(tx: Transaction) -> None:
        await tx.run(queries.END, hash=token_hash(token), now=now_ms, new_stamp=await tx.stamp())

    await db.write(write)


async def do_end_one(db: Database, person_id: int, session_id: int, now_ms: int) -> None:
    """End one session of an account; harmless to repeat, and nothing where it is somebody else's."""

    async def write(tx: Transaction) -> None:
        await tx.run(queries.END_ONE, owner=person_id, key=session_id, now=now_ms, new_stamp=await tx.stamp())

    await db.write(write)


async def do_end_others(db: Database, signed_in: SignedIn, now_ms: int) -> None:
    """End every session of the account but this one."""

    async def write(tx: Transaction) -> None:
        await tx.run(
            queries.END_OTHERS,
            owner=signed_in.account.person_id,
            kept=signed_in.session_id,
            now=now_ms,
            new_stamp=await tx.stamp(),
        )

    await db.write(write)


async def do_prove(db: Database, session_id: int, now_ms: int) -> None:
    """Write down that whoever has this session has just shown who they are."""
    await db.write(lambda tx: tx.run(queries.PROVE, key=session_id, now=now_ms))
