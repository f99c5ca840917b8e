"""Second factors: a generator of codes, the recovery codes beside it, and which of them an account has.

Recovery codes are there as long as there is a second factor or a passkey, and go with the last one.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions import audit
from widget_server.actions.accounts import read_account
from widget_server.actions.mailing import Mail, post
from widget_server.actions.proof import holds, proved
from widget_server.actions.sealing import Unopenable
from widget_server.core.errors import Unacceptable
from widget_server.core.ids import token_hash
from widget_server.core.text import fold_mail
from widget_server.core.totp import SECRET_BYTES, matching_step, totp_secret
from widget_server.store.queries import accounts, sessions
from widget_server.store.queries import factors as queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.accounts import Account
    from widget_server.actions.sealing import Sealer
    from widget_server.store.database import Database, Transaction

CODES: Final = 10
_CODE_BYTES: Final = 10
_CODE_CHARS: Final = 16
_GROUP: Final = 4
_DIGITS: Final = 6


class Factors(NamedTuple):
    """What an account has beside its password."""

    generator_at: int | None
    """Since when it has a generator of codes, UTC ms."""
    passkeys: int
    unused_codes: int


class Deed(NamedTuple):
    """A change of what somebody signs in with, as it is told to its owner and written into the audit log."""

    verb: str
    """``added``, ``removed`` or ``used``."""
    factor: str
    """``generator``, ``passkey``, ``recovery``, ``outside`` or ``all``."""
    name: str = ""
    by_operator: bool = False
    """Whether the operator did it, from the command line, and not its owner."""


async def access_factors(db: Database, account: Account) -> Factors:
    """Return what the account has."""

    async def read(tx: Transaction) -> Factors:
        generator = await tx.one(queries.GENERATOR, owner=account.person_id)
        return Factors(
            generator[1] if generator else None, await _count_passkeys(tx, account), await _left(tx, account)
        )

    return await db.read(read)


async def do_begin_generator(
    db: Database, sealer: Sealer, account: Account, *, now_ms: int, random: Callable[[int], bytes]
) -> bool:
    """Make a generator that counts for nothing before one of its codes was shown; an earlier such one ends.

    Returns:
        False where there is one in use, which stays.
    """
    sealed = sealer.seal(totp_secret(random(SECRET_BYTES)), _place(account))
    touched = await db.write(
        lambda tx: tx.run(queries.PUT_GENERATOR, owner=account.person_id, new_secret=sealed, now=now_ms)
    )
    return touched == 1


async def access_new_generator(db: Database, sealer: Sealer, account: Account) -> str | None:
    """Return the secret of the generator that waits for its first code, to be shown to its owner; None: there is none.

    It is also None where the installation's key has changed since: a new one has to be begun.
    """
    row = await db.read(lambda tx: tx.one(queries.GENERATOR, owner=account.person_id))
    if row is None or row[1] is not None:
        return None
    try:
        return sealer.open(row[0], _place(account))
    except Unopenable:
        return None


async def do_confirm_generator(
    db: Database,
    sealer: Sealer,
    account: Account,
    code: str,
    *,
    session_id: int,
    now_ms: int,
    random: Callable[[int], bytes],
) -> list[str]:
    """Put the new generator to use; the account's other sessions end with its first factor.

    Returns:
        Fresh recovery codes; none where the account has some already.

    Raises:
        Unacceptable: ``wrong_code``.
    """
    row = await db.read(lambda tx: tx.one(queries.GENERATOR, owner=account.person_id))
    if row is None or row[1] is not None:
        raise Unacceptable("wrong_code")
    sealed = row[0]
    step = _step_of(sealer, account, sealed, code, now_ms, after=0)
    if step is None:
        raise Unacceptable("wrong_code")
    fresh = new_codes(random)

    async def write(tx: Transaction) -> list[str]:
        touched = await tx.run(
            queries.CONFIRM_GENERATOR, owner=account.person_id, with_secret=sealed, now=now_ms, step=step
        )
        if touched != 1:
            raise Unacceptable("wrong_code")
        return await add_factor(tx, account, Deed("added", "generator"), fresh, session_id=session_id, now_ms=now_ms)

    return await db.write(write)


async def check_code(db: Database, sealer: Sealer, account: Account, code: str, *, now_ms: int) -> None:
    """Take a code of the generator, or a recovery code, as the second factor. Each is good once.

    Raises:
        Unacceptable: ``wrong_code``, whatever is wrong with it.
    """
    plain = code.replace(" ", "").replace("-", "").lower()
    if len(plain) == _DIGITS:
        shown = _use_generator(db, sealer, account, plain, now_ms)
    else:
        shown = _use_recovery(db, account, plain, now_ms)
    if not await holds(shown):
        raise Unacceptable("wrong_code")


async def do_renew_codes(db: Database, account: Account, *, now_ms: int, random: Callable[[int], bytes]) -> list[str]:
    """Replace the recovery codes, used or not; return the new ones, of which only hashes are kept.

    An account without a factor gets none.
    """
    fresh = new_codes(random)

    async def write(tx: Transaction) -> list[str]:
        if not await _has_factor(tx, account):
            return []
        await _put_codes(tx, account, fresh)
        await tell(tx, account, Deed("added", "recovery"), now_ms=now_ms)
        return fresh

    return await db.write(write)


async def do_remove_generator(db: Database, account: Account, *, now_ms: int) -> None:
    """Take the generator away. Harmless to repeat."""

    async def write(tx: Transaction) -> None:
        if await tx.run(queries.REMOVE_GENERATOR, owner=account.person_id):
            await drop_factor(tx, account, Deed("removed", "generator"), now_ms=now_ms)

    await db.write(write)


async def do_remove_all(db: Database, mail: str, *, now_ms: int) -> bool:
    """Take every factor of an account away, as the operator does for who has lost them all, and end its sessions.

    Returns:
        Whether there was one.

    Raises:
        Refused: ``not_found`` where nobody has the address.
    """
    address = fold_mail(mail)

    async def write(tx: Transaction) -> bool:
        account = await read_account(tx, await tx.one(accounts.BY_MAIL, mail=address))
        for statement in (queries.REMOVE_GENERATOR, queries.REMOVE_PASSKEYS, queries.REMOVE_CODES):
            await tx.run(statement, owner=account.person_id)
        if account.has_factor:
            await tell(tx, account, Deed("removed", "all", by_operator=True), now_ms=now_ms)
            await tx.run(sessions.END_OTHERS, owner=account.person_id, kept=0, now=now_ms, new_stamp=await tx.stamp())
        return account.has_factor

    return await db.write(write)


def new_codes(random: Callable[[int], bytes]) -> list[str]:
    """Return fresh recovery codes: 80 random bits each, as in ``abcd-efgh-2345-6777``."""
    texts = (base64.b32encode(random(_CODE_BYTES)).decode().lower() for _ in range(CODES))
    return ["-".join(text[at : at + _GROUP] for at in range(0, _CODE_CHARS, _GROUP)) for text in texts]


async def add_factor(
    tx: Transaction, account: Account, deed: Deed, fresh: list[str], *, session_id: int, now_ms: int
) -> list[str]:
    """Write what follows from a new factor, and return which of the ``fresh`` recovery codes were taken: all or none.

    What was opened without a factor ends: the sessions of the account beside ``session_id``.
    """
    await tell(tx, account, deed, now_ms=now_ms)
    if not account.has_factor:
        await tx.run(
            sessions.END_OTHERS, owner=account.person_id, kept=session_id, now=now_ms, new_stamp=await tx.stamp()
        )
    if await _left(tx, account):
        return []
    await _put_codes(tx, account, fresh)
    return fresh


async def drop_factor(tx: Transaction, account: Account, deed: Deed, *, now_ms: int) -> None:
    """Write what follows when a factor was taken away."""
    await tell(tx, account, deed, now_ms=now_ms)
    if not await _has_factor(tx, account):
        await tx.run(queries.REMOVE_CODES, owner=account.person_id)


async def tell(tx: Transaction, account: Account, deed: Deed, *, now_ms: int) -> None:
    """Tell the owner by mail what has changed, and write it down."""
    facts = {"verb": deed.verb, "factor": deed.factor, "name": deed.name}
    await post(
        tx,
        Mail.FACTOR_CHANGED,
        to=account.written,
        language=account.language,
        now_ms=now_ms,
        person_id=account.person_id,
        facts=facts,
    )
    await audit.record(
        tx,
        None if deed.by_operator else account.person_id,
        f"factor.{deed.verb}",
        "person",
        account.public_id,
        details={"factor": deed.factor},
        now_ms=now_ms,
    )


async def _use_generator(db: Database, sealer: Sealer, account: Account, code: str, now_ms: int) -> bool:
    row = await db.read(lambda tx: tx.one(queries.GENERATOR, owner=account.person_id))
    if row is None or row[1] is None:
        return False
    sealed, _, last_step = row
    step = _step_of(sealer, account, sealed, code, now_ms, after=last_step)
    if step is None:
        return False
    touched = await db.write(
        lambda tx: tx.run(queries.USE_STEP, owner=account.person_id, with_secret=sealed, step=step)
    )
    return touched == 1


async def _use_recovery(db: Database, account: Account, code: str, now_ms: int) -> bool:
    async def write(tx: Transaction) -> bool:
        touched = await tx.run(queries.USE_CODE, owner=account.person_id, hash=token_hash(code), now=now_ms)
        if touched == 1:
            await tell(tx, account, Deed("used", "recovery"), now_ms=now_ms)
        return touched == 1

    return await db.write(write)


def _place(account: Account) -> str:
    return f"totp of person {account.person_id}"


def _step_of(sealer: Sealer, account: Account, sealed: str, code: str, now_ms: int, *, after: int) -> int | None:
    return proved(lambda: matching_step(sealer.open(sealed, _place(account)), code, now_ms, after=after), int)


async def _put_codes(tx: Transaction, account: Account, codes: list[str]) -> None:
    await tx.run(queries.REMOVE_CODES, owner=account.person_id)
    rows = [{"owner": account.person_id, "hash": token_hash(code.replace("-", ""))} for code in codes]
    await tx.many(queries.INSERT_CODE, rows)


async def _left(tx: Transaction, account: Account) -> int:
    row = await tx.one(queries.UNUSED_CODES, owner=account.person_id)
    return int(row[0]) if row else 0


async def _count_passkeys(tx: Transaction, account: Account) -> int:
    row = await tx.one(queries.PASSKEYS, owner=account.person_id)
    return int(row[0]) if row else 0


async def _has_factor(tx: Transaction, account: Account) -> bool:
    generator = await tx.one(queries.GENERATOR, owner=account.person_id)
    return (generator is not None and generator[1] is not None) or await _count_passkeys(tx, account) > 0
