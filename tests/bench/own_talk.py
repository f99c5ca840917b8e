"""How this server is started for measuring, and spoken to."""

from __future__ import annotations

import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from tests.bench.pairs import CheckFailed, Pair, Receipts, body_of, client_id_of, number_in
from tests.bench.peer_talks import stored_rows
from tests.bench.served import Served, Server, free_port
from tests.bench.wire import Endpoint, text_frame
from tests.clients.installation import SITE_KEY, SITE_ORIGIN, Installation, make_installation
from tests.clients.state import fresh_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

_REF_BASE = 10_000_000
_SOCKET = f"/ws/{SITE_KEY}"


class Visitor:
    """A visitor who has begun a conversation: the socket, and what they know of it."""

    endpoint: Endpoint

    def __init__(self, token: str) -> None:
        self.token = token
        self.channel = ""
        self.epoch = ""
        self.version = 0
        self.last_seq = 0

    def know(self, frames: list[dict[str, Any]]) -> None:
        """Take from what came with an opened conversation where it stands."""
        for frame in frames:
            if frame["t"] == "head":
                self.channel, self.epoch = frame["channel"], frame["epoch"]
                self.version, self.last_seq = frame["version"], frame["last_seq"]

    def hello(self) -> dict[str, Any]:
        """The first frame of a later connection, with the position of the one conversation."""
        position = {
            "channel": self.channel,
            "epoch": self.epoch,
            "version": self.version,
            "first": 1,
            "last": self.last_seq,
            "tail": True,
        }
        return {"t": "hello", "v": 1, "token": self.token, "positions": [position]}


async def frames_until(endpoint: Endpoint, kind: str) -> list[dict[str, Any]]:
    """Every frame that comes, up to and with the first of a kind.

    Raises:
        CheckFailed: an error came instead.
    """
    found: list[dict[str, Any]] = []
    while True:
        received = orjson.loads(await endpoint.next())
        frames = received if isinstance(received, list) else [received]
        found.extend(frames)
        if any(frame["t"] == kind for frame in frames):
            return found
        if any(frame["t"] in {"error", "gone"} for frame in frames):
            raise CheckFailed(f"instead of {kind}: {frames}")


async def begin_conversation(port: int, *, source: str = "127.0.0.1") -> Visitor:
    """Connect a new visitor and send their first message."""
    endpoint = await Endpoint.connect(port, _SOCKET, {"Origin": SITE_ORIGIN}, source=source)
    endpoint.say(orjson.dumps({"t": "hello", "v": 1}))
    welcomed = await frames_until(endpoint, "welcome")
    visitor = Visitor(next(frame["token"] for frame in welcomed if frame["t"] == "welcome"))
    visitor.endpoint = endpoint
    first = {"t": "send", "ref": 1, "client_id": fresh_id(), "start": fresh_id(), "body": body_of(0)}
    endpoint.say(orjson.dumps(first))
    visitor.know(await frames_until(endpoint, "synced"))
    return visitor


async def come_back(port: int, visitor: Visitor, *, source: str = "127.0.0.1") -> None:
    """Connect a known visitor again and resume their conversation; without a position it is opened afresh."""
    visitor.endpoint = await Endpoint.connect(port, _SOCKET, {"Origin": SITE_ORIGIN}, source=source)
    visitor.endpoint.say(orjson.dumps(visitor.hello()))
    visitor.know(await frames_until(visitor.endpoint, "synced"))


async def open_as_agent(port: int, installation: Installation, channel: str) -> Endpoint:
    """Connect the agent and open one conversation."""
    endpoint = await Endpoint.connect(port, "/ws/console", installation.agent_headers)
    endpoint.say(orjson.dumps({"t": "hello", "v": 1}))
    await frames_until(endpoint, "welcome")
    endpoint.say(orjson.dumps({"t": "open", "ref": 1, "channel": channel}))
    await frames_until(endpoint, "synced")
    return endpoint


