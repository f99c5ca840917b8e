"""What a client holds after a history of events, compared with what somebody is told who comes anew (G09)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    """Let ``anew`` open the channel, and compare; ``held`` gets time to hear what is on its way."""
    fresh = await anew.show(name)
    channel = held.state.channels[name]
    last = channel.last
    expected = picture(fresh)
    try:
        await held.until(lambda: picture(channel) == expected, 5)
    except TimeoutError:
        assert picture(channel) == expected
    assert channel.last >= last
    assert held.state.violations == []
    assert anew.state.violations == []


def list_of(client: SocketClient) -> dict[str, Frame]:
    """The rows a console holds, without those that are gone."""
    return {name: row for name, row in client.state.rows.items() if not row.get("gone")}
