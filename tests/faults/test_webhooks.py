"""G20: a server that is killed between the commit and the sending loses no event of an acknowledged message."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.clients.installation import SITE_KEY
from tests.faults.talker import Talker, acked
from tests.routes.programs import Program
from tests.routes.sinks import LOCAL, sink
from widget_server.actions.agents import list_agents
from widget_server.actions.tokens import do_make_token, new_token
from widget_server.core.scopes import Scope
from widget_server.settings import Settings
from widget_server.store.engines import database_of

if TYPE_CHECKING:
    from tests.faults.stage import Stage

_VISITORS = 3
_KILLS = 3
_SEED = 20


async def make_token(stage: Stage) -> str:
    """A token of the installation's administrator, made while nobody serves."""
    installation = stage.installation
    found = stage.backend.settings(installation.data_dir)
    database = database_of(Settings(mode="testing", **found).database_url)
    text = new_token(secrets.token_bytes(32))
    await database.open()
    try:
        (agent,) = await list_agents(database)
        await do_make_token(
            database,
            agent.actor,
            name="A program",
            scopes=list(Scope),
            days=None,
            now_ms=agent.created_at,
            random=secrets.token_bytes,
            text=text,
        )
    finally:
        await database.close()
    return text


@pytest.mark.only("sqlite", "postgresql")
async def test_g20_a_killed_server_loses_no_event_of_an_acknowledged_message(stage: Stage) -> None:
    chance = random.Random(_SEED)
    token = await make_token(stage)
    async with sink() as target, stage.serve(outgoing_allowed=LOCAL) as cluster:
        async with aiohttp.ClientSession() as http:
            program = Program(http, cluster.for_agents, token)
            wanted = {"url": target.url, "topics": ["message.created"], "site": SITE_KEY}
            target.secret = (await program.call("POST", "/webhooks", wanted))["secret"]
        talkers = [Talker(await stage.visitor(cluster.for_visitors), pause=0.02) for _ in range(_VISITORS)]
        for _ in range(_KILLS):
            await acked(talkers[0].client, chance.randint(10, 40))
            await cluster.kill(0)
            await cluster.start(0)
        for talker in talkers:
            await talker.stop()
        expected = {}
        for talker in talkers:
            name = talker.client.state.channel_of_start
            assert name is not None
            expected[name] = list(range(1, len(talker.written) + 1))

        def arrived() -> dict[str, list[int]]:
            """For each channel the numbers, each where it came first."""
            seen: dict[str, dict[int, None]] = {}
            for event in target.taken:
                seen.setdefault(event["conversation"], {})[event["data"]["seq"]] = None
            return {name: list(numbers) for name, numbers in seen.items()}

        await target.until(lambda: sum(map(len, arrived().values())) >= sum(map(len, expected.values())))
        assert arrived() == expected
