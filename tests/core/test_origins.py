"""Origins have one spelling: the browser's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.errors import Unacceptable
from widget_server.core.origins import check_origins, parse_origin


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("https://WWW.Example.com/", "https://www.example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:8081", "http://example.com:8081"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("http://[0:0::1]:8080", "http://[::1]:8080"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_an_origin_is_kept_as_a_browser_sends_it(written: str, origin: str) -> None:
    assert parse_origin(written) == origin
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    "written",
    [
        "",
        "null",
        "*",
        "example.com",
        "//example.com",
        "https://*.example.com",
        "https://example.com/shop",
        "https://example.com?",
        "https://example.com#",
        "https://ada@example.com",
        "https://example.com:",
        "https://example.com:99999",
        "https://exa mple.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://" + "a" * 300 + ".com",
        "https://[::1",
        "https://[::1%;script-src *]",
        "https://[fe80::1%eth0]",
    ],
)
def test_what_is_no_origin_is_refused(written: str) -> None:
    with pytest.raises(Unacceptable, match="bad_origin"):
        parse_origin(written)


@given(st.text(max_size=60) | st.text("htps:/.[]@%#?0123456789aé*\x00\ud800", max_size=30).map("https://".__add__))
def test_whatever_is_written_is_an_origin_or_refused(written: str) -> None:
    try:
        origin = parse_origin(written)
    except Unacceptable:
        return
    assert parse_origin(origin) == origin
    assert origin.isascii()


def test_a_list_keeps_each_origin_once_and_has_an_end() -> None:
    assert check_origins([" https://b.example ", "https://a.example", "https://B.example/"]) == (
        "https://b.example",
        "https://a.example",
    )
    with pytest.raises(Unacceptable, match="bad_value"):
        check_origins(f"https://{n}.example" for n in range(51))
    with pytest.raises(Unacceptable, match="bad_value"):
        check_origins([7])
