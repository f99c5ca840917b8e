"""Files: sent by resumable uploads (tus 1.0.0: core, creation, expiration, termination), and read again.

A visitor shows a token in ``Authorization``, as in the HTTP fallback and never in an address, and so does a program;
whoever is signed in comes by the session's cookie from our own pages. What is read follows the message that carries it
(S12).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson
from aiohttp import ETag, web

from widget_server.actions.stored_files import StoredFile
from widget_server.actions.uploads import (
    Announced,
    FoundFile,
    access_file,
    access_own_file,
    check_announced,
    do_announce,
    do_cancel,
    do_receive,
    find_file,
    object_name,
    small_name,
    upload_state,
    wait_until_settled,
    works_of,
)
from widget_server.core.errors import Malformed, Refused, Unacceptable
from widget_server.core.file_kinds import disposition
from widget_server.core.ids import is_uuid
from widget_server.protocol import encode
from widget_server.routes.desk import DESK
from widget_server.routes.file_callers import caller_of, count_ended, count_read, count_upload, is_by_visitor
from widget_server.routes.keys import ORIGINS
from widget_server.routes.office import OFFICE
from widget_server.routes.programs import ALLOWANCE
from widget_server.store.objects import MissingObject
from widget_server.web.origins import CHECKED_ORIGIN, cors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from widget_server.actions.engine import Engine
    from widget_server.routes.file_callers import Caller

VERSION: Final = "1.0.0"
_EXTENSIONS: Final = "creation,expiration,termination"
_METHODS: Final = "POST, HEAD, PATCH, DELETE, GET"
_SENT: Final = "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset"
_READ: Final = "Location, Tus-Resumable, Upload-Offset, Upload-Length, Upload-Expires, Content-Disposition"
_PIECE: Final = "application/offset+octet-stream"
_SILENCE_S: Final = 30.0
"""Without a byte for so long, an upload has broken off."""
_WAIT_MAX_S: Final = 10.0
_METADATA_CHARS: Final = 4_000
_FILE_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")

_SERVED: Final = {
    # Opened by itself it can do nothing, whatever it is (S29).
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Accept-Ranges": "bytes",
}


async def announce(request: web.Request) -> web.Response:
    """``POST /files``: a file will come."""
    desk = request.app[DESK]
    told = _metadata(request)
    site = await desk.reception.site(told["site"]) if "site" in told else None
    caller = await caller_of(request, site)
    if caller.uploader is None:
        raise Refused("signed_out")
    caller.check_sends()
    _check_tus(request)
    wish = check_announced(works_of(desk.engine).terms, _wish(told, _whole(request, "Upload-Length")))
    count_upload(request, caller, wish.size)
    file = await do_announce(desk.engine, caller.uploader, wish)
    address = request.app[OFFICE].addresses.path(f"/files/{file.public_id}")
    return _answered(request, 201, file, {"Location": address})


async def look(request: web.Request) -> web.Response:
    """``HEAD /files/{id}``: how far it has come; of a file that is there, what a GET would tell of it."""
    if "Tus-Resumable" not in request.headers:
        # HEAD has no body: the server leaves out what a GET would bring.
        return await _serve_head(request)
    _check_tus(request)
    file = await _own(request)
    return _answered(request, 200, file, {"Upload-Length": str(file.size)})


async def receive(request: web.Request) -> web.Response:
    """``PATCH /files/{id}``: bytes from ``Upload-Offset`` on."""
    file = await _own(request)
    _check_tus(request)
    if request.content_type != _PIECE:
        raise Malformed("wrong_piece")
    offset = _whole(request, "Upload-Offset")
    at = await do_receive(request.app[DESK].engine, file, offset, _blocks(request))
    if at == file.size:
        count_ended(request)
    return _answered(request, 204, file._replace(received=at))


async def cancel(request: web.Request) -> web.Response:
    """``DELETE /files/{id}``: it is not wanted any more."""
    file = await _own(request)
    _check_tus(request)
    if file.message_no is not None:
        raise Refused("not_allowed")
    await do_cancel(request.app[DESK].engine, file)
    if file.state == "coming":
        count_ended(request)
    return web.Response(status=204, headers=_headers(request))


async def show_state(request: web.Request) -> web.Response:
    """``GET /files/{id}/state``: what became of it; with ``?wait=`` seconds, once that is known."""
    file = await _own(request)
    try:
        seconds = min(_WAIT_MAX_S, max(0.0, float(request.query.get("wait", "0"))))
    except ValueError:
        raise Malformed("bad_request", where="wait") from None
    if file.state in {"coming", "come"} and seconds:
        file = (await wait_until_settled(request.app[DESK].engine, file.public_id, seconds)).file
    return web.Response(
        body=encode.dumps(upload_state(file)), content_type="application/json", headers=_headers(request)
    )


async def preflight(request: web.Request) -> web.Response:
    """``OPTIONS``: what is spoken here; to a page of a site, that it may speak it."""
    headers = {"Tus-Resumable": VERSION, "Tus-Version": VERSION, "Tus-Extension": _EXTENSIONS}
    terms = works_of(request.app[DESK].engine).terms
    headers["Tus-Max-Size"] = str(terms.megabytes * 1_000_000)
    origin = await _listed_origin(request)
    if origin is not None:
        headers |= cors(origin) | {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _SENT,
            "Access-Control-Max-Age": "600",
        }
    return web.Response(status=204, headers=headers)


async def serve(request: web.Request) -> web.StreamResponse:
    """``GET /files/{id}``: the file."""
    return await _serve(request, is_small=False)


async def serve_small(request: web.Request) -> web.StreamResponse:
    """``GET /files/{id}/small``: of a picture, its small copy."""
    return await _serve(request, is_small=True)


# --- who asks


async def _found(request: web.Request) -> tuple[FoundFile, Caller]:
    """Return the file of the address, and who asks; nothing is said yet of whether they may.

    Whoever is not known has read a page, also where there is nothing.

    Raises:
        Refused: ``not_found``.
        TryLater: ``rate_limited``.
    """
    origin = await _listed_origin(request)
    if origin is not None:
        # Its page may read why it is refused.
        request[CHECKED_ORIGIN] = origin
    caller = None
    try:
        if not is_by_visitor(request):
            caller = await caller_of(request, None)
            count_read(request, caller)
        found = await _find(request)
        if caller is None:
            site = None if found.site_id is None else await request.app[DESK].reception.site_by_id(found.site_id)
            caller = await caller_of(request, site)
            count_read(request, caller)
    except Refused as error:
        if caller is None:
            count_read(request, None)
        raise Refused("not_found") if error.name == "foreign_origin" else error from None
    return found, caller


async def _find(request: web.Request) -> FoundFile:
    file_id = request.match_info["id"]
    if not _FILE_ID.fullmatch(file_id):
        raise Refused("not_found")
    return await request.app[DESK].engine.database.read(lambda tx: find_file(tx, file_id))


async def _own(request: web.Request) -> StoredFile:
    """Return the caller's own upload. Raises ``Refused``: ``not_found``, ``scope_missing``."""
    found, caller = await _found(request)
    caller.check_sends()
    file = access_own_file(found, caller.asker)
    caller.count_frame()
    return file


