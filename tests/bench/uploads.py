"""What taking a file of 20 MB in costs the server: processor time from the first byte to the last acknowledged one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import aiohttp

from tests.bench import machine
from tests.bench.pairs import CheckFailed
from tests.bench.served import Served, free_port, peer_command
from tests.clients.state import fresh_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.bench.own_talk import Own

BYTES = 20_000_000
_FILES = 5
_BODY = b"PK\x03\x04" + bytes(range(256)) * (BYTES // 256 + 1)


async def ours(own: Own, folder: Path) -> dict[str, float]:
    """This server: a resumable upload that comes in one piece."""
    installation = own.installation(folder)
    async with own.variant(own.name, log_level="warning").serve(folder) as server:
        base = f"http://127.0.0.1:{server.port}"
        headers = {**installation.agent_headers, "Tus-Resumable": "1.0.0"}

        async def send(http: aiohttp.ClientSession) -> None:
            told = f"name {_encoded('plums.zip')},client_id {_encoded(fresh_id())}"
            announced = {**headers, "Upload-Length": str(BYTES), "Upload-Metadata": told}
            async with http.post(f"{base}/files", headers=announced) as answer:
                place = answer.headers["Location"]
            piece = {**headers, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            async with http.patch(base + place, headers=piece, data=_BODY[:BYTES]) as answer:
                if (answer.status, answer.headers["Upload-Offset"]) != (204, str(BYTES)):
                    raise CheckFailed(f"{answer.status} after {answer.headers['Upload-Offset']} bytes")

        return await _cost(server.pid, send)


async def bare(folder: Path) -> dict[str, float]:
    """The bare server."""
    port = free_port()
    async with Served(peer_command("bare_upload", port, folder / "file"), port, folder) as server:

        async def send(http: aiohttp.ClientSession) -> None:
            async with http.put(f"http://127.0.0.1:{port}/{fresh_id()}", data=_BODY[:BYTES]) as answer:
                if answer.status != 204:
                    raise CheckFailed(str(answer.status))

        return await _cost(server.pid, send)


async def _cost(pid: int, send: Callable[[aiohttp.ClientSession], Awaitable[None]]) -> dict[str, float]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        await send(http)
        before = machine.cpu_ns(pid)
        for _ in range(_FILES):
            await send(http)
        return {"cpu_ms": (machine.cpu_ns(pid) - before) / 1_000_000 / _FILES}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
