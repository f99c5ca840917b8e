"""What a client holds after a history of events, compared with what somebody is told who comes anew (G09)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.socket import SocketClient
    from tests.clients.state import ChannelState, Frame


def picture(channel: ChannelState) -> dict[str, Any]:
    """Everything that a client knows of a channel, from one message on, in a form that compares.

    The name beside a message is left out: it is its author's present name, which no version counts.
    """
    messages = {
        seq: {**message, "author": {**message["author"], "name": None}} for seq, message in channel.messages.items()
    }
    head = channel.head or {}
    return {
        "epoch": channel.epoch,
        "version": channel.version,
        "messages": messages,
        "head": head.get("head"),
        "state": head.get("state"),
        "marks": channel.marks,
        "staff": channel.staff,
    }


async def agree(held: SocketClient, anew: SocketClient, name: str) -> None:
    """Let ``anew`` open the channel, and compare; both get time to hear what is on its way."""
    fresh = await anew.show(name)
    channel = held.state.channels[name]
    last = channel.last
    await either_hears(held, anew, lambda: picture(channel) == picture(fresh))
    assert picture(channel) == picture(fresh)
    assert channel.last >= last
    assert held.state.violations == []
    assert anew.state.violations == []


async def either_hears(one: SocketClient, other: SocketClient, agreed: Callable[[], bool], seconds: float = 20) -> None:
    """Return once ``agreed()``, or when neither has heard what makes it so in time.

    A receipt is not acknowledged: a newcomer may have read before it was stored, and either may be told of it last.
    """
    waits = [asyncio.create_task(client.until(agreed, seconds)) for client in (one, other)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


def list_of(client: SocketClient) -> dict[str, Frame]:
    """The rows a console holds, without those that are gone."""
    return {name: row for name, row in client.state.rows.items() if not row.get("gone")}
