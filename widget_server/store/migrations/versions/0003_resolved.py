"""One's own, or nobody's, among all conversations that were ever resolved.

Revision: 0003
Before it: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. The release before this one goes on working: an index changes no answer."""
    op.create_index(
        "ix_conversation_resolved",
        "conversation",
        ["site_id", "status", "assignee_id", "activity_at"],
        sqlite_where=sa.text("status = 'resolved'"),
        postgresql_where=sa.text("status = 'resolved'"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_conversation_resolved", "conversation")
