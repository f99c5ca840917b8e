"""Writing and asking the index of words. Its tables are its own: no revision knows them (``store.search``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement

if TYPE_CHECKING:
    from sqlalchemy import Select

_b = bindparam
_own = MetaData()

entry = Table(
    "search_entry",
    _own,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, kind) for name, kind in {"kind": Text, "scope": Text, "channel_id": BigInteger}.items()),
    *(Column(name, BigInteger) for name in ("seq", "author_id", "at")),
)
_words_on_sqlite = table("search_words", column("rowid", BigInteger), column("search_words", Text))
_tsvector = Column("words", TSVECTOR)
progress = Table(
    "search_progress",
    _own,
    Column("one", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", Text),
    Column("cursor", BigInteger),
    Column("built", BigInteger),
    Column("holder", Text),
    Column("held_until", BigInteger),
    Column("turn", BigInteger),
)
known = Table(
    "search_channel",
    _own,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger),
    Column("version", BigInteger),
    Column("head", Text),
)
tagged = Table(
    "search_tag",
    _own,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tag_id", BigInteger, primary_key=True, autoincrement=False),
)

_KEY: Final = {"sqlite": "INTEGER", "postgresql": "BIGINT"}
TABLES: Final = ("search_entry", "search_progress", "search_channel", "search_tag")


def _made(dialect: str, words: str) -> list[str]:
    key = _KEY[dialect]
    collation = ' COLLATE "C"' if dialect == "postgresql" else ""
    plain = f"TEXT{collation} NOT NULL"
    return [
        (
            f"CREATE TABLE IF NOT EXISTS search_progress (one {key} PRIMARY KEY, epoch {plain}, cursor {key} NOT NULL,"
            f" built {key} NOT NULL, holder {plain}, held_until {key} NOT NULL, turn {key} NOT NULL)"
        ),
        (
            f"CREATE TABLE IF NOT EXISTS search_entry (id {key} PRIMARY KEY, kind {plain}, scope {plain},"
            f" channel_id {key} NOT NULL, seq {key} NOT NULL, author_id {key} NOT NULL, at {key} NOT NULL, {words})"
        ),
        "CREATE INDEX IF NOT EXISTS ix_search_entry_author_id ON search_entry (author_id, id)",
        "CREATE INDEX IF NOT EXISTS ix_search_entry_channel_id ON search_entry (channel_id)",
        (
            f"CREATE TABLE IF NOT EXISTS search_channel (channel_id {key} PRIMARY KEY, last_seq {key} NOT NULL,"
            f" version {key} NOT NULL, head {plain})"
        ),
        f"CREATE TABLE IF NOT EXISTS search_tag (channel_id {key}, tag_id {key}, PRIMARY KEY (tag_id, channel_id))",
        "CREATE INDEX IF NOT EXISTS ix_search_tag_channel_id ON search_tag (channel_id)",
    ]


# The words of an entry are kept beside their index, which must be told what it forgets.
_CHANGED_ON_SQLITE: Final = "old.title IS NOT new.title OR old.body IS NOT new.body"
_FORGET: Final = (
    "INSERT INTO search_words (search_words, rowid, title, body) VALUES ('delete', old.id, old.title, old.body)"
)
_LEARN: Final = "INSERT INTO search_words (rowid, title, body) VALUES (new.id, new.title, new.body)"
MAKE: Final = {
    "sqlite": [
        Statement(sqlite=text(sql))
        for sql in (
            *_made("sqlite", "title TEXT NOT NULL, body TEXT NOT NULL"),
            (
                "CREATE VIRTUAL TABLE IF NOT EXISTS search_words USING fts5 (title, body, content='search_entry',"
                " content_rowid='id', tokenize='ascii')"
            ),
            f"CREATE TRIGGER IF NOT EXISTS search_learn AFTER INSERT ON search_entry BEGIN {_LEARN}; END",
            f"CREATE TRIGGER IF NOT EXISTS search_forget AFTER DELETE ON search_entry BEGIN {_FORGET}; END",
            (
                "CREATE TRIGGER IF NOT EXISTS search_change AFTER UPDATE OF title, body ON search_entry"
                f" WHEN {_CHANGED_ON_SQLITE} BEGIN {_FORGET}; {_LEARN}; END"
            ),
        )
    ],
    "postgresql": [
        Statement(postgresql=text(sql))
        for sql in (
            *_made("postgresql", "words TSVECTOR NOT NULL"),
            "CREATE INDEX IF NOT EXISTS ix_search_entry_words ON search_entry USING gin (words)",
        )
    ],
}
IS_MADE = Statement(postgresql=text("SELECT to_regclass('search_tag') IS NOT NULL"))
CLEAR: Final = {
    "sqlite": [
        Statement(sqlite=text(sql))
        for sql in (
            "DROP TABLE IF EXISTS search_words",
            "DROP TABLE search_entry",
            "DELETE FROM search_channel",
            "DELETE FROM search_tag",
        )
    ],
    "postgresql": [Statement(postgresql=text("TRUNCATE search_entry, search_channel, search_tag"))],
}

PROGRESS = Statement(
    select(*(progress.c[name] for name in ("epoch", "cursor", "built", "holder", "held_until", "turn")))
)


def _begin(dialect_insert: type[sqlite.Insert | postgresql.Insert]) -> Any:
    return (
        dialect_insert(progress)
        .values(one=1, epoch="", cursor=0, built=0, holder="", held_until=0, turn=0)
        .on_conflict_do_nothing(index_elements=[progress.c.one])
    )


BEGIN = Statement(sqlite=_begin(sqlite.Insert), postgresql=_begin(postgresql.Insert))
ADVANCE = Statement(
    update(progress)
    .where(progress.c.turn == _b("turn_before"))
    .values({c.name: _b(f"new_{c.name}") for c in progress.c if c.name != "one"})
)
"""Touches one row, or none where another node was faster."""

KNOWN = with_list(lambda wanted: select(known).where(wanted), known.c.channel_id, "channels")


def _put(dialect_insert: type[sqlite.Insert | postgresql.Insert], into: Table, keys: int, **values: Any) -> Any:
    names = [c.name for c in into.c]
    row = dialect_insert(into).values({name: _b(name) for name in names} | values)
    changed = {name: row.excluded[name] for name in (*names[keys:], *values)}
    if not changed:
        return row.on_conflict_do_nothing(index_elements=list(into.primary_key.columns))
    return row.on_conflict_do_update(index_elements=list(into.primary_key.columns), set_=changed)


PUT_KNOWN = Statement(sqlite=_put(sqlite.Insert, known, 1), postgresql=_put(postgresql.Insert, known, 1))
PUT_TAG = Statement(sqlite=_put(sqlite.Insert, tagged, 2), postgresql=_put(postgresql.Insert, tagged, 2))
REMOVE_TAGS = with_list(lambda wanted: delete(tagged).where(wanted), tagged.c.channel_id, "channels")
_CHANGE: Final = ", ".join(
    f"{name} = excluded.{name}" for name in ("kind", "scope", "channel_id", "seq", "author_id", "at")
)
_COLUMNS: Final = "id, kind, scope, channel_id, seq, author_id, at"
_VALUES: Final = ", ".join(f":{name.strip()}" for name in _COLUMNS.split(","))
PUT = Statement(
    sqlite=text(
        f"INSERT INTO search_entry ({_COLUMNS}, title, body) VALUES ({_VALUES}, :title, :body)"  # noqa: S608 - names of our own
        f" ON CONFLICT (id) DO UPDATE SET {_CHANGE}, title = excluded.title, body = excluded.body"
    ),
    postgresql=text(
        f"INSERT INTO search_entry ({_COLUMNS}, words) VALUES ({_VALUES}, CAST(CAST(:words AS text) AS tsvector))"  # noqa: S608 - as above
        f" ON CONFLICT (id) DO UPDATE SET {_CHANGE}, words = excluded.words"
    ),
)
REMOVE = with_list(lambda wanted: delete(entry).where(wanted), entry.c.id, "ids")
RESCOPE = Statement(update(entry).where(entry.c.channel_id == _b("channel_id")).values(scope=_b("new_scope")))

_HIT = (entry.c.id, entry.c.kind, entry.c.channel_id, entry.c.seq)


def _is_one_of(dialect: str, of: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        each = func.json_each(_b(name)).table_valued(column("value"), name=f"{name}_each")
        return of.in_(select(each.c.value))
    kind = Text() if isinstance(of.type, Text) else BigInteger()
    return of == func.any(cast(_b(name), ARRAY(kind)))


def _given(name: str) -> ColumnElement[int]:
    return cast(_b(name), BigInteger)


def _conditions(dialect: str) -> ColumnElement[bool]:
    """What narrows a question down, first of all to what the asker may read."""
    return and_(
        _is_one_of(dialect, entry.c.scope, "scopes"),
        or_(_given("every_kind") == 1, _is_one_of(dialect, entry.c.kind, "kinds")),
        or_(_given("every_author") == 1, _is_one_of(dialect, entry.c.author_id, "authors")),
        or_(
            _given("tag") == 0,
            entry.c.channel_id.in_(select(tagged.c.channel_id).where(tagged.c.tag_id == _given("tag"))),
        ),
        entry.c.at >= _given("after"),
        entry.c.at < _given("before"),
    )


_ON_SQLITE: Final = literal_column("search_words").bool_op("MATCH")(_b("query"))
_RANK: Final = literal_column("-bm25(search_words, 8.0, 1.0)", Float)
_QUERY: Final = cast(cast(_b("query"), Text), TSQUERY)
_ON_POSTGRESQL: Final = _tsvector.bool_op("@@")(_QUERY)


def _newest(found: Select[Any], of: ColumnElement[int]) -> Select[Any]:
    return found.order_by(of.desc()).limit(_b("limit"))


def _matching_on_sqlite(*more: ColumnElement[Any]) -> Select[Any]:
    joined = _words_on_sqlite.join(entry, entry.c.id == _words_on_sqlite.c.rowid)
    return _newest(
        select(*_HIT, *more).select_from(joined).where(_ON_SQLITE, _conditions("sqlite")), _words_on_sqlite.c.rowid
    )


def _matching_on_postgresql(*more: ColumnElement[Any]) -> Select[Any]:
    return _newest(select(*_HIT, *more).where(_ON_POSTGRESQL, _conditions("postgresql")), entry.c.id)


NEWEST = Statement(sqlite=_matching_on_sqlite(), postgresql=_matching_on_postgresql())
BEST = Statement(
    sqlite=_matching_on_sqlite(_RANK),
    postgresql=_matching_on_postgresql(func.ts_rank(literal_column("'{0.1, 0.1, 0.1, 1.0}'"), _tsvector, _QUERY)),
)
LISTED = Statement(
    sqlite=_newest(select(*_HIT).where(_conditions("sqlite")), entry.c.id),
    postgresql=_newest(select(*_HIT).where(_conditions("postgresql")), entry.c.id),
)
"""Where no word is sought: all of an author, of a tag."""
LISTED_WITHOUT = Statement(
    sqlite=_newest(
        select(*_HIT).where(
            _conditions("sqlite"), entry.c.id.not_in(select(_words_on_sqlite.c.rowid).where(_ON_SQLITE))
        ),
        entry.c.id,
    ),
    postgresql=_newest(select(*_HIT).where(_conditions("postgresql"), ~_ON_POSTGRESQL), entry.c.id),
)
ABIDE = Statement(postgresql=text("SELECT set_config('statement_timeout', CAST(:ms AS text), true)"))
"""For the length of the transaction."""
