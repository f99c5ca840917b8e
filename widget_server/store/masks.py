"""Which columns nobody looks at, not even an administrator: what opens something, and what could be turned into it.

A column whose name smells of a secret stands in one of these lists; a test fails for a new one that does not.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, false, true

from widget_server.store.tables import identity, installation, metadata

MASKED: Final[dict[str, frozenset[str]]] = {
    "api_answer": frozenset({"key", "body"}),
    "api_token": frozenset({"token_hash"}),
    "ban": frozenset({"token_hash"}),
    "draft": frozenset({"body", "details"}),
    "identity": frozenset({"secret"}),
    "link": frozenset({"token_hash"}),
    "push_line": frozenset({"endpoint", "sealed_keys"}),
    "recovery_code": frozenset({"code_hash"}),
    "second_factor": frozenset({"secret"}),
    "session": frozenset({"token_hash"}),
    "site_secret": frozenset({"secret"}),
    "used_nonce": frozenset({"nonce", "token_hash"}),
    "webhook": frozenset({"secret"}),
}
"""Hidden in every row. An answer of the API may hold a token that was shown once; a draft is nobody else's business
before it is sent (a held post was sent: it waits for somebody to read it)."""

MASKED_WHERE: Final[dict[tuple[str, str], ColumnElement[bool]]] = {
    ("identity", "value"): identity.c.kind == "visitor_token",
    ("installation", "value"): and_(installation.c.name != "epoch", installation.c.name != "community"),
}
"""Hidden in some rows: a visitor's token (by its hash), and the key with which the installation signs."""

HARMLESS: Final[dict[str, frozenset[str]]] = {
    "message": frozenset({"digest"}),
    "passkey": frozenset({"credential_id", "public_key"}),
    "picture": frozenset({"hash"}),
    "api_answer": frozenset({"digest"}),
    "role": frozenset({"key"}),
    "session": frozenset({"factor_at"}),
    "site": frozenset({"key"}),
    "site_secret": frozenset({"key_id"}),
}
"""They smell of a secret, and are none: public names, public halves of keys, digests of what is shown beside them."""

WRITTEN: Final = frozenset(
    {"message", "revision", "contact", "webhook_delivery", "rendering", "held_post", "report", "person_note", "notice"}
)
"""Tables with what people wrote in confidence: that somebody looked is an audit row."""


def hidden(table: str, column: str) -> ColumnElement[bool]:
    """Return the condition under which a column's value is not shown: always, never, or in some rows."""
    if column in MASKED.get(table, ()):
        return true()
    return MASKED_WHERE.get((table, column), false())


def is_masked(table: str, column: str) -> bool:
    """Whether a column is hidden in every row."""
    return column in MASKED.get(table, ())


TABLES: Final = {table.name: table for table in sorted(metadata.sorted_tables, key=lambda table: table.name)}
"""Every table of the schema, by its name."""
