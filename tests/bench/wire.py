"""A WebSocket client made for load: no task, no queue and no parsing beyond the frame's head for each message."""

from __future__ import annotations

import asyncio
import base64
import os
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = 0x81
_BINARY = 0x82
_PONG = 0x8A
_CLOSE = 0x88
_MASKED = 0x80
_ZERO_MASK = b"\0\0\0\0"
"""A legal mask that changes nothing: the server unmasks as ever, and the load need not mask."""


def text_frame(payload: bytes, first_byte: int = _TEXT) -> bytes:
    """A client's frame around ``payload`` (up to 64 KiB), ready to be written."""
    size = len(payload)
    if size < 126:
        return bytes((first_byte, _MASKED | size)) + _ZERO_MASK + payload
    return bytes((first_byte, _MASKED | 126)) + size.to_bytes(2, "big") + _ZERO_MASK + payload


def binary_frame(payload: bytes) -> bytes:
    """Like `text_frame`, of the binary kind."""
    return text_frame(payload, _BINARY)


class Endpoint(asyncio.Protocol):
    """One socket. Each data message is given to ``on_message``; after each batch of them ``after_batch`` is called.

    Until ``on_message`` is set, messages are kept for `next`.
    """

    def __init__(self) -> None:
        self.on_message: Callable[[bytes], None] = self._keep
        self.after_batch: Callable[[], None] = _nothing
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._kept: asyncio.Queue[bytes] = asyncio.Queue()
        self._rest = b""
        self._request = b""
        self._transport: asyncio.Transport | None = None
        self._fragments = b""
        self._code = 1006

    @classmethod
    async def connect(
        cls,
        port: int,
        target: str,
        headers: dict[str, str],
        *,
        source: str = "127.0.0.1",
        host: str = "127.0.0.1",
        tls: bool = False,
    ) -> Endpoint:
        """Connect and shake hands.

        Args:
            port: of the server.
            target: path and query.
            headers: more headers, such as Origin.
            source: the loopback address to come from.
            host: the server's address.
            tls: whether to speak TLS.

        Raises:
            ConnectionError: the server did not switch protocols; the text is its answer's first line.
        """
        loop = asyncio.get_running_loop()
        endpoint = cls()
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}:{port}", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        endpoint._request = "\r\n".join([*lines, "", ""]).encode()
        await loop.create_connection(lambda: endpoint, host, port, local_addr=(source, 0), ssl=tls or None)
        await endpoint._opened
        return endpoint

    async def next(self) -> bytes:
        """The next message, while no ``on_message`` is set."""
        return await self._kept.get()

    def write(self, frames: bytes) -> None:
        """Write frames as `text_frame` made them."""
        if self._transport is not None:
            self._transport.write(frames)

    def say(self, payload: bytes) -> None:
        """Write one text message."""
        self.write(text_frame(payload))

    def drop(self) -> None:
        """End the connection without a close frame."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        # uvloop's transports are not of asyncio's class, though they do all that it does.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.closed.done():
            self.closed.set_result(self._code)
        if not self._opened.done():
            self._opened.set_exception(ConnectionError(f"the connection ended during the handshake: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Take the handshake's answer, then cut what comes into messages."""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        if not self._opened.done():
            data = self._shake(data)
        begin, end_of_data = 0, len(data)
        on_message = self.on_message
        while end_of_data - begin >= 2:
            size = data[begin + 1]
            start = begin + 2
            if size == 126:
                start = begin + 4
                size = int.from_bytes(data[begin + 2 : start], "big")
            elif size == 127:
                start = begin + 10
                size = int.from_bytes(data[begin + 2 : start], "big")
            end = start + size
            if end > end_of_data or start > end_of_data:
                break
            if data[begin] == _TEXT or data[begin] == _BINARY:
                on_message(data[start:end])
            else:
                self._take_other(data[begin], data[start:end])
            begin = end
        if begin < end_of_data:
            self._rest = data[begin:]
        self.after_batch()

    def _shake(self, data: bytes) -> bytes:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator:
            self._rest = data
            return b""
        status = head.partition(b"\r\n")[0]
        if b" 101 " in status:
            self._opened.set_result(None)
            return rest
        self._opened.set_exception(ConnectionError(status.decode("latin-1") + rest[:200].decode("latin-1")))
        self.drop()
        return b""

    def _take_other(self, first_byte: int, payload: bytes) -> None:
        kind = first_byte & 0x0F
        if kind == 0x9:
            self.write(text_frame(payload, _PONG))
        elif kind == 0x8:
            self._code = int.from_bytes(payload[:2], "big")
            self.write(text_frame(payload[:2], _CLOSE))
        elif kind in {0x0, 0x1, 0x2}:
            self._fragments += payload
            if first_byte & 0x80:
                whole, self._fragments = self._fragments, b""
                self.on_message(whole)

    def _keep(self, payload: bytes) -> None:
        self._kept.put_nowait(payload)


def _nothing() -> None:
    """Do nothing after a batch."""