class Own:
    """This server.

    Args:
        template: an installation to copy for every run.
        name: what the table calls it.
        environment: more of its process's environment.
        settings: fields of `Settings` that shall be otherwise.
    """

    name = "widget-server"

    def __init__(
        self,
        template: Installation,
        name: str = name,
        environment: Mapping[str, str] | None = None,
        **settings: str | float,
    ) -> None:
        self.name = name
        self._template = template
        self._environment = environment or {}
        self._settings = settings

    def variant(self, name: str, environment: Mapping[str, str] | None = None, **settings: str | float) -> Own:
        """The same installation, run otherwise."""
        return Own(self._template, name, environment, **settings)

    def serve(self, folder: Path) -> Served:
        """A fresh server on a copy of the template."""
        installation = self.prepared(folder)
        port = free_port()
        command = [sys.executable, "-m", "widget_server", "serve"]
        environment = {**installation.environment(port, **self._settings), **self._environment}
        return Served(command, port, folder, environment)

    def copy(self, seeded: Path, folder: Path) -> None:
        """Let the next server in ``folder`` begin with what one in ``seeded`` has stored."""
        _copy(self.installation(seeded).data_dir, self.installation(folder).data_dir)

    def prepared(self, folder: Path) -> Installation:
        """The copy in ``folder``, made where it is not there yet."""
        installation = self.installation(folder)
        if not installation.data_dir.exists():
            _copy(self._template.data_dir, installation.data_dir)
        return installation

    def installation(self, folder: Path) -> Installation:
        """The copy in ``folder``."""
        return self._template._replace(data_dir=folder / "data")

    async def join(self, server: Server, number: int, *, receipts: bool) -> Pair:
        """Connect one new visitor and the agent who opens their conversation."""
        return await self.pair(server, await begin_conversation(server.port), number, receipts=receipts)

    async def pair(self, server: Server, visitor: Visitor, number: int, *, receipts: bool = False) -> Pair:
        """Connect the agent who opens a visitor's conversation."""
        agent = await open_as_agent(server.agents_port, self._template, visitor.channel)
        pair = Pair(visitor.endpoint, agent, _frames(visitor.channel, number))
        if receipts:
            receipt = _receipts(visitor)
            pair.receipts = Receipts(pair, receipt, receipt)
        _take_frames(pair, visitor)
        return pair

    def check(self, pairs: list[Pair], folder: Path) -> None:
        """Every acked message must be a row, beside the one that began each conversation."""
        expected = sum(pair.acked for pair in pairs) + len(pairs)
        found = stored_rows(self.installation(folder).data_dir / "widget.db")
        if expected != found:
            raise CheckFailed(f"{self.name}: {expected} acked, {found} stored")


@asynccontextmanager
async def own_on_sqlite() -> AsyncGenerator[Own]:
    """This server as a small site runs it."""
    with TemporaryDirectory(prefix="bench-") as folder:
        yield Own(await make_installation(Path(folder) / "data"))


def _copy(data_dir: Path, to: Path) -> None:
    shutil.copytree(data_dir, to, ignore=shutil.ignore_patterns("*.sock", "*.lock"))


def _frames(channel: str, pair: int) -> Callable[[int], bytes]:
    """The function that makes the ``send`` frame of a message from its number."""
    begin = f'{{"t":"send","ref":%d,"client_id":"%s","channel":"{channel}","body":"%s"}}'

    def frame_of(number: int) -> bytes:
        return text_frame((begin % (_REF_BASE + number, client_id_of(pair, number), body_of(number))).encode())

    return frame_of


def _receipts(visitor: Visitor) -> Callable[[int], bytes]:
    """The function that makes the receipt for a message from its number; numbers follow what began the conversation."""
    begin = f'{{"t":"receipt","channel":"{visitor.channel}","epoch":"{visitor.epoch}","delivered":%d,"seen":%d}}'
    before = visitor.last_seq

    def frame_of(number: int) -> bytes:
        seq = before + number + 1
        return text_frame((begin % (seq, seq)).encode())

    return frame_of


def _take_frames(pair: Pair, visitor: Visitor) -> None:
    """Check everything that comes: acks by reference and number, events by number and text."""
    before = visitor.last_seq

    def take_ack(frame: dict[str, Any]) -> None:
        number = frame["ref"] - _REF_BASE
        if frame["seq"] != before + number + 1:
            raise CheckFailed(f"message {number} was numbered {frame['seq']}")
        pair.took_ack(number)

    def take_event(frame: dict[str, Any]) -> None:
        for message in frame["messages"]:
            number = number_in(message["body"])
            if message["seq"] != before + number + 1:
                raise CheckFailed(f"message {number} was delivered as {message['seq']}")
            pair.took_delivery(number)

    def take_marks_at_visitor(frame: dict[str, Any]) -> None:
        if pair.receipts is not None:
            pair.receipts.took(visitor=frame["agents"]["seen"] - before)

    def take_marks_at_agent(frame: dict[str, Any]) -> None:
        if pair.receipts is not None:
            pair.receipts.took(agent=frame["visitor"]["seen"] - before)

    pair.visitor.on_message = _taker(
        {"ack": take_ack, "event": _ignore, "marks": take_marks_at_visitor, "site": _ignore}
    )
    pair.agent.on_message = _taker(
        {"event": take_event, "marks": take_marks_at_agent, "presence": _ignore, "typing": _ignore}
    )
    pair.visitor.after_batch = pair.agent.after_batch = pair.after_batch


def _taker(by_kind: dict[str, Callable[[dict[str, Any]], None]]) -> Callable[[bytes], None]:
    """Hand each frame of a message to the function of its kind; any other kind fails the run."""

    def take(payload: bytes) -> None:
        received = orjson.loads(payload)
        for frame in received if type(received) is list else (received,):
            chosen = by_kind.get(frame["t"])
            if chosen is None:
                raise CheckFailed(f"an unexpected answer: {frame}")
            chosen(frame)

    return take


def _ignore(_frame: dict[str, Any]) -> None:
    """A frame that belongs to the work and says nothing that is checked."""
