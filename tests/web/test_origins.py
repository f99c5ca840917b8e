"""S01 and S09: a matrix of sites and origins, compared exactly."""

from __future__ import annotations

import pytest

from widget_server.core.errors import Refused
from widget_server.web.origins import Origins, cors, preflight_headers, same_host

OWN = "https://chat.example"
SITES = {
    "one": ("https://one.example", "http://localhost:8081"),
    "two": ("https://two.example",),
    "none": (),
}
ORIGINS = [
    OWN,
    "https://one.example",
    "https://two.example",
    "http://localhost:8081",
    "http://one.example",
    "https://one.example:444",
    "https://one.example.evil.example",
    "https://evil-one.example",
    "https://www.one.example",
    "https://ONE.example",
    "https://one.example/",
    "https://one.example.",
    "null",
    "",
    "*",
    "file://",
]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("origin", ORIGINS)
def test_s01_a_site_takes_the_origins_it_lists_and_our_own_and_no_other(site: str, origin: str) -> None:
    origins = Origins(OWN)
    if origin == OWN or origin in SITES[site]:
        assert origins.check_listed({"Origin": origin}, SITES[site]) == origin
        assert cors(origin) == {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    else:
        with pytest.raises(Refused, match="foreign_origin"):
            origins.check_listed({"Origin": origin}, SITES[site])


@pytest.mark.parametrize("origin", ORIGINS)
def test_s01_the_console_takes_our_own_origin_alone(origin: str) -> None:
    origins = Origins(OWN)
    if origin == OWN:
        assert origins.check_own({"Origin": origin}) == OWN
    else:
        with pytest.raises(Refused, match="foreign_origin"):
            origins.check_own({"Origin": origin})


def test_s01_our_own_page_is_ours_under_whatever_name_it_was_opened() -> None:
    origins = Origins("http://localhost:8080")
    opened = {"Origin": "http://127.0.0.1:8080", "Host": "127.0.0.1:8080"}
    assert origins.check_own(opened) == "http://127.0.0.1:8080"
    for foreign in ({"Host": "localhost:8080"}, {"Host": "127.0.0.1:8081"}, {"Origin": "null"}, {"Host": ""}):
        with pytest.raises(Refused, match="foreign_origin"):
            origins.check_own(opened | foreign)


def test_s01_no_origin_is_a_foreign_one() -> None:
    with pytest.raises(Refused, match="foreign_origin"):
        Origins(OWN).check_listed({}, SITES["one"])


def test_s09_a_preflight_allows_the_page_and_no_cookie() -> None:
    headers = preflight_headers("https://one.example")
    assert headers["Access-Control-Allow-Origin"] == "https://one.example"
    assert "Access-Control-Allow-Credentials" not in headers
    assert headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:8080", "localhost:8080", True),
        ("https://chat.example", "chat.example", True),
        ("https://chat.example:443", "chat.example", True),
        ("http://localhost:8081", "localhost:8080", False),
        ("null", "localhost:8080", False),
        ("https://chat.example", "", False),
        ("https://chat.example", "chat.example/path", False),
    ],
)
def test_a_request_names_the_host_that_it_asks(origin: str, host: str, same: bool) -> None:
    assert same_host(origin, host) is same
