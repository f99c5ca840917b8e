"""The address that limits count is one that somebody we trust has vouched for."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from widget_server.web.clients import client_address, limit_key


class _Transport:
    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("203.0.113.9", 4711) if name == "peername" else default


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
    assert client_address(request, proxies) == address


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
