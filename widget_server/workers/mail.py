"""Sending mails: one recipient each, never on a request's way (S2.25).

The one-time code of a mail is made here, with the mail: it exists in the mail alone. A mail that is sent again has a
new code, and the one before opens nothing any more.
"""

from __future__ import annotations

import logging
import ssl
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from widget_server.actions.links import do_set_token
from widget_server.actions.mailing import Letter, Mail
from widget_server.workers.letters import BadAddress
from widget_server.workers.outbox import Impossible, Later, Needless

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage

    from widget_server.actions.community import CommunityReader
    from widget_server.actions.engine import Clock
    from widget_server.actions.outbox import Entry
    from widget_server.store.database import Database
    from widget_server.workers.answers import Answers
    from widget_server.workers.letters import Headers, Letters
    from widget_server.workers.workshop import Workshop

_log = logging.getLogger(__name__)

_STEP_S: Final = 15.0
"""How long the server may take for each of its answers."""
_KEPT: Final = 50
_PORTS: Final = {"smtp": 587, "smtps": 465}
_OWN_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Carrier(Protocol):
    """What takes a mail away."""

    async def carry(self, letter: Letter, message: EmailMessage, /) -> None:
        """Take it.

        Raises:
            Impossible: nobody will ever take it.
            Later: not now.
        """


class Smtp:
    """A mail server. Every mail has a connection of its own.

    Args:
        url: ``smtp://user:password@host:587`` or ``smtps://host:465``. Between machines the first one is encrypted
            too, or nothing is sent.
        trusts: the certificates that are believed; the system's when left out.
    """

    def __init__(self, url: str, *, trusts: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"
        self._starts_tls = None if self._is_tls or self._host in _OWN_MACHINE else True
        self._trusts = trusts or ssl.create_default_context()

    async def carry(self, _: Letter, message: EmailMessage, /) -> None:
        """Hand it over. What the server said is told by its number alone: its words may name people."""
        try:
            async with aiosmtplib.SMTP(
                hostname=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                use_tls=self._is_tls,
                start_tls=False if self._is_tls else self._starts_tls,
                tls_context=self._trusts,
                timeout=_STEP_S,
            ) as server:
                await server.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _verdict(error.recipients[0].code, "refuses the recipient") from error
        except aiosmtplib.SMTPDataError as error:
            raise _verdict(error.code, "refuses the mail") from error
        except aiosmtplib.SMTPNotSupported as error:
            raise Impossible("The mail server cannot write to an address with such letters.") from error
        except aiosmtplib.SMTPResponseException as error:
            raise Later(f"The mail server refuses to work for us ({error.code}).") from error
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise Later(f"The mail server cannot be reached ({type(error).__name__}).") from error


def _verdict(code: int, what: str) -> Exception:
    text = f"The mail server {what} ({code})."
    return Impossible(text) if 500 <= code < 600 else Later(text)


class KeptMails:
    """In development: mails are not sent, the last ones are shown on a page."""

    def __init__(self) -> None:
        self.letters: deque[Letter] = deque(maxlen=_KEPT)
        """The oldest first."""

    async def carry(self, letter: Letter, _: EmailMessage, /) -> None:
        """Keep it."""
        self.letters.append(letter)
        _log.info("Kept a mail; it is shown on /development/mails.")


class Post:
    """The handler of the outbox's mails.

    Args:
        database: the store, where links get their codes.
        clock: the time, and chance.
        community: what the installation is called.
        letters: makes them.
        carrier: takes them away; None where mail is switched off.
        workshop: where both happen: making, encrypting and sending one takes milliseconds of a processor.
        answers: what is read for a mail that tells a visitor of answers.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        community: CommunityReader,
        letters: Letters,
        carrier: Carrier | None,
        workshop: Workshop,
        answers: Answers,
    ) -> None:
        self._answers = answers
        self._db = database
        self._clock = clock
        self._community = community
        self._letters = letters
        self._carrier = carrier
        self._workshop = workshop

    async def send(self, entry: Entry) -> None:
        """Make and send the mail of one row.

        Raises:
            Impossible: it can never be sent.
            Later: the server does not take it now.
            Needless: its link was used or ended meanwhile, or no mail is sent at all.
        """
        if self._carrier is None:
            raise Needless("Mail is switched off.")
        try:
            mail, to, language, link, facts = _read(entry.payload)
        except (KeyError, ValueError, TypeError):
            raise Impossible("The entry is not the description of a mail.") from None
        code = await self._code(link)
        headers: Headers | None = None
        community = ""
        if mail is Mail.CHAT_ANSWER:
            facts, headers = await self._answers.read(facts, to, now_ms=self._clock.now_ms())
            community = str(facts["site"])
        await self.carry(mail, to=to, language=language, facts=facts, code=code, community=community, headers=headers)
        _log.info("Sent a mail.", extra={"mail": mail.value, "entry": entry.id})

    @property
    def is_silent(self) -> bool:
        """Whether no mail is sent at all."""
        return self._carrier is None

    async def carry(
        self,
        mail: Mail,
        *,
        to: str,
        language: str,
        facts: Mapping[str, Any],
        code: str | None = None,
        unsubscribe: str = "",
        community: str = "",
        headers: Headers | None = None,
    ) -> None:
        """Make a mail and have it taken away.

        Args:
            mail: which kind.
            to: the recipient's address.
            language: theirs.
            facts: what the template names.
            code: the one-time code that it carries.
            unsubscribe: the address at which one click ends such mails (RFC 8058).
            community: for whom it speaks; the installation where that is empty.
            headers: of a mail that can be answered.

        Raises:
            Impossible: it can never be sent.
            Later: the server does not take it now.
            Needless: no mail is sent at all.
        """
        if self._carrier is None:
            raise Needless("Mail is switched off.")
        speaker = community or (await self._community.read()).name

        async def make_and_carry(carrier: Carrier) -> None:
            letter = self._letters.write(
                mail,
                to=to,
                language=language,
                community=speaker,
                facts=facts,
                code=code,
                at=self._clock.now_ms(),
                unsubscribe=unsubscribe,
            )
            try:
                message = self._letters.seal(letter, self._clock.uuid(), headers)
            except BadAddress:
                raise Impossible("The address is not one to which a mail can be sent.") from None
            await carrier.carry(letter, message)

        await self._workshop.do(make_and_carry(self._carrier))

    async def _code(self, link: int | None) -> str | None:
        if link is None:
            return None
        code = await do_set_token(self._db, link, self._clock.random, now_ms=self._clock.now_ms())
        if code is None:
            raise Needless("The link that it carries was used, or another one took its place.")
        return code


def _read(payload: Any) -> tuple[Mail, str, str, int | None, dict[str, Any]]:
    return Mail(payload["mail"]), payload["to"], payload["language"], payload["link"], dict(payload["facts"])
