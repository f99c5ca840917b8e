"""People: how they are known, what they may do, and what they did with it."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint, text

from widget_server.store.columns import Bytewise, Key, key_column, metadata

person = Table(
    "person",
    metadata,
    key_column(),
    Column("public_id", Bytewise, nullable=False, unique=True),
    Column("kind", Bytewise, nullable=False),
    Column("name", Bytewise),
    Column("picture", Bytewise),
    Column("availability", Bytewise, nullable=False, server_default="online"),
    Column("merged_into", ForeignKey("person.id")),
    Column("created_at", Key, nullable=False),
    Column("stamp", Key, nullable=False),
    Column("folded_name", Bytewise),
    Column("place", Bytewise, nullable=False, server_default=""),
    Column("about", Bytewise, nullable=False, server_default=""),
    Column("language", Bytewise, nullable=False, server_default=""),
    Column("zone", Bytewise, nullable=False, server_default=""),
    Column("seen_at", Key),
    Column("deleted_at", Key),
    Column("waits_since", Key),
    CheckConstraint("kind IN ('visitor', 'member', 'agent', 'bot')", name="kind"),
    Index(
        "ix_person_waits_since",
        "waits_since",
        sqlite_where=text("waits_since IS NOT NULL"),
        postgresql_where=text("waits_since IS NOT NULL"),
    ),
    Index(
        "ix_person_stamp",
        "stamp",
        sqlite_where=text("kind <> 'visitor'"),
        postgresql_where=text("kind <> 'visitor'"),
    ),
    Index("uq_person_folded_name", "folded_name", unique=True),
    Index("ix_person_merged_into", "merged_into"),
    Index(
        "ix_person_merged",
        "stamp",
        sqlite_where=text("merged_into IS NOT NULL"),
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
    Index(
        "ix_person_deleted_at",
        "deleted_at",
        sqlite_where=text("deleted_at IS NOT NULL"),
        postgresql_where=text("deleted_at IS NOT NULL"),
    ),
    Index(
        "ix_person_picture",
        "picture",
        sqlite_where=text("picture IS NOT NULL"),
        postgresql_where=text("picture IS NOT NULL"),
    ),
)
"""Everyone who can write. A merged person points to the new one; nothing is re-written.

``folded_name`` is what a name is unique by, for whoever has an account; ``picture`` is the hash of one in ``picture``;
``zone`` and ``language`` are empty where the browser's own hold; ``waits_since`` is set while somebody has to approve
the account."""

identity = Table(
    "identity",
    metadata,
    key_column(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("kind", Bytewise, nullable=False),
    Column("scope", Key, nullable=False, server_default="0"),
    Column("value", Bytewise, nullable=False),
    Column("secret", Bytewise),
    Column("created_at", Key, nullable=False),
    Column("ended_at", Key),
    Column("stamp", Key, nullable=False, server_default="0"),
    Column("written", Bytewise),
    Column("confirmed_at", Key),
    UniqueConstraint("kind", "scope", "value"),
    Index("ix_identity_person_id", "person_id"),
    Index(
        "ix_identity_ended",
        "stamp",
        sqlite_where=text("ended_at IS NOT NULL"),
        postgresql_where=text("ended_at IS NOT NULL"),
    ),
    CheckConstraint("kind IN ('visitor_token', 'external', 'mail')", name="kind"),
)
"""How a person is known.

``scope`` is the site of a visitor token or external id, 0 for what holds everywhere; ``value`` the
token's hash, the folded address, or (``external`` of scope 0) issuer and subject of an OpenID provider; ``secret`` a
password hash; ``written`` the address as its owner writes it; ``confirmed_at`` when they showed that it is theirs."""

role = Table(
    "role",
    metadata,
    key_column(),
    Column("key", Bytewise, nullable=False, unique=True),
    Column("name", Bytewise, nullable=False),
    Column("folded_name", Bytewise, nullable=False, unique=True),
    Column("permissions", Key, nullable=False),
    Column("is_default", Key, nullable=False, server_default="0"),
    Column("created_at", Key, nullable=False),
    Column("stamp", Key, nullable=False),
    Index("ix_role_stamp", "stamp"),
)
"""A named set of permissions (bits of :class:`core.permissions.Permission`).

``key`` is what grants name: a word for the built-in ones, a UUID for the others. One is the default: what everybody
with an account has."""

role_grant = Table(
    "role_grant",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("site_id", Key, primary_key=True, server_default="0"),
    Column("board_id", Key, primary_key=True, server_default="0"),
    Column("role", Bytewise, primary_key=True),
    Column("stamp", Key, nullable=False),
    Column("ended_at", Key),
    Column("given_by", Key),
    Column("created_at", Key),
    Index("ix_role_grant_stamp", "stamp"),
)
"""A right: a role (its key) for one site (``site_id``), for one board (``board_id``), or for everything (both 0)."""

session = Table(
    "session",
    metadata,
    key_column(),
    Column("token_hash", Bytewise, nullable=False, unique=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("created_at", Key, nullable=False),
    Column("seen_at", Key, nullable=False),
    Column("expires_at", Key, nullable=False),
    Column("ended_at", Key),
    Column("browser", Bytewise, nullable=False, server_default=""),
    Column("stamp", Key, nullable=False),
    Column("network", Bytewise, nullable=False, server_default=""),
    Column("proved_at", Key),
    Column("factor_at", Key),
    Index("ix_session_person_id", "person_id"),
    Index("ix_session_stamp", "stamp"),
)

"""``network`` is the client's address without its last part (P3).

