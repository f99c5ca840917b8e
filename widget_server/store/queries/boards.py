"""Reading and writing boards."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, select, update

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import board

_b = bindparam

BOARD_COLUMNS = (
    board.c.id,
    board.c.readers,
    board.c.starters,
    board.c.repliers,
    board.c.archived_at,
    board.c.public_id,
    board.c.slug,
    board.c.name,
    board.c.description,
    board.c.rules,
    board.c.position,
    board.c.parent_id,
    board.c.site_id,
    board.c.layout,
    board.c.holds,
    board.c.settings,
    board.c.threads,
    board.c.created_at,
)
"""In the order in which ``actions.boards.board_of`` takes them."""

ALL = Statement(select(*BOARD_COLUMNS).order_by(board.c.position, board.c.folded_name))

BY_SLUG = Statement(select(*BOARD_COLUMNS).where(board.c.slug == _b("slug")))

NAMED = with_list(select(*BOARD_COLUMNS).where, board.c.public_id, "names")
"""By public ids, the parameter ``names``."""

OPENED = Statement(
    select(board.c.created_at)
    .where(board.c.creator_id == _b("opener"), board.c.created_at > _b("after"))
    .order_by(board.c.created_at.desc())
    .limit(_b("limit"))
)
"""When somebody opened boards lately, the newest first."""

PARENTS = Statement(select(board.c.id, board.c.parent_id))

TAKEN = Statement(select(board.c.id).where((board.c.slug == _b("slug")) | (board.c.folded_name == _b("folded_name"))))

_others = board.alias("other")

INSERT = Statement(
    insert(board).values(
        public_id=_b("public_id"),
        slug=_b("slug"),
        name=_b("name"),
        folded_name=_b("folded_name"),
        description=_b("description"),
        rules=_b("rules"),
        readers=_b("readers"),
        starters=_b("starters"),
        repliers=_b("repliers"),
        layout=_b("layout"),
        position=select(func.coalesce(func.max(_others.c.position), 0)).scalar_subquery(),
        parent_id=_b("parent_id"),
        site_id=_b("site_id"),
        creator_id=_b("creator_id"),
        created_at=_b("created_at"),
        stamp=_b("stamp"),
    )
)

CHANGE = Statement(
    update(board)
    .where(board.c.id == _b("key"))
    .values(
        name=_b("new_name"),
        folded_name=_b("new_folded_name"),
        description=_b("new_description"),
        rules=_b("new_rules"),
        readers=_b("new_readers"),
        starters=_b("new_starters"),
        repliers=_b("new_repliers"),
        layout=_b("new_layout"),
        parent_id=_b("new_parent"),
        site_id=_b("new_site"),
        stamp=_b("new_stamp"),
    )
)

SET_ARCHIVED = Statement(
    update(board).where(board.c.id == _b("key")).values(archived_at=_b("since"), stamp=_b("new_stamp"))
)

ARRANGE = Statement(
    update(board)
    .where(board.c.id == _b("key"))
    .values(position=_b("new_position"), parent_id=_b("new_parent"), stamp=_b("new_stamp"))
)

COUNT_THREADS = Statement(update(board).where(board.c.id == _b("key")).values(threads=board.c.threads + _b("change")))
"""It leaves the stamp: that says of a board that another right may hold there now, and every node looks at what is open
again for it, which a thread more or less is no reason for."""
