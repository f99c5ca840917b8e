"""What may be stored as text, the same on every database, and how names are folded so that look-alikes meet.

SQLite would store NUL and PostgreSQL would refuse it; SQLite refuses lone surrogates. Both are refused here, at the
edge (requirements S36, F7).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from widget_server.core.errors import Unacceptable

_FORBIDDEN: Final = re.compile("[\x00\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u00ad\u061c\u180e]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACE: Final = re.compile(r"\s+")


def check_body(body: str, max_chars: int) -> str:
    r"""``body`` as it is stored: line ends as ``\n``, trailing blanks gone.

    :raises Unacceptable: ``empty_message``, ``message_too_long`` (with ``limit``, in characters) or ``bad_text``.
    """
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    body = body.strip("\n").rstrip()
    if not body or not body.strip():
        raise Unacceptable("empty_message")
    if len(body) > max_chars:
        raise Unacceptable("message_too_long", limit=max_chars)
    if not body.isascii() or "\x00" in body:
        check_characters(body)
    return body


def check_characters(text: str) -> None:
    """See that every database would take the text. :raises Unacceptable: ``bad_text``."""
    if _FORBIDDEN.search(text) or any(ord(c) & 0xFFFE == 0xFFFE for c in text if ord(c) > 0xFFFF):
        raise Unacceptable("bad_text")


def check_line(text: str, max_chars: int, *, required: bool = False) -> str:
    """A name, title or other single line: NFC, without direction marks, zero-width and control characters.

    :raises Unacceptable: ``bad_text``, ``line_too_long`` (with ``limit``) or, when ``required``, ``line_empty``.
    """
    check_characters(text)
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()
    if len(text) > max_chars:
        raise Unacceptable("line_too_long", limit=max_chars)
    if required and not text:
        raise Unacceptable("line_empty")
    return text


def fold(text: str) -> str:
    """The copy of a name or address on which it is unique: NFKC, case-folded, without invisible characters.

    What nobody could have stored is left out, so that any text may be looked up.
    """
    visible = _INVISIBLE.sub("", _FORBIDDEN.sub("", text))
    folded = unicodedata.normalize("NFKC", visible).casefold()
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", folded)).strip()


def preview(body: str, max_chars: int = 140) -> str:
    """One line of a message for a list."""
    line = _SPACE.sub(" ", body[: max_chars * 2]).strip()
    return line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"
