"""Pictures that strangers send: what is left of good ones, and what bad ones can do."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.actions.crowd import NOW, make_member
from widget_server.actions import pictures as module
from widget_server.actions.pictures import Pictures, access_picture, access_picture_of
from widget_server.actions.profiles import do_set_picture
from widget_server.core.errors import Refused, TryLater, Unacceptable
from widget_server.core.pictures import picture_hash

if TYPE_CHECKING:
    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database

PLACE = b"51 deg 30 min N"


def encoded(picture: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **how)
    return written.getvalue()


def two_halves(width: int = 400, height: int = 300) -> Image.Image:
    """Red above, blue below."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (0, height // 2, width, height))
    return picture


def opened(body: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(body))
    picture.load()
    return picture


def reddish(picture: Image.Image, x: int, y: int) -> bool:
    red, _, blue, *_ = picture.convert("RGB").getpixel((x, y))  # type: ignore[misc]  # a tuple in this mode
    return bool(red > blue)


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, packed: bytes, *more: bytes) -> bytes:
    """A PNG that says what it likes of itself."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"".join((*more, png_chunk(b"IDAT", packed), png_chunk(b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + body


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "I;16", "1")),
        *(("JPEG", mode) for mode in ("RGB", "L", "CMYK")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    ],
)
async def test_every_usual_picture_becomes_a_small_square_webp(kind: str, mode: str) -> None:
    data = encoded(two_halves().convert("L" if mode == "I;16" else mode).convert(mode), kind)
    picture = opened(await Pictures().reencode(data))
    assert (picture.format, picture.size) == ("WEBP", (256, 256))


async def test_a_logo_is_kept_whole() -> None:
    picture = opened(await Pictures().reencode(encoded(two_halves(400, 100)), "whole"))
    assert picture.size == (256, 64)
    thin = opened(await Pictures().reencode(encoded(two_halves(3000, 2)), "whole"))
    assert thin.size == (256, 1)


async def test_s30_where_a_picture_was_taken_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(two_halves(), kind, exif=exif)
        assert b"at home" in data
        body = await Pictures().reencode(data)
        assert b"at home" not in body
        assert b"EXIF" not in body
        assert not opened(body).getexif()


async def test_a_picture_stands_the_way_the_camera_was_held() -> None:
    for orientation, red_is_at in ((1, (128, 20)), (3, (128, 235)), (6, (235, 128)), (8, (20, 128))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture = opened(await Pictures().reencode(encoded(two_halves(), "JPEG", exif=exif)))
        assert reddish(picture, *red_is_at), orientation
        assert not reddish(picture, 255 - red_is_at[0], 255 - red_is_at[1]), orientation


async def test_s30_what_hangs_behind_a_picture_is_gone() -> None:
    page = b"<!doctype html><script>alert(document.cookie)</script>"
    for kind in ("PNG", "JPEG", "WEBP"):
        body = await Pictures().reencode(encoded(two_halves(), kind) + page)
        assert b"script" not in body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html>",
        png(100, 100, b""),
        png(100, 100, zlib.compress(b"")),
        png(100, 100, b"\xff" * 100),
        # Its compressed comment is a thousand times larger than itself.
        png(10, 10, zlib.compress(bytes(310)), png_chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(300_000_000), 9))),
        png(10, 10, zlib.compress(bytes(310)), png_chunk(b"iCCP", b"a\x00\x00" + zlib.compress(bytes(300_000_000), 9))),
        encoded(two_halves(), "JPEG")[:2000],
        encoded(two_halves(), "WEBP")[:200],
        encoded(two_halves(), "PNG")[:300],
    ],
    ids=["nothing", "svg", "html", "no-data", "empty-data", "noise", "ztxt-bomb", "iccp-bomb", "jpeg", "webp", "png"],
)
async def test_s30_bad_pictures_are_refused_and_the_server_goes_on(data: bytes) -> None:
    pictures = Pictures()
    try:
        body = await pictures.reencode(data)
    except Unacceptable as error:
        assert error.name == "bad_picture"  # noqa: PT017 - some of them may be read without what is bad in them
    else:
        assert opened(body).size == (256, 256)
    assert await pictures.reencode(encoded(two_halves()))


async def test_s30_the_largest_allowed_pictures_fit_into_the_memory_of_the_process() -> None:
    flat = Image.new("RGBA", (3000, 3000), (1, 2, 3, 100))
    assert opened(await Pictures().reencode(encoded(flat, "PNG"))).size == (256, 256)
    large = Image.new("RGB", (6250, 4000), "navy")
    assert opened(await Pictures().reencode(encoded(large, "JPEG", progressive=True))).size == (256, 256)
    webp = Image.new("RGBA", (2236, 2236), (1, 2, 3, 100))
    assert opened(await Pictures().reencode(encoded(webp, "WEBP", lossless=True, method=0))).size == (256, 256)


async def test_s30_a_decoder_that_wants_more_than_its_share_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Path(module.__file__).with_name("decoding.py").read_text(encoding="utf-8")
    program = tmp_path / "greedy.py"
    monkeypatch.setattr(module, "_PROGRAM", program)
    for greedy in ("bytearray(200_000_000)", "open('/etc/hostname')", "any(iter(int, 1))"):
        program.write_text(limits.replace("body = ", f"{greedy}; body = ", 1))
        with pytest.raises(Unacceptable, match="bad_picture"):
            await Pictures().reencode(encoded(two_halves()))


async def test_s30_a_decoder_that_hangs_is_ended_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "hanging.py"
    program.write_text(
        f"import os, signal\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nsignal.pause()"
    )
    monkeypatch.setattr(module, "_PROGRAM", program)
    monkeypatch.setattr(module, "_SECONDS", 1.0)
    with pytest.raises(Unacceptable, match="bad_picture"):
        await Pictures().reencode(encoded(two_halves()))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_s30_a_decoder_that_says_too_much_is_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "talking.py"
    program.write_text("import sys\nsys.stdin.buffer.read()\nwhile True: sys.stdout.buffer.write(b'RIFF' * 10_000)")
    monkeypatch.setattr(module, "_PROGRAM", program)
    monkeypatch.setattr(module, "_SECONDS", 1.0)
    with pytest.raises(Unacceptable, match="bad_picture"):
        await Pictures().reencode(encoded(two_halves()))


async def test_without_pillow_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    pictures = Pictures()
    assert not pictures.are_taken
    with pytest.raises(TryLater):
        await pictures.reencode(encoded(two_halves()))


async def test_s2_21_a_picture_is_kept_by_its_hash_and_goes_when_nobody_shows_it(
    database: Database, passwords: Passwords
) -> None:
    ada = await make_member(database, passwords)
    bob = await make_member(database, passwords, "Bob")
    first = await Pictures().reencode(encoded(two_halves()))
    second = await Pictures().reencode(encoded(two_halves().rotate(90)))
    for member in (ada, bob):
        await do_set_picture(database, member.actor, member.public_id, first, now_ms=NOW)
    kept = await access_picture_of(database, ada.public_id)
    assert (kept.hash, kept.content_type, kept.body) == (picture_hash(first), "image/webp", first)
    await do_set_picture(database, ada.actor, ada.public_id, second, now_ms=NOW)
    assert (await access_picture(database, kept.hash)).body == first
    await do_set_picture(database, bob.actor, bob.public_id, None, now_ms=NOW)
    with pytest.raises(Refused, match="not_found"):
        await access_picture(database, kept.hash)
    assert (await access_picture_of(database, bob.public_id)).content_type == "image/svg+xml"
    assert (await access_picture_of(database, ada.public_id)).body == second


async def test_nobody_changes_the_picture_of_somebody_else(database: Database, passwords: Passwords) -> None:
    ada = await make_member(database, passwords)
    eve = await make_member(database, passwords, "Eve")
    body = await Pictures().reencode(encoded(two_halves()))
    with pytest.raises(Refused, match="not_allowed"):
        await do_set_picture(database, eve.actor, ada.public_id, body, now_ms=NOW)
    with pytest.raises(Refused, match="not_found"):
        await do_set_picture(database, eve.actor, "nobody", body, now_ms=NOW)


async def test_only_who_has_an_account_has_a_picture(database: Database) -> None:
    for wrong in ("", "nobody", "../x", "x" * 500):
        with pytest.raises(Refused, match="not_found"):
            await access_picture_of(database, wrong)
        with pytest.raises(Refused, match="not_found"):
            await access_picture(database, wrong)
