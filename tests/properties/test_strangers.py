"""What is not one's own does not exist: the same answer for what is missing and for what is somebody else's (S10)."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.state import fresh_id
from tests.serving import OTHER, SHOP, Served, begin, command, follow

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.clients.socket import SocketClient

pytestmark = pytest.mark.everywhere


class Scene:
    """A visitor's conversation, which an agent of the shop has open, and people whom it does not concern."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.owner: SocketClient
        self.agent: SocketClient
        self.strangers: dict[str, SocketClient] = {}
        self.channel = ""
        self.staff = ""

    def places(self) -> dict[str, str]:
        """The channels that strangers try, and one that does not exist."""
        return {"conversation": self.channel, "staff": self.staff, "missing": fresh_id()}


@pytest.fixture
async def scene(served: Served) -> AsyncGenerator[Scene]:
    scene = Scene(served)
    grace, mallory = await served.staff("Grace", SHOP), await served.staff("Mallory", OTHER)
    async with AsyncExitStack() as stack:
        scene.owner = await stack.enter_async_context(served.visitor())
        scene.agent = await stack.enter_async_context(served.console(grace))
        scene.channel = await begin(scene.owner, "a secret plum")
        _, scene.staff = await follow(scene.agent, scene.channel)
        await scene.agent.deliver("a secret note", scene.staff)
        neighbour = await stack.enter_async_context(served.visitor())
        await begin(neighbour, "something else")
        token = scene.owner.state.token
        scene.strangers = {
            "neighbour": neighbour,
            "nobody": await stack.enter_async_context(served.visitor()),
            "same token on another site": await stack.enter_async_context(served.visitor(token, OTHER)),
            "agent of another site": await stack.enter_async_context(served.console(mallory)),
        }
        yield scene


STRANGERS = ["neighbour", "nobody", "same token on another site", "agent of another site"]
TRIES: dict[str, dict[str, Any]] = {
    "send": {"client_id": fresh_id(), "body": "let me in"},
    "edit": {"seq": 1, "revision": 1, "body": "changed"},
    "remove": {"seq": 1},
    "history": {"before": 100},
}


@pytest.mark.parametrize("who", STRANGERS)
async def test_s10_a_channel_of_others_is_gone(scene: Scene, who: str) -> None:
    stranger = scene.strangers[who]
    answers = []
    for place in scene.places().values():
        answer = await stranger.ask({"t": "open", "ref": stranger.state.ref(), "channel": place})
        answers.append({key: value for key, value in answer.items() if key not in {"ref", "channel"}})
    assert answers == [{"t": "gone"}] * 3


@pytest.mark.parametrize("kind", TRIES)
@pytest.mark.parametrize("who", STRANGERS)
async def test_s10_nothing_can_be_done_in_a_channel_of_others(scene: Scene, who: str, kind: str) -> None:
    stranger = scene.strangers[who]
    before = scene.owner.state.channels[scene.channel].lists()
    for place in scene.places().values():
        answer = await command(stranger, kind, channel=place, **TRIES[kind])
        assert answer["name"] == "not_found"
    assert scene.owner.state.channels[scene.channel].lists() == before


@pytest.mark.parametrize("kind", ["assign", "status"])
async def test_s10_an_agent_of_another_site_cannot_command(scene: Scene, kind: str) -> None:
    stranger = scene.strangers["agent of another site"]
    fields: dict[str, Any] = {"assignee": None} if kind == "assign" else {"status": "spam"}
    for place in scene.places().values():
        assert (await command(stranger, kind, channel=place, **fields))["name"] == "not_found"
    assert (await command(scene.owner, kind, channel=scene.channel, **fields))["name"] == "not_allowed"


@pytest.mark.parametrize("who", STRANGERS)
async def test_s10_p6_receipts_and_typing_of_strangers_reach_nobody(scene: Scene, who: str) -> None:
    stranger = scene.strangers[who]
    epoch = scene.served.engine.epoch
    for place in (scene.channel, scene.staff):
        await stranger.say(
            {"t": "receipt", "channel": place, "epoch": epoch, "delivered": 1, "seen": 1},
            {"t": "typing", "channel": place, "on": True},
        )
    await stranger.ask({"t": "history", "ref": stranger.state.ref(), "channel": scene.channel, "before": 9})
    await scene.owner.deliver("still here", scene.channel)
    await scene.agent.until(lambda: scene.agent.state.channels[scene.channel].last == 2)
    marks = scene.agent.state.channels[scene.channel].marks
    assert marks["agents"] == {"delivered": 0, "seen": 0}
    assert scene.agent.state.typing == scene.owner.state.typing == []


async def test_s10_lists_and_search_show_ones_own_sites_only(scene: Scene) -> None:
    stranger = scene.strangers["agent of another site"]
    view = {"status": "open", "who": "all"}
    rows = await command(stranger, "inbox", view=view)
    assert (rows["rows"], rows["counts"]) == ([], [])
    assert (await command(stranger, "search", text="plum"))["hits"] == []
    assert len((await command(scene.agent, "search", text="plum"))["hits"]) == 1
    await command(scene.agent, "inbox", view=view)
    await scene.owner.deliver("more", scene.channel)
    await scene.agent.until(lambda: scene.agent.state.rows.get(scene.channel, {}).get("last_seq") == 2)
    assert stranger.state.rows == {}


@pytest.mark.parametrize("who", STRANGERS[:3])
async def test_s10_posts_and_streams_of_strangers_find_nothing(scene: Scene, who: str) -> None:
    site = OTHER if "another site" in who else SHOP
    async with scene.served.fallback(scene.strangers[who].state.token, site) as fallback:
        for kind, fields in TRIES.items():
            assert (await command(fallback, kind, channel=scene.channel, **fields))["name"] == "not_found"
        shown = await fallback.show(scene.channel)
        assert shown.gone


async def test_s10_a_visitor_never_sees_the_staff_channel_of_their_own_conversation(scene: Scene) -> None:
    owner = scene.owner
    assert (await owner.ask({"t": "open", "ref": owner.state.ref(), "channel": scene.staff}))["t"] == "gone"
    for kind, fields in TRIES.items():
        assert (await command(owner, kind, channel=scene.staff, **fields))["name"] == "not_found"
    assert owner.state.presence == []
    assert "secret note" not in str(vars(owner.state))
    assert scene.staff not in str([vars(channel) for channel in owner.state.channels.values() if not channel.gone])


async def test_nobody_changes_what_somebody_else_wrote(scene: Scene) -> None:
    note = await scene.agent.deliver("an answer", scene.channel)
    for kind, fields in (("edit", {"revision": 1, "body": "changed"}), ("remove", {})):
        refused = await command(scene.owner, kind, channel=scene.channel, seq=note["seq"], **fields)
        assert refused["name"] == "not_found"
        refused = await command(scene.agent, kind, channel=scene.channel, seq=1, **fields)
        assert refused["name"] == "not_found"


async def test_a_conversation_is_given_only_to_somebody_who_may_read_it(scene: Scene) -> None:
    for nobody in (scene.strangers["agent of another site"].state.person, scene.owner.state.person):
        person = (nobody or {"id": fresh_id()})["id"]
        assert (await command(scene.agent, "assign", channel=scene.channel, assignee=person))["name"] == "not_found"
    grace = (scene.agent.state.person or {})["id"]
    assert (await command(scene.agent, "assign", channel=scene.channel, assignee=grace))["t"] == "done"
