"""Accounts: names, roles, links, second factors, bans, tokens, webhooks, what was done by whom.

Revision: 0004
Before it: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply. The release before this one goes on working: it is only added to, and a wider key refuses nothing."""
    _add_people()
    _add_outgoing()
    _add_columns()


def _add_people() -> None:
    op.create_table(
        "picture",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("content_type", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_picture")),
    )
    op.create_table(
        "role",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("folded_name", TEXT, nullable=False),
        sa.Column("permissions", KEY, nullable=False),
        sa.Column("is_default", KEY, server_default="0", nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("stamp", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_role_folded_name")),
        sa.UniqueConstraint("key", name=op.f("uq_role_key")),
    )
    op.create_index("ix_role_stamp", "role", ["stamp"], unique=False)

    op.create_table(
        "audit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("verb", TEXT, nullable=False),
        sa.Column("object_kind", TEXT, server_default="", nullable=False),
        sa.Column("object_id", TEXT, server_default="", nullable=False),
        sa.Column("site_id", KEY, server_default="0", nullable=False),
        sa.Column("details", TEXT, server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_audit_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_actor_id", "audit", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_object", "audit", ["object_kind", "object_id", "id"], unique=False)

    op.create_table(
        "ban",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("token_hash", TEXT, nullable=True),
        sa.Column("network", TEXT, nullable=True),
        sa.Column("site_id", KEY, server_default="0", nullable=False),
        sa.Column("reason", TEXT, server_default="", nullable=False),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("ends_at", KEY, nullable=True),
        sa.Column("ended_at", KEY, nullable=True),
        sa.Column("ended_by", KEY, nullable=True),
        sa.Column("stamp", KEY, nullable=False),
        sa.CheckConstraint("kind IN ('account', 'session', 'network')", name=op.f("ck_ban_kind")),
        sa.ForeignKeyConstraint(["ended_by"], ["person.id"], name=op.f("fk_ban_ended_by")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_ban_made_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ban_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ban")),
    )
    op.create_index("ix_ban_person_id", "ban", ["person_id"], unique=False)
    op.create_index("ix_ban_stamp", "ban", ["stamp"], unique=False)
    op.create_index("ix_ban_token_hash", "ban", ["token_hash"], unique=False)

    op.create_table(
        "follow",
        sa.Column("follower_id", KEY, nullable=False),
        sa.Column("followed_id", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["followed_id"], ["person.id"], name=op.f("fk_follow_followed_id")),
        sa.ForeignKeyConstraint(["follower_id"], ["person.id"], name=op.f("fk_follow_follower_id")),
        sa.PrimaryKeyConstraint("follower_id", "followed_id", name=op.f("pk_follow")),
    )
    op.create_index("ix_follow_followed_id", "follow", ["followed_id"], unique=False)

    op.create_table(
        "link",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token_hash", TEXT, nullable=True),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("site_id", KEY, server_default="0", nullable=False),
        sa.Column("details", TEXT, server_default="{}", nullable=False),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("expires_at", KEY, nullable=False),
        sa.Column("used_at", KEY, nullable=True),
        sa.Column("ended_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_link_made_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_link_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_hash")),
    )
    op.create_index("ix_link_address", "link", ["address", "purpose"], unique=False)
    op.create_index("ix_link_expires_at", "link", ["expires_at"], unique=False)
    op.create_index("ix_link_person_id", "link", ["person_id", "purpose"], unique=False)

    op.create_table(
        "passkey",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("credential_id", TEXT, nullable=False),
        sa.Column("public_key", TEXT, nullable=False),
        sa.Column("sign_count", KEY, server_default="0", nullable=False),
        sa.Column("transports", TEXT, server_default="[]", nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("used_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_passkey_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index("ix_passkey_person_id", "passkey", ["person_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("code_hash", TEXT, nullable=False),
        sa.Column("used_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")),
        sa.PrimaryKeyConstraint("person_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "second_factor",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("confirmed_at", KEY, nullable=True),
        sa.Column("last_step", KEY, server_default="0", nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_second_factor_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("at", KEY, nullable=False),
        sa.Column("way", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("network", TEXT, server_default="", nullable=False),
        sa.Column("browser", TEXT, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    op.create_index("ix_sign_in_person_id", "sign_in", ["person_id", "at"], unique=False)


def _add_outgoing() -> None:
    op.create_table(
        "api_answer",
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("status", KEY, nullable=True),
        sa.Column("body", TEXT, nullable=True),
        sa.Column("created_at", KEY, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_api_answer")),
    )
    op.create_index("ix_api_answer_created_at", "api_answer", ["created_at"], unique=False)

    op.create_table(
        "used_nonce",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("nonce", TEXT, nullable=False),
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("expires_at", KEY, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "nonce", name=op.f("pk_used_nonce")),
    )
    op.create_index("ix_used_nonce_expires_at", "used_nonce", ["expires_at"], unique=False)

    op.create_table(
        "api_token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("token_hash", TEXT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("site_id", KEY, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scopes", TEXT, server_default="[]", nullable=False),
        sa.Column("made_by", KEY, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("used_at", KEY, nullable=True),
        sa.Column("expires_at", KEY, nullable=True),
        sa.Column("ended_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_api_token_made_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_api_token_person_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_api_token_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_token_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index("ix_api_token_person_id", "api_token", ["person_id"], unique=False)
    op.create_index("ix_api_token_site_id", "api_token", ["site_id"], unique=False)

    op.create_table(
        "site_secret",
        sa.Column("id", KEY, nullable=False),
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("ended_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_site_secret_made_by")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_secret_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_secret")),
        sa.UniqueConstraint("key_id", name=op.f("uq_site_secret_key_id")),
    )
    op.create_index("ix_site_secret_site_id", "site_secret", ["site_id"], unique=False)

    op.create_table(
        "webhook",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", TEXT, nullable=False),
        sa.Column("site_id", KEY, nullable=True),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("topics", TEXT, server_default="[]", nullable=False),
        sa.Column("is_active", KEY, server_default="1", nullable=False),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("ended_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_webhook_made_by")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_webhook_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_public_id")),
    )
    op.create_index("ix_webhook_site_id", "webhook", ["site_id"], unique=False)

    op.create_table(
        "webhook_delivery",
        sa.Column("id", KEY, nullable=False),
        sa.Column("webhook_id", KEY, nullable=False),
        sa.Column("outbox_id", KEY, nullable=False),
        sa.Column("channel_id", KEY, nullable=True),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
        sa.Column("due_at", KEY, nullable=False),
        sa.Column("attempts", KEY, server_default="0", nullable=False),
        sa.Column("taken_until", KEY, nullable=True),
        sa.Column("status", KEY, nullable=True),
        sa.Column("problem", TEXT, nullable=True),
        sa.Column("done_at", KEY, nullable=True),
        sa.Column("dead_at", KEY, nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_webhook_delivery_channel_id")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_webhook_delivery_outbox_id")),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("webhook_id", "outbox_id", name=op.f("uq_webhook_delivery_webhook_id_outbox_id")),
    )
    op.create_index(
        "ix_webhook_delivery_due_at",
        "webhook_delivery",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_webhook_delivery_outbox_id", "webhook_delivery", ["outbox_id"], unique=False)
    for column in ("done_at", "dead_at"):
        op.create_index(
            f"ix_webhook_delivery_{column}",
            "webhook_delivery",
            [column],
            unique=False,
            sqlite_where=sa.text(f"{column} IS NOT NULL"),
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(
        "ix_webhook_delivery_order",
        "webhook_delivery",
        ["webhook_id", "channel_id", "id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )


def _add_columns() -> None:
    op.add_column("contact", sa.Column("verified", TEXT, server_default="{}", nullable=False))
    op.add_column("contact", sa.Column("subject", TEXT, nullable=True))
    op.add_column("contact", sa.Column("mail_confirmed_at", KEY, nullable=True))

    op.add_column("identity", sa.Column("written", TEXT, nullable=True))
    op.add_column("identity", sa.Column("confirmed_at", KEY, nullable=True))

    op.add_column("outbox", sa.Column("dead_at", KEY, nullable=True))
    op.add_column("outbox", sa.Column("taken_until", KEY, nullable=True))
    op.add_column("outbox", sa.Column("problem", TEXT, nullable=True))
    op.add_column("outbox", sa.Column("person_id", KEY, nullable=True))
    op.add_column("outbox", sa.Column("site_id", KEY, nullable=True))
    op.drop_index("ix_outbox_due_at", table_name="outbox")
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
    )
    for column, which in (
        ("due_at", "done_at IS NULL AND dead_at IS NULL"),
        ("done_at", "done_at IS NOT NULL"),
        ("dead_at", "dead_at IS NOT NULL"),
    ):
        op.create_index(
            f"ix_outbox_{column}",
            "outbox",
            [column],
            unique=False,
            sqlite_where=sa.text(which),
            postgresql_where=sa.text(which),
        )

    op.add_column("person", sa.Column("folded_name", TEXT, nullable=True))
    op.add_column("person", sa.Column("place", TEXT, server_default="", nullable=False))
    op.add_column("person", sa.Column("about", TEXT, server_default="", nullable=False))
    op.add_column("person", sa.Column("language", TEXT, server_default="", nullable=False))
    op.add_column("person", sa.Column("zone", TEXT, server_default="", nullable=False))
    op.add_column("person", sa.Column("seen_at", KEY, nullable=True))
    op.add_column("person", sa.Column("deleted_at", KEY, nullable=True))
    op.add_column("person", sa.Column("waits_since", KEY, nullable=True))
    op.create_index(
        "ix_person_waits_since",
        "person",
        ["waits_since"],
        unique=False,
        sqlite_where=sa.text("waits_since IS NOT NULL"),
        postgresql_where=sa.text("waits_since IS NOT NULL"),
    )
    op.create_index("ix_person_merged_into", "person", ["merged_into"], unique=False)
    op.create_index(
        "ix_person_merged",
        "person",
        ["stamp"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index("uq_person_folded_name", "person", ["folded_name"], unique=True)
    op.create_index(
        "ix_person_deleted_at",
        "person",
        ["deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_person_picture",
        "person",
        ["picture"],
        unique=False,
        sqlite_where=sa.text("picture IS NOT NULL"),
        postgresql_where=sa.text("picture IS NOT NULL"),
    )

    with op.batch_alter_table("role_grant", schema=None, recreate="auto") as batch_op:
        batch_op.add_column(sa.Column("board_id", KEY, server_default="0", nullable=False))
        batch_op.add_column(sa.Column("given_by", KEY, nullable=True))
        batch_op.add_column(sa.Column("created_at", KEY, nullable=True))
        batch_op.drop_constraint("pk_role_grant", type_="primary")
        batch_op.create_primary_key("pk_role_grant", ["person_id", "site_id", "board_id", "role"])

    op.add_column("session", sa.Column("network", TEXT, server_default="", nullable=False))
    op.add_column("session", sa.Column("proved_at", KEY, nullable=True))
    op.add_column("session", sa.Column("factor_at", KEY, nullable=True))

    op.execute("UPDATE identity SET confirmed_at = created_at WHERE kind = 'mail'")


def downgrade() -> None:
    """Undo. Members stay as people without a right; what only this release knows of them is gone."""
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_column("factor_at")
        batch_op.drop_column("proved_at")
        batch_op.drop_column("network")

    op.execute("DELETE FROM role_grant WHERE board_id <> 0 OR role NOT IN ('agent', 'administrator')")
    op.execute(
        "DELETE FROM role_grant WHERE role = 'agent' AND EXISTS (SELECT 1 FROM role_grant AS other WHERE "
        "other.person_id = role_grant.person_id AND other.site_id = role_grant.site_id AND other.role <> 'agent')"
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_constraint("pk_role_grant", type_="primary")
        batch_op.create_primary_key("pk_role_grant", ["person_id", "site_id"])
        batch_op.drop_column("created_at")
        batch_op.drop_column("given_by")
        batch_op.drop_column("board_id")

    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("ix_person_picture")
        batch_op.drop_index("ix_person_deleted_at")
        batch_op.drop_index("uq_person_folded_name")
        batch_op.drop_index("ix_person_merged")
        batch_op.drop_index("ix_person_merged_into")
        batch_op.drop_index("ix_person_waits_since")
        batch_op.drop_column("waits_since")
        batch_op.drop_column("deleted_at")
        batch_op.drop_column("seen_at")
        batch_op.drop_column("zone")
        batch_op.drop_column("language")
        batch_op.drop_column("about")
        batch_op.drop_column("place")
        batch_op.drop_column("folded_name")

    for name in ("waiting", "due_at", "done_at", "dead_at"):
        op.drop_index(f"ix_outbox_{name}", table_name="outbox")
    op.create_index(
        "ix_outbox_due_at",
        "outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("site_id")
        batch_op.drop_column("person_id")
        batch_op.drop_column("problem")
        batch_op.drop_column("taken_until")
        batch_op.drop_column("dead_at")

    with op.batch_alter_table("identity", schema=None) as batch_op:
        batch_op.drop_column("confirmed_at")
        batch_op.drop_column("written")

    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_column("mail_confirmed_at")
        batch_op.drop_column("subject")
        batch_op.drop_column("verified")
    for name in (
        "webhook_delivery",
        "webhook",
        "site_secret",
        "used_nonce",
        "api_token",
        "api_answer",
        "sign_in",
        "second_factor",
        "recovery_code",
        "passkey",
        "link",
        "follow",
        "ban",
        "audit",
        "role",
        "picture",
    ):
        op.drop_table(name)
