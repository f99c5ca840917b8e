"""Mail that a mail provider, or a mail server's pipe, hands over by HTTP: ``POST /inbound/mail``, signed.

It is signed as our own webhooks are (docs/mail.md), so that one function of a receiver fits both directions.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web

from widget_server.core.errors import Malformed, Refused, TryLater
from widget_server.routes.keys import LETTERBOX
from widget_server.routes.office import OFFICE
from widget_server.store.database import StoreUnavailable
from widget_server.web.bodies import UPLOAD_SECONDS, in_time

if TYPE_CHECKING:
    from widget_server.settings import Settings

FRESH_S: Final = 300
"""A signature that is older opens nothing."""
_CHUNK: Final = 65_536
_PATIENCE_MS: Final = 5_000


async def take_mail(request: web.Request) -> web.Response:
    """``POST /inbound/mail`` with the mail as ``message/rfc822``, or ``{"to": …, "raw": …}`` as JSON.

    204: its message is committed, or it was written by a program and thrown away. 5xx and 429: send it again. All else:
    it is refused for good.
    """
    office = request.app[OFFICE]
    settings = office.settings
    secret = settings.inbound_secret
    if secret is None:
        raise Refused("not_found")
    letterbox = request.app[LETTERBOX]
    if letterbox.hands.locked():
        raise TryLater("busy", _PATIENCE_MS)
    async with letterbox.hands:
        body = await in_time(_read(request, settings), UPLOAD_SECONDS)
        _check_signature(request, secret.get_secret_value(), body, office.now_ms() // 1000)
    if request.content_type == "message/rfc822":
        to, raw = letterbox.recipient_in(body), body
    else:
        to, raw = _mail_of(request, body)
    try:
        await letterbox.do_take(to, raw)
    except StoreUnavailable:
        raise TryLater("unavailable", 5_000) from None
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


async def _read(request: web.Request, settings: Settings) -> bytes:
    # JSON writes some letters with six.
    most = settings.inbound_max_bytes * (2 if request.content_type == "application/json" else 1)
    found = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        found += chunk
        if len(found) > most:
            raise Malformed("too_large", limit=most)
    return bytes(found)


def _check_signature(request: web.Request, secret: str, body: bytes, now_s: int) -> None:
    timestamp = request.headers.get("Support-Chat-Timestamp", "")
    given = request.headers.get("Support-Chat-Signature", "")
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12
    is_ours = hmac.compare_digest(f"v1={signed}".encode(), given.encode())
    if not is_ours or not is_fresh or abs(now_s - int(timestamp)) > FRESH_S:
        raise Refused("bad_token")


def _mail_of(request: web.Request, body: bytes) -> tuple[str, bytes]:
    if request.content_type != "application/json":
        raise Malformed("wrong_type")
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    to, raw = (told.get("to"), told.get("raw")) if isinstance(told, dict) else (None, None)
    if not isinstance(to, str) or not isinstance(raw, str):
        raise Malformed("bad_request", where="the body is an object with to and raw")
    return to, raw.encode()
