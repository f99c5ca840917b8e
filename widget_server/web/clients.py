"""The address of whoever is at the other end, for limits alone: it is never stored (P3, S23).

``X-Forwarded-For`` is written by anybody. Only the entries that our own proxies appended can be believed. They are
known by number (with ``n`` of them in front, the client's address is the ``n``-th entry from the right) or by their
networks (it is the last entry that is none of theirs, and counts only where a proxy of ours brought it).
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_IPV6_PREFIX: Final = 64


class Proxies(NamedTuple):
    """The proxies that are trusted: by number, or by their networks."""

    number: int
    networks: tuple[Network, ...] = ()

    def have(self, address: str) -> bool:
        """Return whether an address is that of a proxy which is known by its network."""
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self.networks)


@lru_cache(maxsize=8)
def trusted(setting: str) -> Proxies:
    """Return what ``Settings.trusted_proxies`` says."""
    if setting.isdecimal():
        return Proxies(int(setting))
    return Proxies(0, tuple(ipaddress.ip_network(part) for part in setting.split(",")))


def client_address(request: web.BaseRequest, proxies: Proxies) -> str:
    """Return the client's IP address, or "" for who came through a unix socket.

    Args:
        request: what arrived.
        proxies: those of ours that stand in front; with none of them the header is ignored.
    """
    peer = request.remote or ""
    if not proxies.number and not proxies.have(peer):
        return peer
    hops = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")]
    if proxies.number:
        told = hops[-proxies.number] if len(hops) >= proxies.number else ""
        return told if _parse(told) else peer
    for hop in reversed(hops):
        if _parse(hop) is None:
            break
        peer = hop
        if not proxies.have(hop):
            break
    return peer


def client_scheme(request: web.BaseRequest, proxies: Proxies) -> str:
    """Return ``http`` or ``https``: how the client came to the first proxy of ours, as far as that can be believed."""
    told = request.headers.get("X-Forwarded-Proto", "")
    if told and (proxies.number or proxies.have(request.remote or "")):
        # A chain of proxies may write one word each; that of the outermost one of ours counts.
        words = [word.strip().lower() for word in told.split(",")]
        word = words[-min(proxies.number or 1, len(words))]
        if word in {"http", "https"}:
            return word
    return request.scheme


def limit_key(address: str) -> str:
    """Return what of an address is counted: an IPv6 client can use any address of its /64, and so it counts as one."""
    parsed = _parse(address)
    if parsed is None:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False).network_address)


def truncated(address: str) -> str:
    """Return what of an address may be kept (P3): an IPv4 one without its last byte, an IPv6 one's first 48 bits."""
    parsed = _parse(address)
    if parsed is None:
        return ""
    bits = 24 if isinstance(parsed, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((parsed, bits), strict=False))


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return None
    # What comes over IPv4 to a socket of IPv6 is the same client and the same proxy.
    return getattr(parsed, "ipv4_mapped", None) or parsed
