"""Files that mean harm, by the public way in: each ends as refused, or as something that can do nothing (S29, S30)."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from PIL import Image

from tests.clients.uploads import Uploads
from tests.serving import SHOP, origin_of
from widget_server.core.ids import token as new_token

if TYPE_CHECKING:
    from tests.serving import Served

PAGE = b"<!doctype html><script>top.wasRun = true; alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def encoded(kind: str, size: tuple[int, int] = (60, 40), **how: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "plum").save(written, kind, **how)
    return written.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, packed: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def gif_of_many(frames: int) -> bytes:
    """A film whose every frame would have to be unpacked."""
    written = io.BytesIO()
    pictures = [Image.new("P", (1000, 1000), number % 200) for number in range(frames)]
    pictures[0].save(written, "GIF", save_all=True, append_images=pictures[1:])
    return written.getvalue()


def located() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    return encoded("JPEG", exif=exif, comment=b"<script>alert(1)</script>")


class Hostile(NamedTuple):
    """A file, and what becomes of it: the type as which it is served, or the error by which it is refused."""

    name: str
    data: bytes
    becomes: str


HOSTILE = {
    "a page that is called a picture": Hostile("cat.png", PAGE, "bad_file"),
    "a page that is called a page": Hostile("index.html", PAGE, "bad_file"),
    "a page that is called a text": Hostile("readme.txt", PAGE, "text/plain; charset=utf-8"),
    "a script": Hostile("run.js", b"alert(1)", "bad_file"),
    "a program": Hostile("setup.exe", b"MZ\x90\x00", "bad_file"),
    "an SVG with a script": Hostile("logo.svg", SVG, "bad_file"),
    "an SVG that is called a picture": Hostile("logo.png", SVG, "bad_file"),
    "an SVG that is called a text": Hostile("logo.txt", SVG, "text/plain; charset=utf-8"),
    "a PDF with a script": Hostile("bill.pdf", PDF, "application/pdf"),
    "a PDF that is called a page": Hostile("bill.htm", PDF, "bad_file"),
    "a page before a PDF": Hostile("bill.pdf", PAGE + PDF, "bad_file"),
    "a page behind a picture": Hostile("cat.png", encoded("PNG") + PAGE, "image/webp"),
    "a page inside a GIF": Hostile("cat.gif", b"GIF89a/*" + PAGE, "too_many_pixels"),
    "a script that begins as a GIF": Hostile("cat.gif", b"GIF89a=1;alert(1)//", "too_many_pixels"),
    "an archive behind a picture": Hostile("cat.jpg", encoded("JPEG") + b"PK\x03\x04evil", "image/webp"),
    "a picture that is called a page": Hostile("cat.html", encoded("PNG"), "bad_file"),
    "a place in a picture": Hostile("home.jpg", located(), "image/webp"),
    "a PNG of a billion pixels": Hostile("big.png", png(40_000, 40_000, b""), "too_many_pixels"),
    "a small PNG that unpacks for ever": Hostile(
        "bomb.png", png(2900, 2900, zlib.compress(bytes(60_000_000))), "image/webp"
    ),
    "a GIF of many frames": Hostile("film.gif", gif_of_many(200), "image/webp"),
    "an archive that unpacks for ever": Hostile("bomb.zip", b"PK\x03\x04" + bytes(30) * 1000, "application/zip"),
    "a picture that ends too early": Hostile("cut.png", encoded("PNG")[:60], "bad_file"),
    "a JPEG that ends too early": Hostile("cut.jpg", encoded("JPEG", (900, 900))[:400], "bad_file"),
    "nothing at all": Hostile("empty.txt", b"", "empty_file"),
    "a text with a NUL": Hostile("notes.txt", b"a" * 9000 + b"\x00", "bad_file"),
    "a text that is none": Hostile("notes.csv", b"a" * 9000 + b"\xff\xfe", "bad_file"),
    "a name that climbs": Hostile("../../etc/passwd.txt", b"x", "text/plain; charset=utf-8"),
    "a name of another system": Hostile("C:\\Windows\\win.txt", b"x", "text/plain; charset=utf-8"),
    "a name with a header": Hostile('a"\r\nSet-Cookie: x=1;.txt', b"x", "text/plain; charset=utf-8"),
    "a name that turns round": Hostile("bill\u202etxt.exe", b"x", "bad_file"),
    "a name that is only dots": Hostile("...", b"x", "bad_file"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_s29_s30_a_hostile_file_is_refused_or_can_do_nothing(served: Served, what: str) -> None:
    name, data, becomes = HOSTILE[what]
    token = new_token(served.clock.random(32))
    uploads = Uploads(served.http, served.base, origin_of(SHOP), token=token, site=SHOP)
    sent = await uploads.send(name, data)
    if "/" not in becomes:
        assert (sent["state"], (sent.get("error") or sent)["name"]) == ("refused", becomes)
        return
    assert sent["state"] == "ready", sent
    for address in (sent["address"], *([f"{sent['address']}/small"] if becomes == "image/webp" else [])):
        status, headers, body = await uploads.read(address)
        assert status == 200
        assert headers["Content-Type"] == becomes
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, no-store"
        how = headers["Content-Disposition"]
        assert how.startswith("inline;" if becomes == "image/webp" else "attachment;")
        assert not {"\r", "\n", "/", "\\", "\u202e"}.intersection(how)
        assert "Set-Cookie" not in headers
        if becomes == "image/webp":
            assert Image.open(io.BytesIO(body)).getexif() == {}
            for trace in (b"script", b"at home", b"PK\x03\x04", b"EXIF"):
                assert trace not in body
        else:
            assert body == data
