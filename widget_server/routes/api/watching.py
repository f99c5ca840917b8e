"""Operations on what the token's person wants to be told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from widget_server.actions.room_notices import do_set_room_level, read_room_level
from widget_server.actions.watching import PAGE, check_thing, do_set_level, list_watching, read_level
from widget_server.core.scopes import Scope
from widget_server.routes.api import models, notice_models
from widget_server.routes.api.operations import Call, Operations, Reply

if TYPE_CHECKING:
    from widget_server.store.database import Transaction
    from widget_server.store.records import State

operations = Operations()
_ONE: Final = "/watching/{kind}/{name}"
_NONE: Final = "none"


@operations.add("GET", "/watching", Scope.WATCHING_READ, query=models.Numbered, answer=notice_models.WatchedThings)
async def list_levels(call: Call) -> Reply:
    """Boards, threads, tags and people for which one chose a level, the last first."""
    query: models.Numbered = call.query
    found = await call.engine.database.read(lambda tx: list_watching(tx, call.program.actor, query.page))
    watching = [_state(each.thing.kind, each.thing.name, each.level) | {"title": each.title} for each in found[:PAGE]]
    return Reply({"watching": watching, "more": len(found) > PAGE})


@operations.add(
    "GET",
    _ONE,
    Scope.WATCHING_READ,
    answer=notice_models.Watching,
    refusals=("not_found", "bad_choice", "bad_text"),
)
async def show_level(call: Call) -> Reply:
    """The level of one thing that one may read."""
    kind, name = call.part("kind"), call.part("name")

    async def read(tx: Transaction) -> str:
        if kind == "room":
            return await read_room_level(tx, call.program.actor, name)
        return await read_level(tx, call.program.actor, check_thing(kind, name))

    return Reply(_state(kind, name, await call.engine.database.read(read)))


@operations.add(
    "PUT",
    _ONE,
    Scope.WATCHING_WRITE,
    body=notice_models.NewLevel,
    answer=notice_models.Watching,
    refusals=("not_found", "not_allowed", "bad_choice", "bad_text"),
)
async def set_level(call: Call) -> Reply:
    """Choose how much one wants to be told of something that one may read; harmless to repeat."""
    body: notice_models.NewLevel = call.body
    kind, name = call.part("kind"), call.part("name")
    level = None if body.level == _NONE else body.level
    if kind == "room":
        await do_set_room_level(call.engine, call.program.actor, name, level)
    else:
        await do_set_level(call.engine, call.program.actor, check_thing(kind, name), level)
    return Reply(_state(kind, name, body.level))


def _state(kind: str, name: str, level: str) -> State:
    """A level as ``notice_models.Watching``."""
    return {"kind": kind, "name": name, "level": level or _NONE}
