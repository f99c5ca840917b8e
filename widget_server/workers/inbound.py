"""Taking answers by SMTP: a small listener for our own reply addresses and for nothing else.

It relays nothing, keeps nothing and writes to nobody: a recipient that opens no conversation is refused before the
mail is sent, and a mail is acknowledged when its message is committed. Where the store cannot be written the sender
keeps it and tries again, as mail servers do. It runs on the application's own loop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Any, Final, cast

from aiosmtpd.smtp import SMTP
from typing_extensions import override

from widget_server.core.errors import ProductError, TryLater
from widget_server.ops.listening import bind, close_all
from widget_server.settings import OperatorError
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiosmtpd.smtp import Envelope, Session

    from widget_server.actions.inbound_mail import Letterbox
    from widget_server.settings import Settings

log = logging.getLogger(__name__)

CONNECTIONS_MAX: Final = 20
_IDLE_S: Final = 60.0
_LONGEST_S: Final = 600.0
"""For one connection, however little it sends at a time."""
_COMMANDS_MAX: Final = 40
_LINES_IN_A_TURN: Final = 50
_SHORTEST_MEAN: Final = 40
"""Letters that the lines of the largest mail have at least, on the average."""
_LATER: Final = "451 4.3.0 This cannot be taken at the moment; try again later"
_UNKNOWN: Final = "550 5.1.1 Nobody can be written to at this address, or not any more"


class Inbound:
    """Listens between :meth:`start` and :meth:`stop`.

    Args:
        settings: where, and how much.
        letterbox: what takes the mails.

    Raises:
        OperatorError: the certificate cannot be used.
    """

    def __init__(self, settings: Settings, letterbox: Letterbox) -> None:
        self._host = settings.inbound_host
        self._wanted_port = settings.inbound_port or 0
        self._max_bytes = settings.inbound_max_bytes
        self._name = settings.inbound_domain or "localhost"
        self._letterbox = letterbox
        self._tls = None if settings.inbound_certificate is None else _tls_of(settings.inbound_certificate)
        self._servers: list[asyncio.Server] = []
        self._lines: set[Line] = set()
        self.port = 0
        """Where it listens."""

    async def start(self) -> None:
        """Listen.

        Raises:
            OperatorError: the port is taken, or may not be used.
        """
        loop = asyncio.get_running_loop()
        bound: list[socket.socket] = bind(self._host, self._wanted_port, "inbound_port")
        try:
            self.port = bound[0].getsockname()[1]
            while bound:
                self._servers.append(await loop.create_server(self._line, sock=bound.pop()))
        finally:
            close_all(bound)

    async def stop(self) -> None:
        """Listen no more; a mail that was not acknowledged comes again."""
        for server in self._servers:
            server.close()
        for line in list(self._lines):
            line.cut()
        self._servers.clear()

    def _line(self) -> Line:
        return Line(
            self,
            self._lines,
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            hostname=self._name,
            ident="ESMTP",
            tls_context=self._tls,
            timeout=_IDLE_S,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            command_call_limit={"*": _COMMANDS_MAX},
            loop=asyncio.get_running_loop(),
        )

    async def handle_MAIL(  # noqa: N802 - the names are aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whoever it says it is from: ``From`` is looked at, in the mail."""
        envelope.mail_from = address or "<>"
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient that opens a conversation, and no other; one for each mail."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        try:
            await self._letterbox.check_recipient(address)
        except (StoreUnavailable, TryLater):
            return _LATER
        except ProductError:
            return _UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Have the mail put into its conversation; only then is it acknowledged."""
        if envelope.mail_from == "<>":
            log.info("Threw away a mail that a program sent.")
            return "250 2.0.0 OK"
        raw = envelope.content
        if not isinstance(raw, bytes):
            return _LATER
        try:
            is_taken = await self._letterbox.do_take(envelope.rcpt_tos[0], raw)
        except StoreUnavailable as error:
            log.warning("An answer by mail could not be stored.", extra={"reason": str(error)})
            return _LATER
        except TryLater:
            return _LATER
        except ProductError as error:
            log.info("Refused an answer by mail.", extra={"reason": error.name})
            return _REFUSALS.get(error.name, "550 5.7.1 This mail cannot be taken")
        log.info("Took an answer by mail." if is_taken else "Threw away a mail that a program sent.")
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """What nobody foresaw: the sender keeps the mail."""
        log.error("Taking a mail failed.", exc_info=error)
        return _LATER


_REFUSALS: Final = {
    "not_found": _UNKNOWN,
    "not_allowed": "550 5.7.1 Write from the address to which the answer was sent",
    "empty_message": "550 5.6.0 There is no text in this mail",
    "channel_closed": "550 5.7.1 This conversation takes no more messages",
    "bad_request": "554 5.6.0 This mail cannot be read",
}


class Line(SMTP):
    """One connection, bounded in time; one too many is turned away."""

    line_length_limit = 65_536
    """More than a mail may have in a line: programs that break none are common, and their mails harmless."""

    def __init__(self, handler: Inbound, lines: set[Line], **options: Any) -> None:
        super().__init__(handler, **options)
        self._others = lines
        self._first: asyncio.BaseTransport | None = None
        self._is_turned_away = False
        self._ends: asyncio.TimerHandle | None = None
        self._lines_left = int(options["data_size_limit"]) // _SHORTEST_MEAN

    def cut(self) -> None:
        """End it now."""
        if self._first is not None:
            self._first.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._first is None:
            self._first = transport
            if len(self._others) >= CONNECTIONS_MAX:
                self._is_turned_away = True
                # uvloop's transports are none of asyncio's classes.
                cast("asyncio.Transport", transport).write(b"421 4.3.2 Too many connections; try again later\r\n")
                transport.close()
                return
            self._others.add(self)
            self._ends = asyncio.get_running_loop().call_later(_LONGEST_S, self.cut)
        super().connection_made(transport)

    @override
    def _cb_client_connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super()._cb_client_connected(reader, writer)
        read_line: Callable[[bytes], Awaitable[bytes]] = reader.readuntil

        async def read_in_turn(separator: bytes = b"\n") -> bytes:
            self._lines_left -= 1
            if self._lines_left % _LINES_IN_A_TURN == 0:
                await asyncio.sleep(0)
            if self._lines_left < 0:
                writer.write(b"552 5.3.4 Too many lines\r\n")
                self.cut()
                raise asyncio.CancelledError
            return await read_line(separator)

        # What has arrived is read without a pause, a line at a time: a mail of a million lines would hold everybody up.
        setattr(reader, "readuntil", read_in_turn)  # noqa: B010 - a method of a class that is not ours

    @override
    def connection_lost(self, error: Exception | None) -> None:
        if self._is_turned_away:
            return
        self._others.discard(self)
        if self._ends is not None:
            self._ends.cancel()
        super().connection_lost(error)


def _tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(
            f"WIDGET_INBOUND_CERTIFICATE: {certificate} has no certificate and key that can be used ({error})"
        ) from None
    return context
