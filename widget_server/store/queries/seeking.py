"""What a search needs of the store: whose and which things are meant, and what was found as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Text, bindparam, cast, func, literal_column, select, union_all

from widget_server.store.lists import with_list
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import board, channel, conversation, message, person, site, tag, thread

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select

_b = bindparam
_known = person.alias("known_by_name")
_beside = channel.alias("beside")

LOOKED_AT: Final = 16_000
"""So much of a text is looked at to show a part of it."""

_known_before = _known.join(person, person.c.merged_into == _known.c.id)


def _author(key: ColumnElement[int], source: FromClause, named: ColumnElement[bool]) -> Select[str, int]:
    return select(literal_column("'author'", Text), key).select_from(source).where(named)


MEANT = Statement(
    union_all(
        *(
            _author(key, source, named)
            for key, source in ((_known.c.id, _known), (person.c.id, _known_before))
            for named in (_known.c.folded_name == _b("folded_name"), _known.c.public_id == _b("public_id"))
        ),
        select(literal_column("'tag'"), tag.c.id).where(tag.c.name == _b("tag_name")),
        select(literal_column("'site'"), site.c.id).where(cast(_b("with_sites"), BigInteger) == 1),
    )
)
"""(what, key): whoever is called so, with all that they were before; the tag of this name; all sites."""

FOUND_COLUMNS: Final = (
    message.c.no,
    message.c.seq,
    func.substr(SAID, 1, LOOKED_AT),
    message.c.created_at,
    message.c.removed_at,
    message.c.side,
    person.c.public_id,
    person.c.name,
    person.c.picture,
    channel.c.kind,
    func.coalesce(_beside.c.title, channel.c.title),
    func.coalesce(_beside.c.public_id, channel.c.public_id),
    thread.c.number,
    thread.c.board_id,
    thread.c.removed_at,
    conversation.c.site_id,
    site.c.name,
    channel.c.id,
)
"""In the order in which ``actions.search`` takes them."""

FOUND = with_list(
    lambda wanted: (
        select(*FOUND_COLUMNS)
        .select_from(
            message.join(channel, channel.c.id == message.c.channel_id)
            .join(person, person.c.id == message.c.author_id)
            .outerjoin(thread, thread.c.channel_id == channel.c.id)
            .outerjoin(board, board.c.id == thread.c.board_id)
            .outerjoin(_beside, _beside.c.id == channel.c.beside_id)
            .outerjoin(conversation, conversation.c.channel_id == func.coalesce(channel.c.beside_id, channel.c.id))
            .outerjoin(site, site.c.id == conversation.c.site_id)
        )
        .where(wanted)
    ),
    message.c.no,
    "numbers",
)
