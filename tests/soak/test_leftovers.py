"""What an ended line leaves behind: nothing, even though the collector looks seldom."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from aiohttp.web import WebSocketResponse

from tests.patience import eventually
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


def sockets_held() -> list[weakref.ref[WebSocketResponse]]:
    """The server's ends of sockets in memory. Looking through all memory takes long: do it once, not in a loop."""
    return [weakref.ref(each) for each in gc.get_objects() if isinstance(each, WebSocketResponse)]


# Looking through all that is in memory leaves two nodes and their clients in one process no time to talk.
@pytest.mark.only("sqlite", "postgresql")
@pytest.mark.parametrize("end", ["closed", "cut"])
async def test_g11_the_memory_of_an_ended_socket_goes_with_it(served: Served, no_collector: None, end: str) -> None:
    async with served.visitor() as other:
        await begin(other)
        others = sockets_held()  # what earlier tests have left behind, too: a failure's traceback holds sockets
        assert others
        for _ in range(3):
            async with served.visitor() as visitor:
                await begin(visitor)
                held = sockets_held()
                if end == "cut":
                    before = visitor.welcomes
                    visitor.cut()
                    await visitor.until(lambda: visitor.welcomes > before)  # noqa: B023 - awaited here
                    held += sockets_held()
            ended = [each for each in held if each not in others]
            assert ended
            # The committer remembers whom it answered last.
            await other.deliver("still here")
            await eventually(lambda: len(served.desk.connections) == 1 and not any(each() for each in ended))  # noqa: B023 - awaited here