``proved_at``: when a password or passkey was last shown; ``factor_at``: when a second factor was (None: not yet, and
where the account has one, or must have one, the session opens nothing else)."""

second_factor = Table(
    "second_factor",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("secret", Bytewise, nullable=False),
    Column("confirmed_at", Key),
    Column("last_step", Key, nullable=False, server_default="0"),
    Column("created_at", Key, nullable=False),
)
"""A TOTP generator (RFC 6238): its secret, sealed with the installation's key; ``last_step`` was the last one used."""

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("code_hash", Bytewise, primary_key=True),
    Column("used_at", Key),
)

passkey = Table(
    "passkey",
    metadata,
    key_column(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("credential_id", Bytewise, nullable=False, unique=True),
    Column("public_key", Bytewise, nullable=False),
    Column("sign_count", Key, nullable=False, server_default="0"),
    Column("transports", Bytewise, nullable=False, server_default="[]"),
    Column("name", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
    Column("used_at", Key),
    Index("ix_passkey_person_id", "person_id"),
)
"""WebAuthn credentials; ids and keys in base64url."""

link = Table(
    "link",
    metadata,
    key_column(),
    Column("token_hash", Bytewise, unique=True),
    Column("purpose", Bytewise, nullable=False),
    Column("person_id", ForeignKey("person.id")),
    Column("address", Bytewise),
    Column("site_id", Key, nullable=False, server_default="0"),
    Column("details", Bytewise, nullable=False, server_default="{}"),
    Column("made_by", ForeignKey("person.id")),
    Column("created_at", Key, nullable=False),
    Column("expires_at", Key, nullable=False),
    Column("used_at", Key),
    Column("ended_at", Key),
    Index("ix_link_person_id", "person_id", "purpose"),
    Index("ix_link_address", "address", "purpose"),
    Index("ix_link_expires_at", "expires_at"),
)
"""One-time links and codes (S20): bound to purpose, person, address and site, known by the hash of their token.

A mailed one has no hash before the mail is made: the token exists in the mail alone."""

sign_in = Table(
    "sign_in",
    metadata,
    key_column(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("at", Key, nullable=False),
    Column("way", Bytewise, nullable=False),
    Column("outcome", Bytewise, nullable=False),
    Column("network", Bytewise, nullable=False, server_default=""),
    Column("browser", Bytewise, nullable=False, server_default=""),
    Index("ix_sign_in_person_id", "person_id", "at"),
)
"""Attempts to sign in to an account that exists."""

follow = Table(
    "follow",
    metadata,
    Column("follower_id", ForeignKey("person.id"), primary_key=True),
    Column("followed_id", ForeignKey("person.id"), primary_key=True),
    Column("created_at", Key, nullable=False),
    Index("ix_follow_followed_id", "followed_id"),
)

picture = Table(
    "picture",
    metadata,
    Column("hash", Bytewise, primary_key=True),
    Column("content_type", Bytewise, nullable=False),
    Column("body", Bytewise, nullable=False),
    Column("created_at", Key, nullable=False),
)
"""Profile pictures as they are served: re-encoded, small, in base64, by the hash of their bytes."""

ban = Table(
    "ban",
    metadata,
    key_column(),
    Column("kind", Bytewise, nullable=False),
    Column("person_id", ForeignKey("person.id")),
    Column("token_hash", Bytewise),
    Column("network", Bytewise),
    Column("site_id", Key, nullable=False, server_default="0"),
    Column("reason", Bytewise, nullable=False, server_default=""),
    Column("made_by", ForeignKey("person.id")),
    Column("created_at", Key, nullable=False),
    Column("ends_at", Key),
    Column("ended_at", Key),
    Column("ended_by", ForeignKey("person.id")),
    Column("stamp", Key, nullable=False),
    Index("ix_ban_person_id", "person_id"),
    Index("ix_ban_token_hash", "token_hash"),
    Index("ix_ban_stamp", "stamp"),
    CheckConstraint("kind IN ('account', 'session', 'network')", name="kind"),
)
"""Who may not write: an account (with all persons merged into it), a visitor's session, or a range of addresses."""

audit = Table(
    "audit",
    metadata,
    key_column(),
    Column("at", Key, nullable=False),
    Column("actor_id", ForeignKey("person.id")),
    Column("verb", Bytewise, nullable=False),
    Column("object_kind", Bytewise, nullable=False, server_default=""),
    Column("object_id", Bytewise, nullable=False, server_default=""),
    Column("site_id", Key, nullable=False, server_default="0"),
    Column("details", Bytewise, nullable=False, server_default="{}"),
    Column("board_id", Key),
    Index("ix_audit_actor_id", "actor_id", "id"),
    Index("ix_audit_object", "object_kind", "object_id", "id"),
    Index(
        "ix_audit_board_id",
        "board_id",
        "id",
        sqlite_where=text("board_id IS NOT NULL"),
        postgresql_where=text("board_id IS NOT NULL"),
    ),
)
"""What administrators, moderators and agents did, written in the transaction of the deed. Never changed."""
