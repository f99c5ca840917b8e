"""The one way out to addresses that people gave: webhooks, OpenID providers (S31, S32).

A name is resolved once, and the connection goes to the very address that was checked: the check stands where the socket
is made. Nothing but the public internet is reached, unless the installation lists a network. Redirects are not
followed; nothing of this process's surroundings (proxies, cookies, netrc) goes along.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from widget_server.core.errors import Unacceptable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MAX_ANSWER_BYTES: Final = 65_536
MAX_SECONDS: Final = 10.0
PORTS: Final = frozenset({80, 443, 8080, 8443})
"""Of addresses on the public internet; a listed network has them all."""
_URL_CHARS: Final = 1_000
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_INNER: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        # What leads to another address that nobody checked: Teredo and its neighbours, 6to4 and its relays.
        "2001::/23",
        "2002::/16",
        "192.88.99.0/24",
        "192.0.0.0/24",
        # A platform's own services behind an address that looks public.
        "168.63.129.16/32",
    )
)


class NotReachable(Exception):
    """Nothing that could be used came back; the text says why, for whoever set the address up, and names no secret."""


class Answer(NamedTuple):
    """What came back: at most :data:`MAX_ANSWER_BYTES` of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Refused(OSError):
    """The policy refuses an address."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet and to nobody's inside, whichever way it is written."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _INNER)


def networks_of(text: str) -> tuple[Network, ...]:
    """Return the networks of a setting such as ``10.0.0.0/8, 127.0.0.1/32``.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


class Outgoing:
    """Sends requests out, from :meth:`start` to :meth:`close`.

    Args:
        allowed: networks that may be reached although they are not public.
    """

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Get ready; needs a running loop."""
        connector = aiohttp.TCPConnector(
            # How many may be under way is the callers' to say: a slow one must not hold a place that others wait for.
            limit=0,
            use_dns_cache=False,
            force_close=True,
            socket_factory=self._open_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=("User-Agent",),
        )

    async def close(self) -> None:
        """End what is under way."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def check_url(self, url: str) -> str:
        """Return an address to which requests may be sent, as far as it can be told without asking for its name.

        Raises:
            Unacceptable: ``bad_url``.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            raise Unacceptable("bad_url") from None
        plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _URL_CHARS
        if not plain or port is None or not host or "@" in parts.netloc or parts.fragment:
            raise Unacceptable("bad_url")
        if parts.scheme not in _DEFAULT_PORTS:
            raise Unacceptable("bad_url")
        try:
            address = ip_address(host)
        except ValueError:
            if port not in PORTS and not self._allowed:
                raise Unacceptable("bad_url") from None
        else:
            if not self._may_reach(address, port):
                raise Unacceptable("bad_url")
        return url

    async def send(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send one request and return the answer, whatever its status.

        Raises:
            NotReachable: the address may not be reached, or no whole answer came within :data:`MAX_SECONDS`.
        """
        if self._session is None:
            raise NotReachable("this server is stopping")
        try:
            self.check_url(url)
            async with (
                asyncio.timeout(MAX_SECONDS),
                self._session.request(method, url, headers=headers, data=body, allow_redirects=False) as response,
            ):
                return Answer(response.status, dict(response.headers), await _read(response))
        except (Unacceptable, aiohttp.InvalidURL):
            raise NotReachable("this address may not be reached") from None
        except TimeoutError:
            raise NotReachable(f"no answer within {MAX_SECONDS:.0f} s") from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _Refused):
                raise NotReachable("this address may not be reached") from None
            raise NotReachable(_reason_of(error)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotReachable(_reason_of(error)) from None

    def _may_reach(self, address: Address, port: int) -> bool:
        plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        return any(plain in network for network in self._allowed) or (port in PORTS and is_public(address))

    def _open_socket(self, found: tuple[Any, ...]) -> socket.socket:
        """Make the socket for an address that a name led to; the connection goes to no other one."""
        family, kind, protocol, _, place = found
        address = ip_address(str(place[0]).partition("%")[0])
        if not self._may_reach(address, int(place[1])):
            raise _Refused("this address may not be reached")
        return socket.socket(family, kind, protocol)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read the beginning of an answer; what is longer is left where it is."""
    parts: list[bytes] = []
    left = MAX_ANSWER_BYTES
    while left > 0 and (part := await response.content.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _reason_of(error: Exception) -> str:
    """Name what went wrong without the address, whose path may be a secret."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "its certificate is not valid"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorError():
            return "it takes no connection"
        case _:
            return "the connection broke"
