"""What an ended line leaves behind: nothing, even though the collector looks seldom."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest
from aiohttp.web import WebSocketResponse

from tests.serving import begin

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.serving import Served


@pytest.fixture
def no_collector() -> Generator[None]:
    """Only what no reference holds goes."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def sockets_held() -> int:
    """How many of the server's ends of sockets are in memory."""
    return sum(isinstance(each, WebSocketResponse) for each in gc.get_objects())


# Looking through all that is in memory leaves two nodes and their clients in one process no time to talk.
@pytest.mark.only("sqlite", "postgresql")
@pytest.mark.parametrize("end", ["closed", "cut"])
async def test_g11_the_memory_of_an_ended_socket_goes_with_it(served: Served, no_collector: None, end: str) -> None:
    async with served.visitor() as other:
        await begin(other)
        for _ in range(3):
            async with served.visitor() as visitor:
                await begin(visitor)
                if end == "cut":
                    before = visitor.welcomes
                    visitor.cut()
                    await visitor.until(lambda: visitor.welcomes > before)  # noqa: B023 - awaited here
            # The committer remembers whom it answered last.
            await other.deliver("still here")
            async with asyncio.timeout(10):
                while len(served.desk.connections) > 1 or sockets_held() > 1:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0)
