"""Second factors: a code opens once, a broken check opens nothing, and the owner is told of every change."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from sqlalchemy import select

from widget_server.actions import factors
from widget_server.actions.accounts import Account, access_account
from widget_server.actions.agents import do_create_agent
from widget_server.actions.proof import holds, proved
from widget_server.actions.sealing import Sealer
from widget_server.actions.sessions import access_session, do_begin_session
from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.core.ids import token
from widget_server.core.totp import STEP_MS, totp_code
from widget_server.store.statement import Statement
from widget_server.store.tables import outbox, recovery_code, second_factor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database

NOW = 1_795_000_000_000
STEP = NOW // STEP_MS
PASSWORD = "plum tree over river"
MAILS = Statement(select(outbox.c.payload).where(outbox.c.topic == "mail").order_by(outbox.c.id))
SECRETS = Statement(select(second_factor.c.secret))
CODES = Statement(select(recovery_code.c.code_hash))


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"k" * 32, secrets.token_bytes)


@pytest.fixture
async def ada(database: Database, passwords: Passwords) -> Account:
    made = await do_create_agent(
        database, passwords, mail="ada@example.com", name="Ada", password=PASSWORD, now_ms=NOW,
        random=secrets.token_bytes,
    )  # fmt: skip
    return made.agent


async def set_up(db: Database, sealer: Sealer, account: Account, session_id: int = 0) -> tuple[str, list[str]]:
    """Give the account a generator; its secret and the recovery codes."""
    assert await factors.do_begin_generator(db, sealer, account, now_ms=NOW, random=secrets.token_bytes)
    secret = await factors.access_new_generator(db, sealer, account)
    assert secret is not None
    code = totp_code(secret, STEP - 1)
    codes = await factors.do_confirm_generator(
        db, sealer, account, code, session_id=session_id, now_ms=NOW, random=secrets.token_bytes
    )
    return secret, codes


async def told(db: Database) -> list[dict[str, Any]]:
    rows = await db.read(lambda tx: tx.all(MAILS))
    return [mail["facts"] for mail in map(orjson.loads, (row[0] for row in rows)) if mail["mail"] == "factor_changed"]


async def succeed(attempts: list[Awaitable[object]]) -> int:
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert all(result is None or isinstance(result, Unacceptable) for result in results), results
    return sum(result is None for result in results)


async def test_a_generator_counts_from_its_first_code_on(database: Database, sealer: Sealer, ada: Account) -> None:
    assert await factors.do_begin_generator(database, sealer, ada, now_ms=NOW, random=secrets.token_bytes)
    assert not (await access_account(database, ada.person_id)).has_factor
    secret = await factors.access_new_generator(database, sealer, ada)
    assert secret is not None
    with pytest.raises(Unacceptable, match="wrong_code"):
        await factors.check_code(database, sealer, ada, totp_code(secret, STEP), now_ms=NOW)
    with pytest.raises(Unacceptable, match="wrong_code"):
        await factors.do_confirm_generator(
            database, sealer, ada, "000000", session_id=0, now_ms=NOW, random=secrets.token_bytes
        )
    await set_up(database, sealer, ada)
    assert (await access_account(database, ada.person_id)).has_factor
    assert await factors.access_factors(database, ada) == factors.Factors(NOW, 0, factors.CODES)
    assert await factors.access_new_generator(database, sealer, ada) is None
    assert not await factors.do_begin_generator(database, sealer, ada, now_ms=NOW, random=secrets.token_bytes)


async def test_50_parallel_uses_of_one_code_succeed_once(database: Database, sealer: Sealer, ada: Account) -> None:
    secret, _ = await set_up(database, sealer, ada)
    code = totp_code(secret, STEP)
    assert await succeed([factors.check_code(database, sealer, ada, code, now_ms=NOW) for _ in range(50)]) == 1
    before = totp_code(secret, STEP - 1)
    assert await succeed([factors.check_code(database, sealer, ada, before, now_ms=NOW)]) == 0
    after = totp_code(secret, STEP + 1)
    assert await succeed([factors.check_code(database, sealer, ada, after, now_ms=NOW)]) == 1


async def test_the_code_that_set_it_up_opens_nothing_more(database: Database, sealer: Sealer, ada: Account) -> None:
    secret, _ = await set_up(database, sealer, ada)
    assert await succeed([factors.check_code(database, sealer, ada, totp_code(secret, STEP - 1), now_ms=NOW)]) == 0


async def test_a_recovery_code_opens_once_and_the_owner_is_told(
    database: Database, sealer: Sealer, ada: Account
) -> None:
    _, codes = await set_up(database, sealer, ada)
    assert len(set(codes)) == factors.CODES
    assert await succeed([factors.check_code(database, sealer, ada, codes[3], now_ms=NOW) for _ in range(50)]) == 1
    spoken = codes[4].replace("-", " ").upper()
    assert await succeed([factors.check_code(database, sealer, ada, spoken, now_ms=NOW)]) == 1
    assert (await factors.access_factors(database, ada)).unused_codes == factors.CODES - 2
    assert [(fact["verb"], fact["factor"]) for fact in await told(database)] == [
        ("added", "generator"), ("used", "recovery"), ("used", "recovery"),
    ]  # fmt: skip


async def test_recovery_codes_made_anew_end_the_old_ones(database: Database, sealer: Sealer, ada: Account) -> None:
    assert await factors.do_renew_codes(database, ada, now_ms=NOW, random=secrets.token_bytes) == []
    _, old = await set_up(database, sealer, ada)
    new = await factors.do_renew_codes(database, ada, now_ms=NOW, random=secrets.token_bytes)
    assert await succeed([factors.check_code(database, sealer, ada, code, now_ms=NOW) for code in old]) == 0
    assert await succeed([factors.check_code(database, sealer, ada, code, now_ms=NOW) for code in new]) == factors.CODES


async def test_nobody_elses_code_opens(database: Database, passwords: Passwords, sealer: Sealer, ada: Account) -> None:
    other = (
        await do_create_agent(
            database, passwords, mail="eve@example.com", name="Eve", now_ms=NOW, random=secrets.token_bytes
        )
    ).agent
    secret, codes = await set_up(database, sealer, ada)
    await set_up(database, sealer, other)
    for code in (totp_code(secret, STEP), codes[0]):
        assert await succeed([factors.check_code(database, sealer, other, code, now_ms=NOW)]) == 0


async def test_s0_15_neither_the_generator_nor_a_code_stands_in_the_store(
    database: Database, sealer: Sealer, ada: Account
) -> None:
    secret, codes = await set_up(database, sealer, ada)
    stored = str(await database.read(lambda tx: tx.all(SECRETS))) + str(await database.read(lambda tx: tx.all(CODES)))
    assert secret not in stored
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


async def test_the_last_factor_takes_the_recovery_codes_along(database: Database, sealer: Sealer, ada: Account) -> None:
    _, codes = await set_up(database, sealer, ada)
    await factors.do_remove_generator(database, ada, now_ms=NOW)
    await factors.do_remove_generator(database, ada, now_ms=NOW)
    assert await factors.access_factors(database, ada) == factors.Factors(None, 0, 0)
    assert await succeed([factors.check_code(database, sealer, ada, codes[0], now_ms=NOW)]) == 0
    assert [(fact["verb"], fact["factor"]) for fact in await told(database)] == [
        ("added", "generator"), ("removed", "generator"),
    ]  # fmt: skip


async def test_the_operator_takes_everything_from_who_has_lost_it(
    database: Database, sealer: Sealer, ada: Account
) -> None:
    _, codes = await set_up(database, sealer, ada)
    own = token(secrets.token_bytes(32))
    await do_begin_session(database, ada, own, replaced=None, browser="", has_shown_factor=True, now_ms=NOW, days=1)
    assert await factors.do_remove_all(database, "ADA@example.com", now_ms=NOW)
    assert not await factors.do_remove_all(database, "ada@example.com", now_ms=NOW)
    assert not (await access_account(database, ada.person_id)).has_factor
    assert await succeed([factors.check_code(database, sealer, ada, codes[0], now_ms=NOW)]) == 0
    with pytest.raises(Refused, match="signed_out"):
        await access_session(database, own, NOW)
    assert (await told(database))[-1]["factor"] == "all"


async def test_s16_what_was_opened_without_a_factor_ends_with_the_first_one(
    database: Database, sealer: Sealer, ada: Account
) -> None:
    own, other = (token(secrets.token_bytes(32)) for _ in range(2))
    for each in (own, other):
        await do_begin_session(database, ada, each, replaced=None, browser="", now_ms=NOW, days=1)
    kept = await access_session(database, own, NOW)
    await set_up(database, sealer, ada, kept.session_id)
    with pytest.raises(Refused, match="signed_out"):
        await access_session(database, other, NOW)
    assert (await access_session(database, own, NOW)).needs_factor


async def test_s18_another_key_opens_nothing(database: Database, sealer: Sealer, ada: Account) -> None:
    secret, _ = await set_up(database, sealer, ada)
    changed = Sealer(b"l" * 32, secrets.token_bytes)
    assert await succeed([factors.check_code(database, changed, ada, totp_code(secret, STEP), now_ms=NOW)]) == 0


async def _forgotten() -> bool:
    return True


def _broken(*_: object, **__: object) -> int:
    raise ZeroDivisionError


@pytest.mark.parametrize("answer", [_broken, lambda *_, **__: True, lambda *_, **__: "1", lambda *_, **__: 2.5])
async def test_s18_a_check_that_breaks_or_answers_something_else_opens_nothing(
    database: Database, sealer: Sealer, ada: Account, monkeypatch: pytest.MonkeyPatch, answer: Callable[..., object]
) -> None:
    secret, _ = await set_up(database, sealer, ada)
    monkeypatch.setattr(factors, "matching_step", answer)
    assert await succeed([factors.check_code(database, sealer, ada, totp_code(secret, STEP), now_ms=NOW)]) == 0


async def test_s18_only_true_itself_is_a_proof() -> None:
    async def says(answer: object) -> object:
        return answer

    async def breaks() -> bool:
        raise ZeroDivisionError

    async def is_busy() -> bool:
        raise TryLater("busy", 1)

    forgotten = _forgotten()
    assert await holds(says(True))
    for answer in (1, "yes", None, object(), forgotten):
        assert not await holds(says(answer))
    assert not await holds(breaks())
    with pytest.raises(TryLater):
        await holds(is_busy())
    assert proved(lambda: forgotten, int) is None
    assert proved(lambda: True, int) is None
    assert proved(lambda: 3, int) == 3
    forgotten.close()