async def _listed_origin(request: web.Request) -> str | None:
    """The request's origin, where it is our own or some site lists it."""
    origin = request.headers.get("Origin", "")
    if origin and (origin == request.app[ORIGINS].own or await request.app[DESK].reception.is_listed(origin)):
        return origin
    return None


# --- tus


def _check_tus(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Malformed("wrong_tus", version=VERSION)


def _whole(request: web.Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Malformed("bad_request", where=name)
    return int(text)


def _metadata(request: web.Request) -> dict[str, str]:
    told: dict[str, str] = {}
    metadata = request.headers.get("Upload-Metadata", "")
    if len(metadata) > _METADATA_CHARS:
        raise Malformed("bad_request", where="Upload-Metadata")
    for pair in filter(None, (part.strip() for part in metadata.split(","))):
        key, _, value = pair.partition(" ")
        try:
            told[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise Malformed("bad_request", where="Upload-Metadata") from None
    return told


def _wish(told: dict[str, str], size: int) -> Announced:
    """What is announced."""
    client_id, channel = told.get("client_id", ""), told.get("channel")
    if not is_uuid(client_id):
        raise Malformed("bad_request", where="client_id")
    if channel is not None and not is_uuid(channel):
        raise Malformed("bad_request", where="channel")
    return Announced(told.get("name", ""), size, client_id, channel)


async def _blocks(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises:
        Malformed: ``bad_request`` where it breaks off.
    """
    content = request.content
    while True:
        try:
            async with asyncio.timeout(_SILENCE_S):
                block = await content.readany()
        except (TimeoutError, web.RequestPayloadError, ConnectionError):
            raise Malformed("bad_request", where="the body") from None
        if not block:
            return
        yield block


def _headers(request: web.Request) -> dict[str, str]:
    headers: dict[str, str] = {"Cache-Control": "no-store", "Tus-Resumable": VERSION} | request.get(ALLOWANCE, {})
    if CHECKED_ORIGIN in request:
        headers |= cors(request[CHECKED_ORIGIN]) | {"Access-Control-Expose-Headers": _READ}
    return headers


def _answered(request: web.Request, status: int, file: StoredFile, more: dict[str, str] | None = None) -> web.Response:
    headers = _headers(request) | {"Upload-Offset": str(file.received)} | (more or {})
    if file.state == "coming":
        works = works_of(request.app[DESK].engine)
        ends_at = request.app[DESK].engine.clock.now_ms() / 1000 + works.terms.hours * 3600
        headers["Upload-Expires"] = formatdate(ends_at, usegmt=True)
    return web.Response(status=status, headers=headers)


# --- reading


class _Served(NamedTuple):
    file: StoredFile
    size: int
    name: str
    """Of the object."""
    headers: dict[str, str]


async def _served(request: web.Request, *, is_small: bool) -> _Served:
    found, caller = await _found(request)
    engine: Engine = request.app[DESK].engine
    file = await engine.database.read(lambda tx: access_file(tx, found, caller.asker))
    small_size = orjson.loads(file.details).get("small")
    if is_small and small_size is None:
        raise Refused("not_found")
    is_picture = file.kind == "picture"
    headers = (
        request.get(ALLOWANCE, {})
        | _SERVED
        | {
            "Content-Type": f"{file.content_type}; charset=utf-8"
            if file.content_type[:5] == "text/"
            else file.content_type,
            "Content-Disposition": disposition(file.name, inline=is_picture),
            # What a guest may read may stay in a cache that asks again each time; a removed message is gone at once.
            "Cache-Control": "public, no-cache" if caller.uploader is None else "private, no-store",
        }
    )
    if CHECKED_ORIGIN in request:
        headers |= cors(request[CHECKED_ORIGIN]) | {"Access-Control-Expose-Headers": _READ}
    else:
        headers["Vary"] = "Cookie, Origin"
    name = small_name(file.public_id) if is_small else object_name(file.public_id)
    return _Served(file, small_size if is_small else file.size, name, headers)


async def _serve_head(request: web.Request) -> web.Response:
    served = await _served(request, is_small=False)
    return web.Response(headers=served.headers | {"Content-Length": str(served.size)})


async def _serve(request: web.Request, *, is_small: bool) -> web.StreamResponse:
    served = await _served(request, is_small=is_small)
    tag = ETag(f"{served.file.public_id}{'-small' if is_small else ''}")
    if request.if_none_match is not None and tag in request.if_none_match:
        response: web.StreamResponse = web.Response(status=304, headers=served.headers)
        response.etag = tag
        return response
    start, end, status = _range(request, served.size)
    response = web.StreamResponse(status=status, headers=served.headers)
    response.etag = tag
    response.content_length = end - start
    if status == 206:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{served.size}"
    blocks = works_of(request.app[DESK].engine).objects.read(served.name, start, end)
    try:
        first = await anext(blocks, b"")
    except MissingObject:
        raise Refused("not_found") from None
    await response.prepare(request)
    await response.write(first)
    async for block in blocks:
        await response.write(block)
    await response.write_eof()
    return response


def _range(request: web.Request, size: int) -> tuple[int, int, int]:
    """From where up to where is wanted, and the status that says so (RFC 9110, 14.2)."""
    if "If-Range" in request.headers:
        return 0, size, 200
    try:
        wanted = request.http_range
    except ValueError:
        return 0, size, 200
    if wanted.start is None and wanted.stop is None:
        return 0, size, 200
    start = wanted.start or 0
    if start < 0:
        start = max(0, size + start)
    end = size if wanted.stop is None else min(wanted.stop, size)
    if start >= size or end <= start:
        raise Unacceptable("bad_range")
    return start, end, 206
