"""The data browser's pages (S3.16): all tables, one table, one row with what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import orjson

from widget_server.actions import data
from widget_server.actions.sealing import Unopenable
from widget_server.core.errors import Unacceptable
from widget_server.core.permissions import Permission
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import people_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from widget_server.actions.data import Condition

pages = Pages()
administrators: Final = people_with(Permission.ADMINISTER)


@pages.get("/admin/data", administrators)
async def show_tables(visit: Visit) -> web.Response:
    """The names of all tables."""
    return visit.page("admin_data", tables=data.list_tables(visit.actor))


@pages.get("/admin/data/{table}", administrators)
async def show_table(visit: Visit) -> web.Response:
    """Rows of one table that fulfil what was asked for; a row that its key names stands alone, at length."""
    office, table = visit.office, visit.request.match_info["table"]
    columns = data.columns_of(table)
    asked, problem = _asked(visit), ""
    conditions: list[Condition] = []
    try:
        conditions = [data.check_condition(table, *wish) for wish in asked]
    except Unacceptable:
        problem = visit.text("Write a number, or a day such as 2026-01-31. What is hidden cannot be looked for.")
    keys = data.keys_of(table)
    is_one = {(key, "is") for key in keys} == {(c.column, c.how) for c in conditions}
    page = data.Page(columns, [], None, is_searching=False)
    if not problem:
        page = await data.access_rows(
            office.engine.database,
            visit.actor,
            table,
            conditions,
            after=_opened(visit, table),
            is_whole=is_one,
            now_ms=office.now_ms(),
        )
    return visit.page(
        "admin_row" if is_one and page.rows else "admin_table",
        status=422 if problem else 200,
        table=table,
        columns=columns,
        page=page,
        asked=asked,
        hows=data.HOWS,
        problem=problem,
        keys=keys,
        references=data.references_to(table) if is_one else (),
        following=_following(visit, table, asked, page.after) if page.after else None,
        mask=data.MASK,
        room=range(min(len(asked) + 1, data.MOST_CONDITIONS)),
        address=lambda target, *wishes: _address(visit, target, wishes),
    )


def _asked(visit: Visit) -> list[tuple[str, str, str]]:
    """Return the conditions as they were chosen and typed; an empty choice is none."""
    query = visit.request.query
    columns, hows, values = (query.getall(name, []) for name in ("column", "how", "value"))
    wishes = zip(columns, hows, values, strict=False)
    return [wish for wish in wishes if wish[0]][: data.MOST_CONDITIONS]


def _address(visit: Visit, table: str, wishes: Sequence[tuple[str, str, object]], after: str = "") -> str:
    asked = [pair for column, how, value in wishes for pair in (("column", column), ("how", how), ("value", value))]
    if after:
        asked.append(("after", after))
    query = f"?{urlencode(asked)}" if asked else ""
    return visit.office.addresses.path(f"/admin/data/{table}{query}")


def _following(visit: Visit, table: str, asked: Sequence[tuple[str, str, str]], after: Sequence[int | str]) -> str:
    """Return the address of the next page. Its place is sealed: the keys of some tables are secrets themselves."""
    return _address(visit, table, asked, visit.office.sealer.seal(orjson.dumps(after).decode(), f"data {table}"))


def _opened(visit: Visit, table: str) -> list[int | str] | None:
    sealed = visit.request.query.get("after", "")
    try:
        found: list[int | str] = orjson.loads(visit.office.sealer.open(sealed, f"data {table}"))
    except Unopenable:
        return None
    return found
