"""The program that decodes pictures of strangers: a process of its own with little memory, little time and no files.

It is run by its path (:mod:`widget_server.actions.pictures`), reads one picture from standard input and writes it
anew: at most so many pixels wide and high, turned the way the camera was held, and without anything that the file said
beside its pixels. Of one that moves, the first picture is taken. It ends with 0, or with :data:`NO_PICTURE`; a limit
that it meets ends it by a signal.
"""

from __future__ import annotations

import copy  # noqa: F401 - Pillow asks for it only once it reads a GIF, when no file can be opened any more
import io
import os
import resource
import sys
from typing import Final

from PIL import Image, ImageFile

NO_PICTURE: Final = 3
_MEMORY: Final = 100_000_000
"""Bytes above what the program needs to start."""
_SECONDS: Final = 2
_TURNED: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture whose EXIF says so (TIFF 6, tag Orientation)."""
_ORIENTATION: Final = 0x0112
_QUALITY: Final = 84


def main() -> int:
    """Read, limit, decode, write; return the exit code."""
    kind, form, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
    data = sys.stdin.buffer.read()
    # The modules are loaded before the limits hold: from here on nothing is opened any more.
    Image.preinit()
    Image.init()
    _limit()
    try:
        body = (
            bounded(data, kind, side) if form == "bounded" else reencoded(data, kind, side, is_cropped=form == "square")
        )
    except (OSError, ValueError, SyntaxError, MemoryError, ArithmeticError, LookupError, Image.DecompressionBombError):
        # SyntaxError is what Pillow raises for a broken PNG.
        return NO_PICTURE
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()
    return 0


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - the program imports as little as it can
            occupied = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        # Where there is no /proc (macOS) the data segment is what can be limited.
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    else:
        resource.setrlimit(resource.RLIMIT_AS, (occupied + _MEMORY, occupied + _MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def bounded(data: bytes, kind: str, side: int) -> bytes:
    """Return the picture as a WebP of at most ``side`` pixels, and of its own size where it is smaller."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    picture: Image.Image = Image.open(io.BytesIO(data), formats=[kind])
    turned = _TURNED.get(picture.getexif().get(_ORIENTATION, 1))
    width, height = picture.size
    factor = min(1.0, side / max(width, height))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if kind == "JPEG":
        picture.draft("RGB", size)
    picture.load()
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if picture.mode != mode:
        picture = picture.convert(mode)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if turned is not None:
        picture = picture.transpose(turned)
    return _written(picture, method=2)


def reencoded(data: bytes, kind: str, side: int, *, is_cropped: bool) -> bytes:
    """Return the picture as a WebP of at most ``side`` pixels, of exactly as many each way where it is cropped."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    picture: Image.Image = Image.open(io.BytesIO(data), formats=[kind])
    turned = _TURNED.get(picture.getexif().get(_ORIENTATION, 1))
    if kind == "JPEG":
        picture.draft("RGB", (side * 2, side * 2))
    picture.load()
    width, height = picture.size
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 2
    box = (left, top, left + edge, top + edge) if is_cropped else (0, 0, width, height)
    factor = side / max(width, height)
    size = (side, side) if is_cropped else (max(1, round(width * factor)), max(1, round(height * factor)))
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    # A whole copy more or less decides whether the largest ones fit into the memory.
    if picture.mode != mode:
        picture = picture.convert(mode)
    picture = picture.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=2.0)
    if turned is not None:
        picture = picture.transpose(turned)
    return _written(picture, method=4)


def _written(picture: Image.Image, method: int) -> bytes:
    picture.info.clear()
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=_QUALITY, method=method, exif=b"", icc_profile=b"", xmp=b"")
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
