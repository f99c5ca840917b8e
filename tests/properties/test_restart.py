"""What outlives the process, and what a client notices when the database was swapped under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.properties.agreement import agree, picture
from tests.serving import begin, follow, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend

pytestmark = pytest.mark.everywhere


@pytest.mark.parametrize("is_swapped", [False, True])
async def test_a_restart_keeps_everything_and_a_swapped_database_is_loaded_afresh(
    tmp_path: Path, backend: Backend, is_swapped: bool
) -> None:
    home = tmp_path / "home"
    async with serving(home, backend) as served:
        visitor = served.visitor()
        async with visitor, served.console(await served.staff("Grace")) as console:
            name = await begin(visitor)
            await follow(console, name)
            await console.deliver("an answer", name)
            await visitor.until(lambda: visitor.state.channels[name].last == 2)
            await visitor.say(visitor.state.receipt(name, seen=True))
            await console.until(lambda: console.state.channels[name].marks["visitor"]["seen"] == 2)
            await visitor.until(lambda: visitor.state.channels[name].marks["visitor"]["seen"] == 2)
        before = picture(visitor.state.channels[name])
    if is_swapped:
        backend.swap(home)
    async with serving(home, backend) as served:
        back, anew = served.visitor(visitor.state.token), served.visitor(visitor.state.token)
        held = back.state.channels[name] = visitor.state.channels[name]
        held.forget_requests()
        async with back, anew:
            await back.until(lambda: held.is_settled)
            await agree(back, anew, name)
            assert (held.epoch != before["epoch"]) is is_swapped
            assert picture(held) | {"epoch": ""} == before | {"epoch": ""}
            assert (await back.deliver("still here", name))["seq"] == 3
