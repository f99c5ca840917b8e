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
_INVISIBLE: Final = re.compile(
    "[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u00ad\u061c\u180e"
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U000e0000-\U000e0fff]"
)
"""Also what fills a place and shows nothing there: a name with a filler looks like the one without it."""
_UNSEEN: Final = re.compile(f"{_INVISIBLE.pattern[:-1]}\u180b-\u180f\ufe00-\ufe0f]")
"""As the invisible ones, with those that choose how an emoji is drawn: a line keeps these when it is shown."""
_REORDERING: Final = re.compile("[\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u00ad\u061c\u180e]")
"""As the invisible ones, without the two that join letters and emoji."""
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACE: Final = re.compile(r"\s+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]+|(?<!\w)[A-Za-z][A-Za-z0-9+.-]*:(?=\S)|/{2,}|\\{2,}")
_JOINT: Final = re.compile(r"(?<=\w)[.@\uff0e\u3002\uff61\u2024\ufe52\uff20]+(?=\w)")
_MANY_LINES: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def check_body(body: str, max_chars: int, *, required: bool = True) -> str:
    r"""``body`` as it is stored: line ends as ``\n``, trailing blanks gone.

    :param required: whether there has to be one; a message that carries files may have none.
    :raises Unacceptable: ``empty_message``, ``message_too_long`` (with ``limit``, in characters) or ``bad_text``.
    """
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    body = body.strip("\n").rstrip()
    if not body or not body.strip():
        if not required:
            return ""
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
    if required and not _UNSEEN.sub("", text):
        raise Unacceptable("line_empty")
    return text


def check_lines(text: str, max_chars: int) -> str:
    r"""A text of several lines, such as what somebody says of themselves: NFC, line ends as ``\n``, nothing invisible.

    :raises Unacceptable: ``bad_text`` or ``line_too_long`` (with ``limit``).
    """
    check_characters(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", _REORDERING.sub("", text))
    text = _MANY_LINES.sub("\n\n", _CONTROL.sub(" ", text)).strip()
    if len(text) > max_chars:
        raise Unacceptable("line_too_long", limit=max_chars)
    return text


def fold(text: str) -> str:
    """The copy of a name or address on which it is unique: NFKC, case-folded, without invisible characters.

    What nobody could have stored is left out, so that any text may be looked up.
    """
    visible = _UNSEEN.sub("", _FORBIDDEN.sub("", text))
    folded = unicodedata.normalize("NFKC", visible).casefold()
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", folded)).strip()


def fold_mail(text: str) -> str:
    """The copy of a mail address on which it is unique: in small letters, without invisible characters.

    Narrower than :func:`fold`, which is for readers: a mail server tells ``straße`` from ``strasse``, and so whoever
    gets the mails of one has not shown that the other is theirs.
    """
    visible = unicodedata.normalize("NFC", _INVISIBLE.sub("", _FORBIDDEN.sub("", text)))
    return unicodedata.normalize("NFC", visible.lower()).strip()


def preview(body: str, max_chars: int = 140) -> str:
    """One line of a message for a list."""
    line = _SPACE.sub(" ", body[: max_chars * 2]).strip()
    return line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"


def to_translate(english: str) -> str:
    """Mark a text that is put into the reader's language where it is shown, so that it gets into the catalogues."""
    return english


def without_links(text: str) -> str:
    """``text`` as one line in which no program finds an address to make a link of (S35).

    ``https://evil.example/a`` becomes ``evil example/a``: who wrote it is still seen, and nothing leads there.
    """
    line = _SPACE.sub(" ", _CONTROL.sub(" ", _INVISIBLE.sub("", _FORBIDDEN.sub("", text))))
    return _SPACE.sub(" ", _JOINT.sub(" ", _SCHEME.sub(" ", line))).strip()
