"""Mails as they are sent: text and HTML, in the recipient's language, with nothing in them that a stranger could use.

What a mail of one kind says stands in ``templates/mail/<kind>.txt``; how all of them look, in ``letter.txt`` and
``letter.html``. Whatever people chose themselves (their names) is text without links (S35), and every link of ours
begins with the configured address, never with what a request said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import copy_context
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

import idna
from jinja2 import Environment, FileSystemLoader, select_autoescape

from widget_server.actions.mailing import Letter, Mail
from widget_server.core.text import without_links

if TYPE_CHECKING:
    from email.headerregistry import BaseHeader
    from email.policy import EmailPolicy, Policy

_FOLDER: Final = Path(__file__).parent.parent / "templates" / "mail"
_HEADER_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SUBJECT_CHARS: Final = 200
_LOCAL_PART: Final = re.compile(r"[^\x00-\x20\x7f\"\\<>()\[\],;:@\u0080-\u009f\u2028\u2029]{1,64}")
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")

PAGES: Final[dict[Mail, str]] = {
    Mail.CONFIRM: "/confirm",
    Mail.RESET: "/forgotten/new",
    Mail.CHANGE_ADDRESS: "/account/address/confirm",
    Mail.INVITATION: "/invitation",
    Mail.CONFIRM_CONTACT: "/contact/confirm",
}
"""Where the one-time code of each kind of mail is used; it stands behind the ``#``, which no server is ever told."""


class _Letterwise(UnstructuredHeader):
    """A header that programs read letter by letter: a long word in it is never encoded, as Python would do."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split())}{policy.linesep}"  # type: ignore[attr-defined]  # of the header it is mixed into


def _policy() -> EmailPolicy:
    headers = HeaderRegistry()
    for name in ("in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"):
        headers.map_to_type(name, cast("type[BaseHeader]", _Letterwise))
    return cast("EmailPolicy", SMTP.clone(header_factory=headers))


_POLICY: Final = _policy()


class BadAddress(Exception):
    """Nothing can be sent to (or from) this address."""


class Texts(Protocol):
    """The languages, as :class:`widget_server.web.languages.Languages` has them."""

    def speak(self, tag: str) -> None:
        """Use a language from here on, in this context."""

    def gettext(self, text: str) -> str:
        """Return a text in it."""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the form for a count in it."""

    @property
    def current(self) -> str:
        """Its tag."""

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""


class Said(NamedTuple):
    """Something in words."""

    text: str
    language: str
    direction: str


class Sender(NamedTuple):
    """How the installation signs its mails."""

    base: str
    """Its public address, without a slash at the end."""
    address: str
    """As in ``Support chat <chat@example.org>``."""
    prefix: str
    """Of every subject; may be empty."""


class Headers(NamedTuple):
    """What a mail of a conversation says beside what every mail does."""

    name: str
    """For its ``Message-ID``: the same whenever the same is sent."""
    sender_name: str
    reply_to: str | None
    earlier: tuple[str, ...]
    """The names of mails that it follows, the last one last."""
    stop: str
    """The address at which a mail program ends these mails with one request (RFC 8058)."""


