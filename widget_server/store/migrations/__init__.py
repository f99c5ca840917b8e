"""Alembic revisions of the schema, one for both databases."""
