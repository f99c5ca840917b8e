"""Second factors: generators of codes, and the recovery codes beside them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from widget_server.store.statement import Statement
from widget_server.store.tables import passkey, recovery_code, second_factor

_b = bindparam

GENERATOR = Statement(
    select(second_factor.c.secret, second_factor.c.confirmed_at, second_factor.c.last_step).where(
        second_factor.c.person_id == _b("owner")
    )
)

_NEW: Final[dict[str, Any]] = {"person_id": _b("owner"), "secret": _b("new_secret"), "created_at": _b("now")}


def _put(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    row = dialect_insert(second_factor).values(**_NEW)
    return row.on_conflict_do_update(
        index_elements=[second_factor.c.person_id],
        set_={"secret": row.excluded.secret, "created_at": row.excluded.created_at, "last_step": 0},
        where=second_factor.c.confirmed_at.is_(None),
    )


PUT_GENERATOR = Statement(sqlite=_put(sqlite.Insert), postgresql=_put(postgresql.Insert))
"""One that is in use is left alone."""

CONFIRM_GENERATOR = Statement(
    update(second_factor)
    .where(
        second_factor.c.person_id == _b("owner"),
        second_factor.c.secret == _b("with_secret"),
        second_factor.c.confirmed_at.is_(None),
    )
    .values(confirmed_at=_b("now"), last_step=_b("step"))
)

USE_STEP = Statement(
    update(second_factor)
    .where(
        second_factor.c.person_id == _b("owner"),
        second_factor.c.secret == _b("with_secret"),
        second_factor.c.confirmed_at.is_not(None),
        second_factor.c.last_step < _b("step"),
    )
    .values(last_step=_b("step"))
)
"""It touches one row for exactly one of those who show the same code at once."""

REMOVE_GENERATOR = Statement(delete(second_factor).where(second_factor.c.person_id == _b("owner")))

INSERT_CODE = Statement(insert(recovery_code).values(person_id=_b("owner"), code_hash=_b("hash")))
USE_CODE = Statement(
    update(recovery_code)
    .where(
        recovery_code.c.person_id == _b("owner"),
        recovery_code.c.code_hash == _b("hash"),
        recovery_code.c.used_at.is_(None),
    )
    .values(used_at=_b("now"))
)
"""As :data:`USE_STEP`."""
REMOVE_CODES = Statement(delete(recovery_code).where(recovery_code.c.person_id == _b("owner")))
UNUSED_CODES = Statement(
    select(func.count()).where(recovery_code.c.person_id == _b("owner"), recovery_code.c.used_at.is_(None))
)

PASSKEYS = Statement(select(func.count()).where(passkey.c.person_id == _b("owner")))
REMOVE_PASSKEYS = Statement(delete(passkey).where(passkey.c.person_id == _b("owner")))
