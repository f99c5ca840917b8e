"""Origins of web pages: scheme, host and port, in the one spelling that browsers send (RFC 6454 §6.2)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import idna

from widget_server.core.errors import Unacceptable
from widget_server.core.text import check_line

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ORIGINS: Final = 50
"""Origins that one site may list."""

_MAX_CHARS: Final = 300
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def parse_origin(text: str) -> str:
    """Return ``text`` as a browser writes it: lower case, an international name in its ASCII form, no default port.

    One slash at the end is forgiven, because that is what copying from an address bar gives.

    Raises:
        Unacceptable: ``bad_origin`` with the ``value``, for anything with a path, a wildcard or another scheme.
    """
    shown = check_line(text[:_MAX_CHARS], _MAX_CHARS)
    try:
        parts = urlsplit(text.removesuffix("/"))
        port = parts.port
    except ValueError:
        raise Unacceptable("bad_origin", value=shown) from None
    host = _ascii_host(parts.hostname or "")
    more = parts.path or parts.query or parts.fragment or "@" in parts.netloc or "#" in text or "?" in text
    if parts.scheme not in _DEFAULT_PORTS or not host or more or len(text) > _MAX_CHARS or parts.netloc.endswith(":"):
        raise Unacceptable("bad_origin", value=shown)
    suffix = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _ascii_host(host: str) -> str | None:
    """Return the host as it stands in an origin, or None where it is no host."""
    if "%" in host:
        # The zone of an IPv6 address: no origin has one, and anything could stand in it.
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return f"[{address}]" if address.version == 6 else str(address)
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None


def check_origins(values: Iterable[object]) -> tuple[str, ...]:
    """Return the list of a site's origins, each once and in order of first mention.

    Raises:
        Unacceptable: ``bad_origin`` with the first ``value`` that is none, or ``bad_value`` where there are too many.
    """
    found: dict[str, None] = {}
    for value in values:
        if not isinstance(value, str):
            raise Unacceptable("bad_value", field="allowed_origins")
        found[parse_origin(value.strip())] = None
    if len(found) > MAX_ORIGINS:
        raise Unacceptable("bad_value", field="allowed_origins")
    return tuple(found)
