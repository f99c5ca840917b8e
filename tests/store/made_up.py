"""A revision as the next release might bring one: it only adds, so that the release before goes on beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.store import migrate

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

REVISION = "9999"

_SOURCE = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("message", sa.Column("mood", sa.Text()))
    op.create_table("mood", sa.Column("name", sa.Text(), primary_key=True))
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.create_index("ix_message_mood", "message", ["mood"], postgresql_concurrently=True)


def downgrade():
    raise NotImplementedError
"""


def add_made_up_revision(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, for the length of a test, know one revision more.

    Args:
        folder: where it is written.
        monkeypatch: takes it back at the end of the test.
    """
    source = _SOURCE.format(before=migrate.head())
    folder.mkdir()
    (folder / f"{REVISION}_made_up.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(migrate, "VERSIONS", [*migrate.VERSIONS, folder])
