"""A visitor's lines know of each other only through the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.serving import begin

if TYPE_CHECKING:
    from tests.serving import Served

pytestmark = pytest.mark.everywhere


async def test_a_line_that_was_greeted_before_the_first_message_opens_what_another_line_began(served: Served) -> None:
    async with served.visitor() as first, served.visitor(first.state.token) as second:
        channel = await begin(first, "from the first line")
        await second.show(channel)
        assert second.state.channels[channel].messages[1]["body"] == "from the first line"
        await second.deliver("from the second line", channel)
        await first.until(lambda: first.state.channels[channel].last == 2)
