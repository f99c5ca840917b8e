"""A real mail server: what is sent to it can be waited for and read."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult

from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from aiosmtpd.smtp import Envelope, Session

_CODE: Final = re.compile(r"^[a-z2-7]{32}$", re.MULTILINE)
_LINK: Final = re.compile(r"https?://\S+#[a-z2-7]{32}")


class ReceivedMail(NamedTuple):
    """One mail, as it came over the line."""

    to: str
    """Its only recipient, as the sender's server named it."""
    sender: str
    raw: bytes
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        """The mail with its headers."""
        return message_from_bytes(self.raw, policy=default)

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The part for those who read text."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The part for those who see pages."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, self.raw
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def code(self) -> str:
        """The one-time code that it carries."""
        found = _CODE.search(self.text)
        assert found, self.text
        return found[0]

    @property
    def link(self) -> str:
        """The link with the code behind the ``#``."""
        found = _LINK.search(self.text)
        assert found, self.text
        return found[0]


class PostOffice:
    """Serves inside the ``with`` block, in a thread of its own; it can be stopped and started again at the same port.

    Args:
        tls: with which it offers STARTTLS, or speaks from the beginning (``wrapped``).
        wrapped: whether nothing is said before TLS is up.
        host: an address of the loopback. Any other than 127.0.0.1 is another machine's to whoever sends.
        login: user and password without which nothing is taken.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        wrapped: bool = False,
        host: str = "127.0.0.1",
        login: tuple[str, str] | None = None,
    ) -> None:
        self.mails: list[ReceivedMail] = []
        """Everything that arrived, in order."""
        self.answers: dict[str, str] = {}
        """What certain recipients are answered instead of being taken, such as ``550 Nobody here``."""
        self.before_taking: Callable[[], None] = lambda: None
        """Called in the server's thread when a mail has arrived, before it is acknowledged."""
        self.sessions = 0
        """How many connections there were."""
        self.port = 0
        self._tls = tls
        self._wrapped = wrapped
        self._host = host
        self._login = login
        self._read: set[int] = set()
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="post-office", daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """For the setting ``mail_url``."""
        scheme = "smtps" if self._wrapped else "smtp"
        login = f"{self._login[0]}:{self._login[1]}@" if self._login else ""
        return f"{scheme}://{login}{self._host}:{self.port}"

    def start(self) -> None:
        """Listen."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(PATIENCE_SECONDS)

    def stop(self) -> None:
        """Be down: nobody can connect, and who is connected is cut off."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(PATIENCE_SECONDS)

    async def _start(self) -> None:
        tls = self._tls if self._wrapped else None
        self._server = await self._loop.create_server(self._session, self._host, self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    def _session(self) -> SMTP:
        self.sessions += 1
        return SMTP(
            self,
            hostname="post.test",
            loop=self._loop,
            tls_context=None if self._wrapped else self._tls,
            enable_SMTPUTF8=True,
            authenticator=self._authenticate if self._login else None,
            auth_required=self._login is not None,
        )

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: Any) -> AuthResult:
        login = (given.login.decode(), given.password.decode())
        return AuthResult(success=login == self._login, handled=False)

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        others = asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or answer as was asked for."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, and tell who waits for it."""
        (recipient,) = envelope.rcpt_tos
        assert isinstance(envelope.content, bytes)
        mail = ReceivedMail(recipient, envelope.mail_from or "", envelope.content, session.ssl is not None)
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()
        self.before_taking()
        return "250 OK"

    async def mail(self, to: str) -> ReceivedMail:
        """The next mail to an address that nobody has read yet; it is waited for."""
        return await asyncio.to_thread(self.wait_for_mail, to)

    def wait_for_mail(self, to: str) -> ReceivedMail:
        """As :meth:`mail`, for tests without a loop.

        :raises AssertionError: none came.
        """
        ends = time.monotonic() + PATIENCE_SECONDS
        with self._arrived:
            while True:
                for number, mail in enumerate(self.mails):
                    if mail.to == to and number not in self._read:
                        self._read.add(number)
                        return mail
                came = self._arrived.wait(max(0.0, ends - time.monotonic()))
                assert came, f"no mail for {to}; there are {[(mail.to, mail.subject) for mail in self.mails]}"
