"""The list of erasures beside the database: what is cut off, what comes back, what nodes tell each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.actions.crowd import NOW, make_member
from tests.actions.works import at_work
from widget_server.actions.accounts import access_account
from widget_server.actions.passwords import Passwords
from widget_server.actions.personal_data import do_delete_account, list_erased
from widget_server.ops.erasures import NAME, add_to_list, read_list, settle
from widget_server.store.contents import ERASURES_DUE
from widget_server.store.installation import put_value, read_value

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.store.database import Database


def test_a_line_that_was_cut_off_hides_no_other(tmp_path: Path) -> None:
    assert read_list(tmp_path) == {}
    add_to_list(tmp_path, {"a": 1_000, "b": 2_000})
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"person":"torn","a')
    add_to_list(tmp_path, {"b": 9_000, "c": 3_000})
    add_to_list(tmp_path, {"c": 9_000})
    assert read_list(tmp_path) == {"a": 1_000, "b": 2_000, "c": 3_000}
    assert (tmp_path / NAME).read_bytes().count(b"person") == 4


def test_only_the_owner_of_the_server_reads_it(tmp_path: Path) -> None:
    add_to_list(tmp_path, {"a": 1_000})
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


async def test_p7_a_start_erases_who_came_back_and_learns_whom_others_erased(
    database: Database, tmp_path: Path
) -> None:
    passwords = Passwords(memory_kib=8, passes=1)
    try:
        ada, bob, eve, zoe = [await make_member(database, passwords, name) for name in ("Ada", "Bob", "Eve", "Zoe")]
    finally:
        passwords.close()
    # Another node was asked by Ada, a restore left word of Bob, this node's list has Eve.
    async with at_work(database) as works:
        await do_delete_account(works.engine, ada.person_id)
    await database.write(lambda tx: put_value(tx, ERASURES_DUE, f'["{bob.public_id}"]'))
    add_to_list(tmp_path, {eve.public_id: NOW, "somebody of another past": NOW})
    assert await settle(database, tmp_path, NOW) == 2
    erased = {ada.public_id, bob.public_id, eve.public_id}
    assert set(await list_erased(database)) == erased
    assert set(read_list(tmp_path)) == {*erased, "somebody of another past"}
    assert await database.read(lambda tx: read_value(tx, ERASURES_DUE)) == "[]"
    assert (await access_account(database, zoe.person_id)).name == "Zoe"
    assert await settle(database, tmp_path, NOW) == 0
