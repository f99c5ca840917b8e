"""What administrators choose for the whole installation, and what of it is written down."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import orjson
import pytest
from PIL import Image
from sqlalchemy import select

from tests.actions.crowd import NOW, make_administrator, make_member
from widget_server.actions.community import (
    Community,
    CommunityReader,
    CommunityText,
    check_registration,
    do_change_community,
    do_set_logo,
)
from widget_server.actions.engine import Clock
from widget_server.actions.pictures import Pictures, access_picture
from widget_server.actions.profiles import do_set_picture
from widget_server.core.errors import Refused, Unacceptable
from widget_server.store.statement import Statement
from widget_server.store.tables import audit

if TYPE_CHECKING:
    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database

AUDITED = Statement(
    select(audit.c.actor_id, audit.c.verb, audit.c.object_id, audit.c.details)
    .where(audit.c.verb == "installation.changed")
    .order_by(audit.c.id)
)
TEXT = CommunityText("Plum Club", "Come in.", "approved", "Be kind.", "We keep little.", agents_need_factor=True)


class StillClock(Clock):
    """A clock that is moved by hand."""

    at_ms = 0

    def monotonic_ms(self) -> int:
        return self.at_ms


async def test_each_change_is_kept_and_written_down(database: Database, passwords: Passwords) -> None:
    root = await make_administrator(database, passwords)
    changed = await do_change_community(database, root.actor, TEXT, now_ms=NOW)
    assert changed == ["name", "welcome", "registration", "terms", "privacy", "agents_need_factor"]
    assert await do_change_community(database, root.actor, TEXT, now_ms=NOW) == []
    assert await do_change_community(database, root.actor, TEXT._replace(registration="closed"), now_ms=NOW)
    first, second = await database.read(lambda tx: tx.all(AUDITED))
    assert first[:3] == second[:3] == (root.person_id, "installation.changed", "community")
    assert orjson.loads(first[3])["name"] == "Plum Club"
    assert "terms" not in {*orjson.loads(first[3])}
    assert orjson.loads(second[3]) == {"changed": ["registration"], "registration": "closed"}
    read = await CommunityReader(database, Clock()).read()
    assert read == Community(**TEXT._replace(registration="closed")._asdict())


async def test_only_who_administers_now_may(database: Database, passwords: Passwords) -> None:
    ada = await make_member(database, passwords)
    with pytest.raises(Refused, match="not_allowed"):
        await do_change_community(database, ada.actor, TEXT, now_ms=NOW)
    with pytest.raises(Refused, match="not_allowed"):
        await do_set_logo(database, ada.actor, b"RIFF", now_ms=NOW)
    assert await database.read(lambda tx: tx.all(AUDITED)) == []


async def test_another_node_knows_it_within_a_second(database: Database, passwords: Passwords) -> None:
    root = await make_administrator(database, passwords)
    clock = StillClock()
    elsewhere = CommunityReader(database, clock)
    assert (await elsewhere.read()).name == "Support chat"
    await do_change_community(database, root.actor, TEXT, now_ms=NOW)
    clock.at_ms += 1_000
    assert (await elsewhere.read()).name == "Plum Club"


async def test_the_logo_is_a_picture_that_goes_when_another_takes_its_place(
    database: Database, passwords: Passwords
) -> None:
    root = await make_administrator(database, passwords)
    bodies = []
    for colour in ("red", "blue"):
        written = io.BytesIO()
        Image.new("RGB", (400, 100), colour).save(written, "PNG")
        bodies.append(await Pictures().reencode(written.getvalue(), "whole"))
    reader = CommunityReader(database, Clock())
    await do_set_logo(database, root.actor, bodies[0], now_ms=NOW)
    first = (await reader.read()).logo
    assert first is not None
    assert (await access_picture(database, first)).body == bodies[0]
    # Somebody's picture may be the same one: then it stays for them, and the logo for the installation.
    await do_set_picture(database, root.actor, root.public_id, bodies[0], now_ms=NOW)
    await do_set_picture(database, root.actor, root.public_id, None, now_ms=NOW)
    assert (await access_picture(database, first)).body == bodies[0]
    await do_set_logo(database, root.actor, bodies[1], now_ms=NOW)
    with pytest.raises(Refused, match="not_found"):
        await access_picture(database, first)
    await do_set_logo(database, root.actor, None, now_ms=NOW)
    await do_set_logo(database, root.actor, None, now_ms=NOW)
    reader.forget()
    assert (await reader.read()).logo is None
    assert len(await database.read(lambda tx: tx.all(AUDITED))) == 3


@pytest.mark.parametrize("wrong", ["", "Open", "everybody", "{{7*7}}"])
def test_who_may_join_is_one_of_four(wrong: str) -> None:
    with pytest.raises(Unacceptable, match="bad_choice"):
        check_registration(wrong)
