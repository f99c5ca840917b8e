"""What the widget says about the team."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.actions.works import NOW
from widget_server.actions.greeting import KEPT_MS, Reception, availability, do_set_availability
from widget_server.actions.sites import do_update_site
from widget_server.core.errors import Refused
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role

if TYPE_CHECKING:
    from tests.actions.works import Works

OPERATOR = Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))
ALWAYS = {str(day): [["00:00", "24:00"]] for day in range(1, 8)}
NEVER: dict[str, list[list[str]]] = {str(day): [] for day in range(1, 8)}


async def test_a_team_is_online_when_somebody_is_who_may_answer_and_wants_to(works: Works) -> None:
    await works.new_site("other")
    grace = await works.new_agent("Grace")
    stranger = await works.new_agent("Mallory", "other")
    works.engine.presence.enter_console(stranger.author.id)
    reception = Reception(works.engine)
    assert (await reception.state("shop"))["state"] == "away"
    works.engine.presence.enter_console(grace.author.id)
    works.clock.now += KEPT_MS
    state = await reception.state("shop")
    assert (state["state"], [agent["name"] for agent in state["agents"]]) == ("online", ["Grace"])
    await do_set_availability(works.engine, grace.author.id, "away")
    assert await availability(works.engine, grace.author.id) == "away"
    works.clock.now += KEPT_MS
    assert (await reception.state("shop"))["state"] == "away"
    assert await availability(works.engine, 999_999) == "away"


async def test_outside_its_hours_a_team_is_closed_and_says_when_it_opens(works: Works) -> None:
    grace = await works.new_agent("Grace")
    works.engine.presence.enter_console(grace.author.id)
    reception = Reception(works.engine)
    database = works.engine.database
    for days, expected in ((ALWAYS, "online"), (NEVER, "closed")):
        await do_update_site(database, OPERATOR, "shop", {"hours": {"zone": "UTC", "days": days}}, now_ms=NOW)
        works.clock.now += KEPT_MS
        state = await reception.state("shop")
        assert (state["state"], state["opens_at"]) == (expected, None)
    days = NEVER | {"5": [["09:00", "17:00"]]}
    await do_update_site(database, OPERATOR, "shop", {"hours": {"zone": "UTC", "days": days}}, now_ms=NOW)
    works.clock.now += KEPT_MS
    state = await reception.state("shop")
    assert (state["state"], state["opens_at"]) == ("closed", "2026-11-20T09:00:00.000Z")


async def test_answers_are_mailed_where_the_site_wants_it_and_the_installation_can(works: Works) -> None:
    told = []
    for sends_mail, minutes in ((False, 2), (True, 2), (True, 0)):
        works.engine.policy = replace(works.engine.policy, sends_mail=sends_mail)
        await do_update_site(works.engine.database, OPERATOR, "shop", {"answer_minutes": minutes}, now_ms=NOW)
        works.clock.now += KEPT_MS
        told.append((await Reception(works.engine).state("shop"))["mail_answers"])
    assert told == [False, True, False]


async def test_a_greeting_is_read_once_a_second_and_not_for_everybody(works: Works) -> None:
    reception = Reception(works.engine)
    first = await reception.state("shop")
    await do_update_site(works.engine.database, OPERATOR, "shop", {"greeting": "Good day"}, now_ms=NOW)
    assert await reception.state("shop") is first
    works.clock.now += KEPT_MS
    assert (await reception.state("shop"))["greeting"] == "Good day"
    assert works.clock.now == NOW + KEPT_MS


@pytest.mark.parametrize("key", ["nobody", "", "../x", "SHOP"])
async def test_a_site_that_is_not_there_is_told_so(works: Works, key: str) -> None:
    with pytest.raises(Refused, match="unknown_site"):
        await Reception(works.engine).site(key)
