"""Pictures by their content: which kind they are, how large, and the one that is drawn for who has none.

Nothing is decoded here. What a file is called, and what its sender says it is, plays no part (S30).
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal, NamedTuple
from xml.sax.saxutils import escape

from widget_server.core.errors import Unacceptable

Kind = Literal["PNG", "JPEG", "WEBP", "GIF"]

MAX_MEGABYTES: Final = 5
MAX_BYTES: Final = MAX_MEGABYTES * 1_000_000
"""Of a file that is sent; the form around it may add a little."""
MAX_MEGAPIXELS: Final[dict[Kind, int]] = {"PNG": 9, "JPEG": 25, "WEBP": 5, "GIF": 9}
"""What fits into the memory of the process that decodes.

A JPEG is read at a fraction of its size, a PNG in whole, a WebP several times over.
"""
SIDE: Final = 256
"""Pixels of a stored picture's longer side."""

_HUES: Final = 12
_SOF: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})


class Shape(NamedTuple):
    """What a file's first bytes say of it."""

    kind: Kind
    width: int
    height: int


def check_picture(data: bytes) -> Shape:
    """Return what a file is, where it is a picture of a kind and size that may be decoded.

    Raises:
        Unacceptable: ``bad_picture`` for anything else than PNG, JPEG or WebP, ``too_many_pixels``.
    """
    shape = shape_of(data) if len(data) <= MAX_BYTES else None
    if shape is None or shape.kind == "GIF":
        raise Unacceptable("bad_picture", limit=MAX_MEGABYTES)
    return check_pixels(shape)


def check_pixels(shape: Shape) -> Shape:
    """See that a picture of this kind and size fits into the memory of the process that decodes.

    Raises:
        Unacceptable: ``bad_picture`` for none at all, ``too_many_pixels``.
    """
    if shape.width < 1 or shape.height < 1:
        raise Unacceptable("bad_picture", limit=MAX_MEGABYTES)
    limit = MAX_MEGAPIXELS[shape.kind]
    if shape.width * shape.height > limit * 1_000_000:
        raise Unacceptable("too_many_pixels", limit=limit)
    return shape


def shape_of(data: bytes) -> Shape | None:
    """Return kind and size from a file's own header, or None where it is none of these."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        return Shape("PNG", int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg_shape(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp_shape(data)
    if data[:6] in {b"GIF87a", b"GIF89a"} and len(data) >= 10:
        return Shape("GIF", int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"))
    return None


def _jpeg_shape(data: bytes) -> Shape | None:
    """Walk from segment to segment up to the frame's header (ITU T.81, B.2)."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _SOF:
            return Shape(
                "JPEG", int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
            )
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None


def _webp_shape(data: bytes) -> Shape | None:
    """Read the first chunk (RFC 9649, 2.5 to 2.7)."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        return Shape("WEBP", int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
    if chunk == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return Shape("WEBP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = int.from_bytes(data[26:28], "little"), int.from_bytes(data[28:30], "little")
        return Shape("WEBP", width & 0x3FFF, height & 0x3FFF)
    return None


def picture_hash(body: bytes) -> str:
    """Return the name under which a stored picture is kept and served."""
    return hashlib.sha256(body).hexdigest()


def is_picture_hash(text: str) -> bool:
    """Whether ``text`` can be the name of a stored picture."""
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


def initials(name: str) -> str:
    """Return one or two letters for the round picture, as the console draws them."""
    words = name.split()
    letters = [word[0] for word in (words[:1] + words[1:][-1:])]
    return "".join(letters).upper()


def drawn(public_id: str, name: str) -> str:
    """Return the SVG that stands for who has no picture: initials in a colour that stays theirs."""
    total = 0
    for letter in public_id:
        total = (total * 31 + ord(letter)) & 0xFFFF_FFFF
    hue = total % _HUES * 360 // _HUES
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="256" height="256">'
        f'<rect width="64" height="64" fill="hsl({hue},42%,36%)"/>'
        '<text x="32" y="33" fill="#fff" font-family="system-ui,sans-serif" font-size="26" font-weight="600" '
        f'text-anchor="middle" dominant-baseline="central">{escape(initials(name))}</text></svg>'
    )
