"""The address that limits count is one that somebody we trust has vouched for."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from widget_server.web.clients import Proxies, client_address, client_scheme, limit_key, trusted


class _Transport:
    def __init__(self, peer: str = "203.0.113.9") -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self._peer, 4711) if name == "peername" else default


@pytest.mark.parametrize(
    ("proxies", "headers", "address"),
    [
        (0, ["198.51.100.1"], "203.0.113.9"),
        (1, [], "203.0.113.9"),
        (1, ["198.51.100.1"], "198.51.100.1"),
        (1, ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        (1, ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        (2, ["6.6.6.6, 198.51.100.1, 10.0.0.1"], "198.51.100.1"),
        (2, ["198.51.100.1"], "203.0.113.9"),
        (1, ["not an address"], "203.0.113.9"),
        (1, ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_s23_the_address_is_read_as_many_places_from_the_right_as_there_are_proxies(
    proxies: int, headers: list[str], address: str
) -> None:
    fields = CIMultiDict([("X-Forwarded-For", value) for value in headers])
    request = make_mocked_request("GET", "/", headers=fields, transport=_Transport())
    assert client_address(request, Proxies(proxies)) == address


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_belongs_to_one_customer_is_one_key(address: str, key: str) -> None:
    assert limit_key(address) == key


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "198.51.100.1, nonsense, 10.1.2.3", "10.1.2.3"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("203.0.113.9", "10.1.2.3", "203.0.113.9"),
    ],
)
def test_s23_the_address_is_the_last_one_that_is_no_proxy_of_ours(peer: str, forwarded: str, address: str) -> None:
    request = make_mocked_request(
        "GET", "/", headers=CIMultiDict({"X-Forwarded-For": forwarded}), transport=_Transport(peer)
    )
    assert client_address(request, trusted("10.0.0.0/8,127.0.0.1")) == address


@pytest.mark.parametrize(
    ("setting", "peer", "told", "scheme"),
    [
        ("0", "127.0.0.1", "https", "http"),
        ("1", "127.0.0.1", "https", "https"),
        ("1", "127.0.0.1", "http, https", "https"),
        ("2", "127.0.0.1", "https, http", "https"),
        ("3", "127.0.0.1", "https", "https"),
        ("1", "127.0.0.1", "gopher", "http"),
        ("127.0.0.1", "127.0.0.1", "https", "https"),
        ("127.0.0.1", "203.0.113.9", "https", "http"),
    ],
)
def test_s2_28_the_scheme_is_believed_from_trusted_proxies_alone(
    setting: str, peer: str, told: str, scheme: str
) -> None:
    request = make_mocked_request(
        "GET", "/", headers=CIMultiDict({"X-Forwarded-Proto": told}), transport=_Transport(peer)
    )
    assert client_scheme(request, trusted(setting)) == scheme
