"""Operations on boards. A token reads what its person reads; without one there are the pages and the feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.board_settings import do_change_board
from widget_server.actions.boards import (
    BoardPlace,
    BoardText,
    access_boards,
    check_board_name,
    check_description,
    check_rules,
    do_open_board,
)
from widget_server.core.errors import Refused
from widget_server.core.scopes import Scope
from widget_server.core.times import iso
from widget_server.routes.api import community_models
from widget_server.routes.api.operations import Call, Operations, Reply, given_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.boards import KnownBoard
    from widget_server.store.records import State

operations = Operations()


@operations.add("GET", "/boards", Scope.BOARDS_READ, answer=community_models.Boards)
async def list_boards(call: Call) -> Reply:
    """The boards that the token may read, in their order."""
    boards = await call.engine.database.read(lambda tx: access_boards(tx, call.program.actor))
    names = {board.id: board.public_id for board in boards}
    return Reply({"boards": [_state(call, board, names) for board in boards]})


@operations.add("GET", "/boards/{board}", Scope.BOARDS_READ, answer=community_models.Board, refusals=("not_found",))
async def read_board(call: Call) -> Reply:
    """One board, by its words in addresses."""
    return await _told(call)


async def _told(call: Call) -> Reply:
    actor, slug = call.program.actor, call.part("board")
    boards = await call.engine.database.read(lambda tx: access_boards(tx, actor))
    found = next((board for board in boards if board.slug == slug), None)
    if found is None:
        raise Refused("not_found")
    return Reply(_state(call, found, {board.id: board.public_id for board in boards}))


@operations.add(
    "POST",
    "/boards",
    Scope.BOARDS_WRITE,
    body=community_models.NewBoard,
    answer=community_models.Board,
    status=201,
    refusals=("not_allowed", "taken", "line_empty", "line_too_long", "bad_text"),
)
async def open_board(call: Call) -> Reply:
    """Open a board: everybody reads it, members write, and whoever opens it moderates it."""
    body: community_models.NewBoard = call.body
    text = BoardText(
        check_board_name(body.name),
        check_description(body.description),
        check_rules(body.rules),
        "everyone",
        "members",
        "members",
        "nested",
    )
    return Reply(_state(call, await do_open_board(call.engine, call.program.actor, text), {}))


@operations.add(
    "PATCH",
    "/boards/{board}",
    Scope.MODERATION_WRITE,
    body=community_models.BoardChange,
    answer=community_models.Board,
    refusals=("not_found", "not_allowed", "bad_value", "taken", "line_empty", "line_too_long", "bad_text"),
)
async def change_board(call: Call) -> Reply:
    """Change what is given of a board that the token's person moderates. Its address stays."""
    body: community_models.BoardChange = call.body
    given = given_of(body)
    actor, slug = call.program.actor, call.part("board")
    boards = await call.engine.database.read(lambda tx: access_boards(tx, actor))
    board = next((each for each in boards if each.slug == slug), None)
    if board is None:
        raise Refused("not_found")
    rule = board.rule
    text = BoardText(
        board.name, board.description, board.rules, rule.readers, rule.starters, rule.repliers, board.layout
    )._replace(**given)
    checked = text._replace(
        name=check_board_name(text.name),
        description=check_description(text.description),
        rules=check_rules(text.rules),
    )
    parent = next((each.slug for each in boards if each.id == board.parent_id), "")
    await do_change_board(call.engine, actor, slug, checked, BoardPlace(parent, board.site_id))
    return await _told(call)


def _state(call: Call, board: KnownBoard, names: Mapping[int, str]) -> State:
    rule = board.rule
    return {
        "id": board.public_id,
        "slug": board.slug,
        "name": board.name,
        "description": board.description,
        "rules": board.rules,
        "readers": rule.readers,
        "starters": rule.starters,
        "repliers": rule.repliers,
        "layout": board.layout,
        "parent": None if board.parent_id is None else names.get(board.parent_id),
        "archived": rule.is_archived,
        "threads": board.threads,
        "url": f"{call.office.addresses.base}/boards/{board.slug}",
        "created_at": iso(board.created_at),
    }
