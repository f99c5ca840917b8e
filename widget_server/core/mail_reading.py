"""Reading a mail that somebody answered with: who wrote it, and what they wrote, whatever is in it.

Mails come from anybody. What is looked at is bounded before it is parsed (parts, depth, headers, letters), an encoding
that is wrong or unknown is read as well as can be, and what a mail program added is cut away
(:mod:`widget_server.core.quotes`). Parsing takes as long as the mail is long: do it beside the loop.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header
from email.policy import compat32
from email.utils import getaddresses
from html import unescape
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.quotes import without_quotes

if TYPE_CHECKING:
    from email.message import Message

PARTS_MAX: Final = 200
_DEPTH_MAX: Final = 20
_BOUNDARIES_MAX: Final = 40
_DASHED_LINES_MAX: Final = 20_000
_TEXT_CHARS: Final = 500_000
"""Of a text or a page, before what was quoted is cut."""
_HEADER_CHARS: Final = 2_000
_HEAD_BYTES: Final = 100_000
_RECIPIENT_HEADERS: Final = 10
_NAME_CHARS: Final = 120
_MESSAGE_ID_CHARS: Final = 500

_BOUNDARY: Final = re.compile(rb"boundary\s*=", re.IGNORECASE)
_DASHED: Final = b"\n--"
_PARAMETERS: Final = re.compile(rb"(?:\A|[\r\n])content-(?:type|disposition)[ \t]*:", re.IGNORECASE)
_HEADER_END: Final = re.compile(rb"[\r\n](?![ \t\r\n])|\n\r?\n|\r\r")
_PARAMETERS_BYTES: Final = 4_000
_PARAMETERS_MAX: Final = 100
"""In one header: the standard library takes their number times its length to read them."""
_SLOW_CHARSETS: Final = frozenset({"punycode", "idna"})
"""Not for texts, and as slow as the square of their length."""
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BEYOND: Final = re.compile("[\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff\U000efffe-\U0010ffff]")
_SPACES: Final = re.compile(r"\s+")
_BLANK_LINES: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")


class Unreadable(Exception):
    """It is built to be a burden, or nothing that can be read."""


class Answer(NamedTuple):
    """What of a mail comes into a chat."""

    sender: str
    """The one address that wrote it; empty where there is none, or more than one."""
    message_id: str
    """Empty where it has none."""
    is_automatic: bool
    """Whether a program wrote it: a note of absence, a bounce, a list. Nothing is done with it, nothing answered."""
    text: str
    attachments: tuple[str, ...]
    """Their names; what is in them is not looked at."""


def read_answer(raw: bytes) -> Answer:
    """Return what a mail says.

    Raises:
        Unreadable: see there.
    """
    if len(_BOUNDARY.findall(raw)) > _BOUNDARIES_MAX or raw.count(_DASHED) > _DASHED_LINES_MAX:
        raise Unreadable
    _check_parameters(raw)
    try:
        message = message_from_bytes(raw, policy=compat32)
        parts = _parts_of(message)
    except Unreadable:
        raise
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError) as error:
        raise Unreadable from error
    text, attachments = _text_of(parts)
    return Answer(
        _sender_of(message),
        _header(message, "Message-ID")[:_MESSAGE_ID_CHARS],
        _is_automatic(message),
        without_quotes(text),
        tuple(attachments),
    )


def _check_parameters(raw: bytes) -> None:
    """See that no header has more parameters, or is longer, than programs write them.

    Raises:
        Unreadable: see there.
    """
    for found in _PARAMETERS.finditer(raw):
        start, most = found.end(), found.end() + _PARAMETERS_BYTES
        over = _HEADER_END.search(raw, start, most)
        if over is None and len(raw) > most:
            raise Unreadable
        if raw.count(b";", start, over.start() if over else most) > _PARAMETERS_MAX:
            raise Unreadable


def recipients_of(raw: bytes) -> list[str]:
    """Return the addresses that the headers of a mail name as its recipients, the server's own words first."""
    head = raw[:_HEAD_BYTES].partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    try:
        _check_parameters(head)
        message = message_from_bytes(head, policy=compat32)
        named = [
            str(each)[:_HEADER_CHARS]
            for name in ("X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc")
            for each in message.get_all(name, [])[:_RECIPIENT_HEADERS]
        ]
        return [address for _, address in getaddresses(named) if address]
    except (Unreadable, ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError):
        return []


def _parts_of(message: Message) -> list[Message]:
    """The leaves, in order."""
    leaves: list[Message] = []
    waiting: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > PARTS_MAX or depth > _DEPTH_MAX:
            raise Unreadable
        inner = part.get_payload()
        if isinstance(inner, list):
            # A mail that was attached is an attachment, and not what was written.
            if part.get_content_maintype() == "multipart":
                waiting += [(each, depth + 1) for each in reversed(inner) if not isinstance(each, str)]
            else:
                leaves.append(part)
        else:
            leaves.append(part)
    return leaves


