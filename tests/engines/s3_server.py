"""A small server that speaks as much S3 as files need: a fake of our own, no product's, which checks what it is asked.

Every request has to be signed by the key that it knows (AWS Signature Version 4, its form and not its arithmetic), and
for the bucket that is there.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.sax.saxutils import escape, unescape

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

KEY, BUCKET = "AKIDEXAMPLE", "files"
_SIGNED = re.compile(rf"AWS4-HMAC-SHA256 Credential={KEY}/\d{{8}}/[a-z0-9-]+/s3/aws4_request, SignedHeaders=.+")
_KEY = re.compile(r"<Key>([^<]+)</Key>")
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class FakeS3:
    """What it holds."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.asked: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        if not _SIGNED.fullmatch(request.headers.get("Authorization", "")):
            return web.Response(status=403)
        bucket, _, name = unquote(request.path.lstrip("/")).partition("/")
        if bucket != BUCKET:
            return web.Response(status=404)
        self.asked.add(request.method)
        if request.method == "GET" and "list-type" in request.query:
            return self._list(request.query.get("prefix", ""))
        if request.method in {"POST", "PUT"}:
            return await (self._put if request.method == "PUT" else self._post)(request, name)
        if request.method == "DELETE":
            self.objects.pop(name, None)
            return web.Response(status=204)
        return self._get(request, name)

    async def _put(self, request: web.Request, name: str) -> web.Response:
        body = await request.read()
        if "uploadId" in request.query:
            self.uploads[request.query["uploadId"]][int(request.query["partNumber"])] = body
        else:
            self.objects[name] = body
        return web.Response(headers={"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'})

    async def _post(self, request: web.Request, name: str) -> web.Response:
        if "delete" in request.query:
            keys = _KEY.findall(await request.text())
            for key in map(unescape, keys):
                self.objects.pop(key, None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return web.Response(text=f"<DeleteResult>{told}</DeleteResult>", content_type="application/xml")
        if "uploads" in request.query:
            upload = f"upload-{len(self.uploads)}"
            self.uploads[upload] = {}
            xml = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
        else:
            parts = self.uploads.pop(request.query["uploadId"])
            self.objects[name] = b"".join(parts[number] for number in sorted(parts))
            xml = '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
        return web.Response(text=xml, content_type="application/xml")

    def _list(self, prefix: str) -> web.Response:
        found = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f'<ETag>"x"</ETag><Size>{len(body)}</Size></Contents>'
            for name, body in sorted(self.objects.items())
            if name.startswith(prefix)
        )
        xml = f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        return web.Response(text=xml, content_type="application/xml")

    def _get(self, request: web.Request, name: str) -> web.Response:
        body = self.objects.get(name)
        if body is None:
            return web.Response(status=404)
        headers = {"ETag": '"x"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
        wanted = _RANGE.fullmatch(request.headers.get("Range", ""))
        if wanted is None:
            return web.Response(body=body, headers=headers)
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, len(body))
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(body)}"
        return web.Response(status=206, body=body[start:end], headers=headers)


@asynccontextmanager
async def fake_s3() -> AsyncGenerator[tuple[FakeS3, str]]:
    """Serve it on a port of this machine; it and its address."""
    fake = FakeS3()
    app = web.Application(client_max_size=100_000_000)
    app.router.add_route("*", "/{path:.*}", fake.answer)
    async with TestServer(app) as server:
        yield fake, str(server.make_url("")).rstrip("/")
