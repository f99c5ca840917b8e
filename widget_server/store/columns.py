"""What every table of the schema is made with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = BigInteger().with_variant(Integer, "sqlite")
"""64-bit keys; on SQLite the plain INTEGER that is the row id."""
Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that compares by bytes on both databases (SQLite's BINARY is its default)."""


def key_column() -> Column[int]:
    """Return the integer key of a table whose rows others refer to."""
    return Column("id", Key, primary_key=True)