def _text_of(parts: list[Message]) -> tuple[str, list[str]]:
    """The first text, else the first page as text; and the names of all that is neither."""
    plain: str | None = None
    page: str | None = None
    attachments: list[str] = []
    for part in parts:
        kind = part.get_content_type()
        if kind == "text/plain" and not _is_attached(part):
            plain = _decoded(part) if plain is None else plain
        elif kind == "text/html" and not _is_attached(part):
            page = _decoded(part) if page is None else page
        elif not (part.get("Content-ID") and kind.startswith("image/") and not _is_attached(part)):
            attachments.append(_name_of(part))
    if plain is not None and plain.strip():
        return plain, attachments
    return (text_of_page(page) if page else ""), attachments


def _is_attached(part: Message) -> bool:
    return _header(part, "Content-Disposition").lower().startswith("attachment")


def _name_of(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        name = ""
    return _plain(_decoded_words(name))[:_NAME_CHARS].replace("\n", " ") or part.get_content_type()


def _decoded(part: Message) -> str:
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    if not isinstance(data, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    if charset.replace("-", "").replace("_", "") in _SLOW_CHARSETS:
        charset = "utf-8"
    try:
        text = data[: _TEXT_CHARS * 4].decode(charset, "replace")
    except (LookupError, ValueError):
        text = data[: _TEXT_CHARS * 4].decode("utf-8", "replace")
    return _plain(text[:_TEXT_CHARS])


def _plain(text: str) -> str:
    """Text without what no database takes and nobody sees."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _BEYOND.sub("\ufffd", _CONTROL.sub("", text))


def _header(message: Message, name: str) -> str:
    """A header as one line; "" where it is missing or cannot be read."""
    try:
        value = str(message.get(name) or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return " ".join(_plain(value[:_HEADER_CHARS]).split())


def _decoded_words(text: str) -> str:
    try:
        return "".join(
            part.decode(charset or "utf-8", "replace") if isinstance(part, bytes) else part
            for part, charset in decode_header(text[:_HEADER_CHARS])
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return text


def _sender_of(message: Message) -> str:
    try:
        headers = [str(each)[:_HEADER_CHARS] for each in message.get_all("From", [])]
        addresses = [address for _, address in getaddresses(headers) if address]
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError):
        return ""
    return _plain(addresses[0]).strip() if len(headers) == len(addresses) == 1 else ""


def _is_automatic(message: Message) -> bool:
    """Whether a program sent it (RFC 3834 and what mail servers did before it)."""
    submitted = _header(message, "Auto-Submitted").lower()
    if submitted and not submitted.startswith("no"):
        return True
    if _header(message, "Precedence").lower() in {"bulk", "junk", "list", "auto_reply"}:
        return True
    if any(_header(message, name) for name in ("X-Autoreply", "X-Autorespond", "List-Id", "X-Loop")):
        return True
    if _header(message, "Return-Path") == "<>":
        return True
    return message.get_content_type() in {"multipart/report", "message/delivery-status"}


_BREAKS: Final = frozenset(
    {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr", "blockquote"}
)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]{0,4000}>|(<!--)|<[!?][^<>]{0,4000}>")
"""No tag reaches over another one: the search is linear, whatever stands there (``html.parser``'s is not)."""
_END_OF: Final = {
    "script": re.compile("</script[^<>]{0,100}>", re.IGNORECASE),
    "style": re.compile("</style[^<>]{0,100}>", re.IGNORECASE),
    "title": re.compile("</title[^<>]{0,100}>", re.IGNORECASE),
    "template": re.compile("</template[^<>]{0,100}>", re.IGNORECASE),
}
"""What a page does not show, by how it ends."""
_COMMENT_END: Final = re.compile("-->")


def text_of_page(page: str) -> str:
    """Return the text of an HTML page: nothing of it is a tag any more, and nothing that a page hides is shown.

    Quotations begin their lines with ``>``, as they do in a text.
    """
    pieces: list[str] = []
    quoted = 0
    at = 0
    while found := _TAG.search(page, at):
        pieces.append(_shown(page[at : found.start()]))
        at = found.end()
        name = (found[2] or "").lower()
        ends = _COMMENT_END if found[3] else _END_OF.get(name) if not found[1] else None
        if ends is not None:
            over = ends.search(page, at)
            at = over.end() if over else len(page)
            continue
        if name == "blockquote":
            quoted = max(0, quoted - 1) if found[1] else quoted + 1
        if name in _BREAKS and not (found[1] and name == "br"):
            pieces.append("\n> " if quoted else "\n")
    pieces.append(_shown(page[at:]))
    lines = [line.strip() for line in "".join(pieces).split("\n")]
    return _BLANK_LINES.sub("\n\n", _plain("\n".join(lines))).strip()


def _shown(text: str) -> str:
    return _SPACES.sub(" ", unescape(text)) if text else ""
