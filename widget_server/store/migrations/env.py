"""Run by Alembic: applies revisions on the connection that ``store.migrate`` made."""

from __future__ import annotations

from alembic import context

from widget_server.store.tables import metadata


def run() -> None:
    """Upgrade or step back: on SQLite in one transaction, on PostgreSQL in one for each revision."""
    connection = context.config.attributes["connection"]
    on_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=on_sqlite,
        compare_type=True,
        transaction_per_migration=not on_sqlite,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
