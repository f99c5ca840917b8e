"""A push service and the browser behind it: takes what is sent, and opens what was sealed (RFC 8030, 8291)."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.patience import PATIENCE_SECONDS
from widget_server.actions.push_lines import Wanted
from widget_server.core.web_push import encoded, point_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


def raw(text: str) -> bytes:
    """What stands in base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Taken(NamedTuple):
    """What a push service was handed."""

    headers: dict[str, str]
    body: bytes


class PushService:
    """A push service and the browser behind it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"sixteen bytes ok"
        self.status = 201
        self.taken: list[Taken] = []
        self.base = ""
        self._news = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        """Take one message."""
        async with self._news:
            self.taken.append(Taken(dict(request.headers), await request.read()))
            self._news.notify_all()
        return web.Response(status=self.status)

    async def until_taken(self, count: int) -> None:
        """Wait until so many came."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.taken) >= count)

    def wanted(self, name: str = "line") -> Wanted:
        """What the browser tells the page of its line."""
        return Wanted(f"{self.base}/{name}", encoded(point_of(self.key)), encoded(self.auth), "Firefox Linux")

    def read(self, body: bytes) -> dict[str, str]:
        """Open what was sealed, as the browser does (RFC 8291, 3.4)."""
        salt, size, theirs, sealed = body[:16], body[20], body[21:86], body[86:]
        assert size == 65
        agreed = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        info = b"WebPush: info\x00" + point_of(self.key) + theirs
        secret = HKDF(hashes.SHA256(), 32, self.auth, info).derive(agreed)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        text = AESGCM(key).decrypt(nonce, sealed, None)
        assert text[-1:] == b"\x02"
        told: dict[str, str] = json.loads(text[:-1])
        return told


@asynccontextmanager
async def push_service() -> AsyncGenerator[PushService]:
    """One that is served on this machine."""
    service = PushService()
    app = web.Application()
    app.router.add_post("/{name}", service.take)
    async with TestServer(app) as server:
        service.base = str(server.make_url("")).rstrip("/")
        yield service