class Letters:
    """Makes them.

    Args:
        texts: the languages.
        sender: of all of them.
    """

    def __init__(self, texts: Texts, sender: Sender) -> None:
        self._texts = texts
        self._sender = sender
        self._host = urlsplit(sender.base).hostname or "localhost"
        self._from = address_of(sender.address)
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=select_autoescape(["html"], default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._templates.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]  # by the extension

    def write(
        self,
        mail: Mail,
        *,
        to: str,
        language: str,
        community: str,
        facts: Mapping[str, Any],
        code: str | None,
        at: int,
        unsubscribe: str = "",
    ) -> Letter:
        """Return the mail of a kind.

        Args:
            mail: which.
            to: the recipient's address.
            language: theirs; an unknown one is English.
            community: what the installation is called.
            facts: what the template names.
            code: the one-time code that it carries.
            at: UTC time in ms.
            unsubscribe: the address at which one click ends such mails; empty for those that nobody can refuse.
        """

        def speak() -> Letter:
            self._texts.speak(language or "en")
            return self._write(mail, to, community, facts, code, at, unsubscribe)

        return copy_context().run(speak)

    def sentence(self, language: str, facts: Mapping[str, Any]) -> Said:
        """Return a notice in one sentence, without the mail around it.

        Args:
            language: its recipient's; an unknown one is English.
            facts: as the template of notices names them.
        """

        def speak() -> Said:
            self._texts.speak(language or "en")
            module: Any = self._templates.get_template(f"{Mail.NOTICES}.txt").make_module({"facts": {}, "base": ""})
            return Said(str(module.sentence(_plain(facts))).strip(), self._texts.current, self._texts.direction)

        return copy_context().run(speak)

    def _write(
        self,
        mail: Mail,
        to: str,
        community: str,
        facts: Mapping[str, Any],
        code: str | None,
        at: int,
        unsubscribe: str,
    ) -> Letter:
        said = self._templates.get_template(f"{mail}.txt").make_module(
            {"facts": _plain(facts), "community": community, "base": self._sender.base}
        )
        subject = " ".join(filter(None, (self._sender.prefix, getattr(said, "subject", ""))))
        page = PAGES.get(mail)
        link = f"{self._sender.base}{page}#{code}" if page and code else None
        path = facts.get("path")
        target = str(facts.get("page") or "") or f"{self._sender.base}{path if isinstance(path, str) else '/'}"
        context = {
            "subject": getattr(said, "subject", ""),
            "lines": getattr(said, "lines", ()),
            "details": getattr(said, "details", ()),
            "items": getattr(said, "items", ()),
            "settings": getattr(said, "settings", ""),
            "unsubscribe": unsubscribe,
            "button": getattr(said, "button", ""),
            "after": getattr(said, "after", ()),
            "marker": getattr(said, "marker", ""),
            "answers": facts.get("answers", ()),
            "history": facts.get("history", ()),
            "before": getattr(said, "before", ""),
            "target": target,
            "stop": facts.get("stop"),
            "link": link,
            "place": f"{self._sender.base}{page}" if page else None,
            "code": code,
            "community": community,
            "base": self._sender.base,
            "language": self._texts.current,
            "direction": self._texts.direction,
        }
        return Letter(
            to,
            one_line(subject)[:_SUBJECT_CHARS],
            self._templates.get_template("letter.txt").render(context),
            self._templates.get_template("letter.html").render(context),
            self._texts.current,
            link,
            at,
            unsubscribe,
        )

    def seal(self, letter: Letter, name: str, headers: Headers | None = None) -> EmailMessage:
        """Return a letter as it goes to the server.

        Args:
            letter: what to send.
            name: that no other mail has, for its ``Message-ID``.
            headers: of a mail of a conversation.

        Raises:
            BadAddress: its recipient's address is none.
        """
        message = EmailMessage(policy=_POLICY)
        try:
            message["From"] = self._from if headers is None else self._named(headers.sender_name)
            message["To"] = address_of(letter.to)
            message["Subject"] = letter.subject
            message["Date"] = format_datetime(datetime.fromtimestamp(letter.at / 1000, UTC))
            message["Message-ID"] = f"<{name if headers is None else headers.name}@{self._host}>"
            message["Auto-Submitted"] = "auto-generated"
            if headers is not None:
                self._thread(message, headers)
            if letter.unsubscribe:
                message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
                message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        except (ValueError, MessageError) as error:
            raise BadAddress from error
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        message["Content-Language"] = letter.language
        return message

    def _named(self, name: str) -> Address:
        """Our own address under another name, which somebody chose."""
        return Address(one_line(without_links(name)), self._from.username, self._from.domain)

    def _thread(self, message: EmailMessage, headers: Headers) -> None:
        if headers.reply_to:
            message["Reply-To"] = address_of(headers.reply_to)
        if headers.earlier:
            earlier = [f"<{name}@{self._host}>" for name in headers.earlier]
            message["In-Reply-To"] = earlier[-1]
            message["References"] = " ".join(earlier)
        message["List-Unsubscribe"] = f"<{headers.stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def one_line(text: str) -> str:
    """Return a text without anything that could end a header's line."""
    return _HEADER_BREAKS.sub(" ", text).strip()


def address_of(written: str) -> Address:
    """Return one address, with or without a name, as it stands in a header. A domain is written in ASCII.

    Raises:
        BadAddress: it is none, or more than one.
    """
    name, bracket, spec = written.rstrip().rpartition("<")
    if bracket:
        spec, end = spec[:-1], spec[-1:]
        if end != ">":
            raise BadAddress
    local, _, domain = spec.rpartition("@")
    try:
        host = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        if _HEADER_BREAKS.search(written) or not (_LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(host)):
            raise BadAddress
        return Address(display_name=name.strip().strip('"'), username=local, domain=host)
    except (ValueError, MessageError, IndexError, idna.IDNAError) as error:
        raise BadAddress from error


def _plain(value: Any) -> Any:
    """Whatever people wrote, wherever it stands in the facts, without links."""
    if isinstance(value, str):
        return without_links(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
