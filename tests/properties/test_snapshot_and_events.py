"""Whatever happens: what a client holds and then hears is what somebody who comes anew is told (G09, G22)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.talk import DEEDS, Talk, agent_writes, list_all, talking, visitor_writes
from widget_server.actions.inbox import CHANGED_MAX

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.engines.backends import Backend

pytestmark = pytest.mark.everywhere


@pytest.fixture
async def talk(tmp_path: Path, backend: Backend) -> AsyncGenerator[Talk]:
    async with talking(tmp_path / "talk", backend) as talk:
        yield talk


@pytest.mark.parametrize("deed", DEEDS)
async def test_every_deed_is_told_as_it_is_stored(talk: Talk, deed: str) -> None:
    await visitor_writes(talk)
    await agent_writes(talk)
    await DEEDS[deed](talk)
    await talk.check()


@pytest.mark.parametrize("before", ["resolved", "snoozed", "pending", "marked_as_spam"])
@pytest.mark.parametrize(
    "deed", ["visitor_writes", "agent_writes", "agent_notes", "snooze_ends", "opened", "visitor_edits"]
)
async def test_every_deed_in_every_status_is_told_as_it_is_stored(talk: Talk, before: str, deed: str) -> None:
    await DEEDS[before](talk)
    await DEEDS[deed](talk)
    await talk.check()


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(DEEDS)), min_size=4, max_size=12))
async def test_g09_any_history_is_told_as_it_is_stored(backend: Backend, history: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with talking(Path(folder) / "talk", backend) as talk:
            for deed in history:
                await DEEDS[deed](talk)
            await talk.check()


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(DEEDS)), min_size=3, max_size=10))
async def test_g09_g22_any_history_is_caught_up_with_by_who_was_away(backend: Backend, history: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with talking(Path(folder) / "talk", backend) as talk, talk.served.console(talk.other) as busy:
            present, talk.console = talk.console, busy
            await list_all(busy)
            for name in (talk.channel, talk.staff):
                await busy.show(name)
            await present.leave()
            present.state.disconnected()
            for deed in history:
                await DEEDS[deed](talk)
            present.connect()
            await present.resumed()
            talk.console = present
            await talk.check()
            await present.leave()


async def test_a_list_that_was_away_agrees_with_a_fresh_one(talk: Talk) -> None:
    await talk.console.leave()
    talk.console.state.disconnected()
    for deed in ("visitor_writes", "second_conversation", "visitor_edits", "visitor_tells_a_name"):
        await DEEDS[deed](talk)
    talk.console.connect()
    await talk.console.resumed()
    await talk.check()
    assert talk.console.state.list_resets == 0
    await talk.console.leave()


async def test_a_list_that_was_away_for_too_long_is_loaded_afresh_and_agrees(talk: Talk) -> None:
    await talk.console.leave()
    talk.console.state.disconnected()
    async with talk.served.visitor() as visitor:
        for _ in range(CHANGED_MAX + 1):
            visitor.state.start = visitor.state.channel_of_start = None
            await visitor.deliver("Hello")
    talk.console.connect()
    await talk.console.resumed()
    await talk.console.until(lambda: talk.console.state.list_resets == 1)
    await list_all(talk.console)
    await talk.check()
    await visitor_writes(talk)
    await talk.check()
    await talk.console.leave()
