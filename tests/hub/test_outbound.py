"""One connection's queue and writer: nobody waits for the slowest (G10)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.patience import PATIENCE_SECONDS
from widget_server.hub import outbound as outbound_module
from widget_server.hub.outbound import Outbound, Turn
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from collections.abc import Callable


class Peer:
    """The other end of a line: reads as long as it wants to."""

    def __init__(self, frames_max: int = 8, bytes_max: int = 1000, turn: Turn | None = None) -> None:
        self.messages: list[bytes] = []
        self.closed: list[tuple[int, bytes]] = []
        self.aborted = 0
        self.slow = 0
        self.reads = asyncio.Event()
        self.reads.set()
        self.answers_close = True
        self.changed = asyncio.Event()
        self.broken: BaseException | None = None
        self.takes_at_once = True
        self.fails: BaseException | None = None
        self.line = Outbound(
            turn or Turn(),
            self._write_now,
            self._write,
            self._close,
            self._abort,
            frames_max=frames_max,
            bytes_max=bytes_max,
            slow=self._count_slow,
        )

    def _write_now(self, data: bytes) -> bool:
        if self.fails is not None:
            raise self.fails
        if not self.takes_at_once or not self.reads.is_set() or self.broken is not None:
            return False
        self.messages.append(data)
        self.changed.set()
        return True

    async def _write(self, data: bytes) -> None:
        if not self.reads.is_set():
            await self.reads.wait()
        if self.broken is not None:
            raise self.broken
        self.messages.append(data)
        self.changed.set()

    async def _close(self, code: int, reason: bytes) -> None:
        if not self.answers_close:
            await asyncio.Event().wait()
        if self.broken is not None:
            raise self.broken
        self.closed.append((code, reason))

    def _abort(self) -> None:
        self.aborted += 1
        self.changed.set()

    def _count_slow(self) -> None:
        self.slow += 1

    @property
    def frames(self) -> list[object]:
        found: list[object] = []
        for data in self.messages:
            decoded = orjson.loads(data)
            found += decoded if isinstance(decoded, list) else [decoded]
        return found

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


async def test_frames_arrive_in_order_and_those_of_one_turn_as_one_message() -> None:
    peer = Peer()
    peer.line.push(b"1")
    peer.line.push(b"2")
    await peer.until(lambda: bool(peer.messages))
    peer.line.push(b"3")
    await peer.line.finished()
    assert peer.messages == [b"[1,2]", b"3"]


async def test_what_cannot_be_written_at_once_is_waited_for_and_comes_in_order() -> None:
    peer = Peer()
    peer.line.push(b"1")
    await peer.line.finished()
    peer.takes_at_once = False
    peer.line.push(b"2")
    await peer.line.finished()
    peer.takes_at_once = True
    peer.line.push(b"3")
    await peer.line.finished()
    assert peer.messages == [b"1", b"2", b"3"]


async def test_lines_of_one_turn_are_written_together_and_a_broken_one_harms_none_of_them() -> None:
    turn = Turn()
    peers = [Peer(turn=turn) for _ in range(3)]
    peers[1].fails = ValueError("a mistake of ours")
    for peer in peers:
        peer.line.push(b"1")
    await asyncio.sleep(0)
    assert [peer.messages for peer in peers] == [[b"1"], [], [b"1"]]


async def test_frames_wait_together_for_a_reader_that_pauses() -> None:
    peer = Peer()
    peer.reads.clear()
    peer.line.push(b"1")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for number in (2, 3, 4):
        peer.line.push(str(number).encode())
    peer.reads.set()
    await peer.line.finished()
    assert peer.messages == [b"1", b"[2,3,4]"]


async def test_a_burst_within_one_turn_is_no_slow_reader() -> None:
    peer = Peer(frames_max=8)
    for number in range(100):
        peer.line.push(str(number).encode())
    await peer.line.finished()
    assert peer.frames == list(range(100))
    assert (peer.slow, peer.closed) == (0, [])


@pytest.mark.parametrize("limit", ["frames", "bytes"])
async def test_s39_a_reader_that_does_not_keep_up_is_closed_and_loses_only_its_own_line(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_module, "CLOSING_S", 0.01)
    stuck, other = Peer(), Peer()
    stuck.reads.clear()
    stuck.line.push(b"0")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for number in range(20):
        stuck.line.push(b"0" if limit == "frames" else b'"' + b"x" * 500 + b'"')
        other.line.push(str(number).encode())
        await other.line.finished()
    assert stuck.slow == 1
    assert stuck.line.closing
    assert other.frames == list(range(20))
    await stuck.until(lambda: stuck.aborted == 1)
    assert stuck.messages == []
    stuck.reads.set()
    await stuck.line.finished()
    assert [code for code, _ in stuck.closed] == [CloseCode.SLOW]


async def test_what_was_queued_leaves_before_the_close_and_nothing_after_it() -> None:
    peer = Peer()
    peer.line.push(b"1")
    peer.line.end(CloseCode.RESTART, 1500)
    peer.line.push(b"2")
    peer.line.end(CloseCode.MALFORMED)
    await peer.line.finished()
    assert peer.messages == [b"1"]
    assert peer.closed == [(CloseCode.RESTART, b'{"retry_after":1500}')]


async def test_a_close_without_a_hint_has_no_reason() -> None:
    peer = Peer()
    peer.line.end(CloseCode.SIGNED_OUT)
    await peer.line.finished()
    assert peer.closed == [(CloseCode.SIGNED_OUT, b"")]


async def test_a_peer_that_does_not_answer_the_close_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_module, "CLOSING_S", 0.01)
    peer = Peer()
    peer.answers_close = False
    peer.line.end(CloseCode.RESTART)
    await peer.line.finished()
    assert peer.aborted == 1


@pytest.mark.parametrize("error", [ConnectionResetError(), RuntimeError("the transport is closing")])
async def test_a_line_that_breaks_while_it_is_written_breaks_nothing_else(error: BaseException) -> None:
    peer = Peer()
    peer.broken = error
    peer.line.push(b"1")
    await peer.line.finished()
    peer.line.push(b"2")
    peer.line.end(CloseCode.RESTART)
    await peer.line.finished()
    assert (peer.messages, peer.closed) == ([], [])


async def test_a_line_that_has_nothing_to_say_is_finished() -> None:
    await Peer().line.finished()


async def test_a_line_that_is_told_to_go_while_its_reader_hangs_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_module, "CLOSING_S", 0.01)
    peer = Peer()
    peer.reads.clear()
    peer.line.push(b"1")
    await asyncio.sleep(0)
    peer.line.end(CloseCode.RESTART)
    await peer.until(lambda: peer.aborted == 1)
    peer.reads.set()
    await peer.line.finished()
