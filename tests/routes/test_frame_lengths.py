"""Messages of every length reach a browser: a WebSocket frame writes its length in one of three ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.serving import begin, command

if TYPE_CHECKING:
    from tests.serving import Served

_LONG = 4_000


async def test_answers_arrive_whole_whether_they_are_short_or_longer_than_64_kib(served: Served) -> None:
    async with served.visitor() as visitor:
        name = await begin(visitor)
        bodies = [f"{number:03}".ljust(_LONG, "x") for number in range(20)]
        for body in bodies:
            await visitor.deliver(body)
        page = await command(visitor, "history", channel=name, before=1_000, limit=50)
        assert [message["body"] for message in page["messages"]] == ["Hello", *bodies]
        await visitor.say({"t": "ping"})
        await visitor.deliver("and on")
