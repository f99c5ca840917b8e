"""Canned replies are shared by the team and found by a shortcut that is theirs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from widget_server.actions.canned import do_create_canned, do_remove_canned, do_update_canned, list_canned
from widget_server.core.errors import ProductError, Refused, Unacceptable

if TYPE_CHECKING:
    from widget_server.store.database import Database

NOW = 1_795_000_000_000


async def test_replies_are_listed_by_shortcut_and_can_be_changed_and_removed(database: Database) -> None:
    thanks = await do_create_canned(database, 0, shortcut="/Thanks", body="Thank you, {name}.", now_ms=NOW)
    hello = await do_create_canned(database, 0, shortcut="hello", body="Hello\nthere", now_ms=NOW)
    assert await list_canned(database) == [hello, thanks]
    assert thanks.shortcut == "thanks"
    changed = await do_update_canned(database, 0, thanks.id, shortcut="thx", body="Thanks.", now_ms=NOW)
    assert changed in await list_canned(database)
    await do_remove_canned(database, 0, thanks.id, now_ms=NOW)
    await do_remove_canned(database, 0, thanks.id, now_ms=NOW)
    assert await list_canned(database) == [hello]


async def test_a_shortcut_is_taken_once_but_a_reply_keeps_its_own(database: Database) -> None:
    hello = await do_create_canned(database, 0, shortcut="hello", body="Hello", now_ms=NOW)
    other = await do_create_canned(database, 0, shortcut="other", body="Other", now_ms=NOW)
    with pytest.raises(Unacceptable, match="taken"):
        await do_create_canned(database, 0, shortcut="HELLO", body="Again", now_ms=NOW)
    with pytest.raises(Unacceptable, match="taken"):
        await do_update_canned(database, 0, other.id, shortcut="hello", body="Other", now_ms=NOW)
    await do_update_canned(database, 0, hello.id, shortcut="hello", body="Hello again", now_ms=NOW)


async def test_a_reply_that_is_gone_cannot_be_changed(database: Database) -> None:
    with pytest.raises(Refused, match="not_found"):
        await do_update_canned(database, 0, 7, shortcut="hello", body="Hello", now_ms=NOW)


@pytest.mark.parametrize(
    ("shortcut", "body"),
    [("", "x"), ("two words", "x"), ("a/b", "x"), ("x" * 41, "x"), (7, "x"), ("ok", ""), ("ok", 7), ("ok", "x" * 4001)],
)
async def test_what_is_no_reply_is_refused(database: Database, shortcut: object, body: object) -> None:
    with pytest.raises(ProductError):
        await do_create_canned(database, 0, shortcut=shortcut, body=body, now_ms=NOW)
    assert await list_canned(database) == []
