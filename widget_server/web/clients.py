"""The address of whoever is at the other end, for limits alone: it is never stored (P3, S23).

``X-Forwarded-For`` is written by anybody. Only the entries that our own proxies appended can be believed: with ``n`` of
them in front, the client's address is the ``n``-th entry from the right.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

_IPV6_PREFIX = 64


def client_address(request: web.BaseRequest, trusted_proxies: int) -> str:
    """Return the client's IP address, or "" for who came through a unix socket.

    Args:
        request: what arrived.
        trusted_proxies: how many proxies of ours stand in front; 0 ignores the header.
    """
    peer = request.remote or ""
    if not trusted_proxies:
        return peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    told = hops[-trusted_proxies].strip() if len(hops) >= trusted_proxies else ""
    return told if _parse(told) else peer


def limit_key(address: str) -> str:
    """Return what of an address is counted: an IPv6 client can use any address of its /64, and so it counts as one."""
    parsed = _parse(address)
    if parsed is None:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False).network_address)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return None
