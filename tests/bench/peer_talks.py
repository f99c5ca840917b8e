"""How the servers of `tests.bench.peers` are started and spoken to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson

from tests.bench.pairs import CheckFailed, Pair, Receipts, body_of, client_id_of, number_in
from tests.bench.served import Served, free_port, peer_command
from tests.bench.wire import Endpoint, binary_frame, text_frame

if TYPE_CHECKING:
    from pathlib import Path

_REF_BASE = 10_000_000
"""References have eight digits, so that every message of a run has the same length."""


def stored_rows(database: Path) -> int:
    """How many messages a database holds."""
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM message").fetchone()[0])


def send_payload(pair: int, number: int) -> bytes:
    """A message as this server's protocol has it; the relay carries the same bytes, so that sizes are alike."""
    client_id = client_id_of(pair, number)
    channel = f"019aa000-0000-7000-8000-{pair:012x}"
    return b'{"t":"send","ref":%d,"client_id":"%b","channel":"%b","body":"%b"}' % (
        _REF_BASE + number,
        client_id.encode(),
        channel.encode(),
        body_of(number).encode(),
    )


class Relay:
    """The bare relay: it acks without saying what, so acks are counted."""

    name = "bare relay"

    def serve(self, folder: Path) -> Served:
        """A fresh server."""
        port = free_port()
        return Served(peer_command("relay", port), port, folder)

    async def join(self, server: Served, number: int, *, receipts: bool) -> Pair:
        """Connect one visitor and one agent."""
        agent = await Endpoint.connect(server.port, f"/relay?pair={number}&side=agent", {})
        visitor = await Endpoint.connect(server.port, f"/relay?pair={number}&side=visitor", {})
        pair = Pair(visitor, agent, lambda n: text_frame(send_payload(number, n)))
        body_at = -2 - len(body_of(0))
        if receipts:
            frame = binary_frame(
                b'{"t":"receipt","channel":"019aa000-0000-7000-8000-000000000000","delivered":1,"seen":1}'
            )
            marks = pair.receipts = Receipts(pair, lambda _: frame, lambda _: frame)
            is_receipt = b'{"t":"receipt"'

            def take_at_visitor(payload: bytes) -> None:
                if payload.startswith(is_receipt):
                    marks.took(visitor=marks.reached_visitor + 1)
                else:
                    pair.took_ack(pair.acked)

            def take_at_agent(payload: bytes) -> None:
                if payload.startswith(is_receipt):
                    marks.took(agent=marks.reached_agent + 1)
                else:
                    pair.took_delivery(number_in(payload[body_at:]))

            visitor.on_message, agent.on_message = take_at_visitor, take_at_agent
        else:
            visitor.on_message = lambda _: pair.took_ack(pair.acked)
            agent.on_message = lambda payload: pair.took_delivery(number_in(payload[body_at:]))
        visitor.after_batch = agent.after_batch = pair.after_batch
        return pair

    def check(self, pairs: list[Pair], folder: Path) -> None:
        """A relay stores nothing that could be checked."""


class SocketIO:
    """One of the two Socket.IO servers.

    Args:
        name: what the table calls it.
        module: which of `tests.bench.peers`.
    """

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self._module = module

    def serve(self, folder: Path) -> Served:
        """A fresh server with an empty database."""
        port = free_port()
        return Served(peer_command(self._module, port, folder / "peer.db"), port, folder)

    async def join(self, server: Served, number: int, *, receipts: bool) -> Pair:
        """Connect one visitor and one agent."""
        agent = await self._connect(server.port, number, "agent")
        visitor = await self._connect(server.port, number, "visitor")
        pair = Pair(visitor, agent, lambda n: text_frame(self._message(number, n)))
        if receipts:
            pair.receipts = Receipts(pair, _receipt, _receipt)

        def take_at_visitor(payload: bytes) -> None:
            if payload.startswith(b"43"):
                answer = orjson.loads(payload[payload.index(b"[") :])[0]
                pair.took_ack(answer["ref"] - _REF_BASE)
            elif payload.startswith(b"42") and pair.receipts is not None:
                pair.receipts.took(visitor=orjson.loads(payload[2:])[1]["seen"])
            else:
                self._take_other(visitor, payload)

        def take_at_agent(payload: bytes) -> None:
            if not payload.startswith(b"42"):
                self._take_other(agent, payload)
                return
            event, data = orjson.loads(payload[2:])
            if event == "message":
                pair.took_delivery(number_in(data["body"]))
            elif pair.receipts is not None:
                pair.receipts.took(agent=data["seen"])

        visitor.on_message, agent.on_message = take_at_visitor, take_at_agent
        visitor.after_batch = agent.after_batch = pair.after_batch
        return pair

    async def _connect(self, port: int, number: int, side: str) -> Endpoint:
        endpoint = await Endpoint.connect(port, "/socket.io/?EIO=4&transport=websocket", {})
        await endpoint.next()
        endpoint.say(b"40")
        await endpoint.next()
        endpoint.say(b"420" + orjson.dumps(["join", str(number), side]))
        answer = await endpoint.next()
        if answer != b'430["joined"]':
            raise CheckFailed(f"{self.name} answered {answer!r} to a join")
        return endpoint

    @staticmethod
    def _message(pair: int, number: int) -> bytes:
        data: dict[str, Any] = {
            "ref": _REF_BASE + number,
            "client_id": client_id_of(pair, number),
            "body": body_of(number),
        }
        return b"42%d" % number + orjson.dumps(["message", data])

    @staticmethod
    def _take_other(endpoint: Endpoint, payload: bytes) -> None:
        if payload != b"2":
            raise CheckFailed(f"an unexpected answer: {payload[:200]!r}")
        endpoint.say(b"3")

    def check(self, pairs: list[Pair], folder: Path) -> None:
        """Every acked message must be a row."""
        expected, found = sum(pair.acked for pair in pairs), stored_rows(folder / "peer.db")
        if expected != found:
            raise CheckFailed(f"{self.name}: {expected} acked, {found} stored")


def _receipt(number: int) -> bytes:
    return text_frame(b'42["receipt",{"delivered":%d,"seen":%d}]' % (number + 1, number + 1))
