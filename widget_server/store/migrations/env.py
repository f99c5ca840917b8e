"""Run by Alembic: connects to the URL in the configuration and applies revisions in one transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, event, pool

from widget_server.store.tables import metadata


def run() -> None:
    """Upgrade or step back inside one transaction; SQLite's DDL is made transactional by BEGIN IMMEDIATE."""
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=pool.NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
