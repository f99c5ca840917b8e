"""Which files are taken, told by their content, and what they are called.

What a client says of a file's type plays no part. A file is taken when its first bytes are those of a kind in the list
*and* its name ends as files of that kind do: a page that is called ``photo.png`` is refused, and so is a picture that
is called ``page.html``. Pages, SVG and scripts are no kind of their own: what is text is served as plain text, if its
name says that it is, and refused otherwise (S29, S30).
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from widget_server.core.errors import Unacceptable
from widget_server.core.pictures import shape_of
from widget_server.core.text import check_line

NAME_CHARS: Final = 120
HEAD_BYTES: Final = 4_096
"""So many of a file's first bytes tell its kind."""


class FileKind(NamedTuple):
    """What a file is."""

    kind: Literal["picture", "other"]
    type: str
    """As in ``Content-Type``, when it is served."""
    is_text: bool = False
    """Whether all of it has to be UTF-8."""


PICTURE: Final = FileKind("picture", "image/webp")
"""Whatever a picture came as, it is written anew."""

_PICTURES: Final = frozenset({"png", "jpg", "jpeg", "jfif", "gif", "webp"})
_ZIPPED: Final = {
    "zip": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
_TEXTS: Final = {
    "txt": "text/plain",
    "log": "text/plain",
    "md": "text/plain",
    "json": "text/plain",
    "csv": "text/csv",
}
_MOVING: Final = {"mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "m4a": "audio/mp4"}
_OGG: Final = {"ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "ogv": "video/ogg"}
_OTHERS: Final = {"pdf": "application/pdf", "webm": "video/webm", "mp3": "audio/mpeg", "wav": "audio/wav"}

ENDINGS: Final = frozenset({*_PICTURES, *_ZIPPED, *_TEXTS, *_MOVING, *_OGG, *_OTHERS})
"""How names of files that are taken may end."""


def ending_of(name: str) -> str:
    """Return what stands behind the last dot of a name, in small letters."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def check_file_name(name: str) -> str:
    """Return what a file is called: one line without a path, and with its ending however long it is.

    Raises:
        Unacceptable: ``bad_text``; ``bad_file`` where nothing is left, or no kind of file ends like it.
    """
    base = name.replace("\\", "/").rpartition("/")[2]
    line = check_line(base, max(len(base), NAME_CHARS)).strip(". ")
    ending = ending_of(line)
    stem = line[: -len(ending) - 1].rstrip(". ") if ending else ""
    if not stem or ending not in ENDINGS:
        raise Unacceptable("bad_file")
    return f"{stem[: NAME_CHARS - len(ending) - 1]}.{ending}"


def kind_of(head: bytes, name: str) -> FileKind | None:
    """Return what a file is, from its first :data:`HEAD_BYTES` and its name; None where it is nothing that is taken.

    Of a text it says only what its beginning allows: the rest has to be looked at.
    """
    ending = ending_of(name)
    if is_picture(head):
        return PICTURE if ending in _PICTURES else None
    found = _type_of(head, ending)
    if found is not None:
        return FileKind("other", found)
    if ending in _TEXTS and b"\x00" not in head:
        return FileKind("other", _TEXTS[ending], is_text=True)
    return None


def _type_of(head: bytes, ending: str) -> str | None:
    """The type of what is neither a picture nor text, where its ending fits."""
    found: str | None = None
    if head[:5] == b"%PDF-":
        found = _fitting(ending, "pdf")
    elif head[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        found = _ZIPPED.get(ending)
    elif head[4:8] == b"ftyp":
        found = _MOVING.get(ending)
    elif head[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in head[:64]:
        found = _fitting(ending, "webm")
    elif head[:4] == b"OggS":
        found = _OGG.get(ending)
    elif head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        found = _fitting(ending, "wav")
    elif head[:3] == b"ID3" or (len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        found = _fitting(ending, "mp3")
    return found


def _fitting(ending: str, wanted: str) -> str | None:
    return _OTHERS[wanted] if ending == wanted else None


def is_picture(head: bytes) -> bool:
    """Whether a file begins as a picture; of a JPEG the size may stand far behind its beginning."""
    return head[:3] == b"\xff\xd8\xff" or shape_of(head) is not None


def name_of_picture(name: str) -> str:
    """Return what a picture is called once it was written anew."""
    return f"{name.rpartition('.')[0]}.webp"


def disposition(name: str, *, inline: bool) -> str:
    """Return the ``Content-Disposition`` for a name (RFC 6266): in plain letters, and as it is (RFC 8187)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-()") else "_" for c in name)
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
