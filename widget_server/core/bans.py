"""Bans: whether somebody may write. By account, by a visitor's session, or by a range of network addresses.

A ban takes writing away and nothing else: what somebody wrote, and was written to them, stays theirs to read.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.core.errors import Refused, Unacceptable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_WIDEST: Final = {4: 8, 6: 16}
"""The shortest prefix of a range: a shorter one is a slip of the pen that bans half of the world."""
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


class Ban(NamedTuple):
    """One ban that has not been lifted."""

    id: int
    kind: str
    """``account``, ``session`` or ``network``."""
    person_id: int | None
    token_hash: str | None
    network: str | None
    site_id: int
    reason: str
    """Told to whoever is banned."""
    ends_at: int | None
    """UTC ms; None is never."""

    def holds(self, now_ms: int) -> bool:
        """Whether it still holds then."""
        return self.ends_at is None or now_ms < self.ends_at

    @property
    def refusal(self) -> Refused:
        """What a write is answered with."""
        return Refused("banned", reason=self.reason)


def check_network(text: str) -> str:
    """Return a range of addresses (or one) as it is stored: ``192.0.2.0/24``.

    IPv4 in the clothes of IPv6 is taken as IPv4, as addresses of clients are.

    Raises:
        Unacceptable: ``bad_network`` for what is none, or is wider than anybody means.
    """
    try:
        network: Network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise Unacceptable("bad_network") from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        inner = int(network.network_address) & 0xFFFF_FFFF
        network = ipaddress.IPv4Network((inner, network.prefixlen - 96))
    if network.prefixlen < _WIDEST[network.version]:
        raise Unacceptable("bad_network")
    return str(network)


def address_of(text: str) -> Address | None:
    """Return a client's address to compare ranges with; None where there is none (a unix socket)."""
    try:
        address: Address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_within(address: str, network: str) -> bool:
    """Whether a client's address belongs to a stored range."""
    parsed = address_of(address)
    return parsed is not None and parsed in ipaddress.ip_network(network)


class BanBook:
    """All bans that hold, laid out so that one look at it costs next to nothing, however many there are.

    Args:
        bans: those that have not been lifted.
        merged: by the key of a ban of an account, everybody who is that person.
    """

    def __init__(self, bans: Iterable[Ban] = (), merged: Mapping[int, Iterable[int]] | None = None) -> None:
        self._accounts: dict[int, list[Ban]] = {}
        self._sessions: dict[str, list[Ban]] = {}
        self._visitors: dict[int, list[Ban]] = {}
        self._networks: dict[tuple[int, int], dict[int, list[Ban]]] = {}
        """By (version, bits that do not count) the ranges by the bits that do."""
        self._count = 0
        for ban in bans:
            self._count += 1
            self._enter(ban, (merged or {}).get(ban.id, ()))

    def _enter(self, ban: Ban, persons: Iterable[int]) -> None:
        if ban.kind == "account":
            for person_id in {ban.person_id, *persons} - {None}:
                self._accounts.setdefault(person_id, []).append(ban)  # type: ignore[arg-type]  # None was taken out
        elif ban.kind == "session":
            if ban.token_hash is not None:
                self._sessions.setdefault(ban.token_hash, []).append(ban)
            if ban.person_id is not None:
                self._visitors.setdefault(ban.person_id, []).append(ban)
        elif ban.network is not None:
            network = ipaddress.ip_network(ban.network)
            rest = network.max_prefixlen - network.prefixlen
            ranges = self._networks.setdefault((network.version, rest), {})
            ranges.setdefault(int(network.network_address) >> rest, []).append(ban)

    def __bool__(self) -> bool:
        return self._count > 0

    def find(
        self, *, person_id: int | None = None, token_hash: str | None = None, address: str = "", now_ms: int
    ) -> Ban | None:
        """Return a ban that holds for this person, visitor's token or network address, or None.

        Args:
            person_id: who; None is somebody of whom nothing is stored.
            token_hash: of a visitor's token.
            address: of the client, as far as our own proxies vouch for it; "" leaves ranges out.
            now_ms: UTC time in ms.
        """
        if not self._count:
            return None
        found: list[Ban] = []
        if person_id is not None:
            found += self._accounts.get(person_id, ())
            found += self._visitors.get(person_id, ())
        if token_hash:
            found += self._sessions.get(token_hash, ())
        if self._networks and address:
            found += self._of_network(address)
        return next((ban for ban in found if ban.holds(now_ms)), None)

    def _of_network(self, text: str) -> list[Ban]:
        address = address_of(text)
        if address is None:
            return []
        value = int(address)
        return [
            ban
            for (version, rest), ranges in self._networks.items()
            if version == address.version
            for ban in ranges.get(value >> rest, ())
        ]
