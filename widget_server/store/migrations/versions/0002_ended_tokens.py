"""A visitor's token that was ended is found by its stamp, also by nodes that no hint reached.

Revision: 0002
Before it: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The release before this one goes on working: it neither reads nor writes the column."""
    op.add_column(
        "identity",
        sa.Column("stamp", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
    )
    op.create_index(
        "ix_identity_ended",
        "identity",
        ["stamp"],
        sqlite_where=sa.text("ended_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_identity_ended", "identity")
    with op.batch_alter_table("identity") as table:
        table.drop_column("stamp")
