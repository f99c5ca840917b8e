"""Browsers as their owners call them."""

from __future__ import annotations

import pytest

from widget_server.core.browsers import browser_name

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
EDGE = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML} Chrome/126.0.0.0 Safari/537.36 Edg/126.0"
SAFARI = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {KHTML} Version/17.5 Mobile/15E148 Safari/604.1"
CHROME = f"Mozilla/5.0 (Linux; Android 14) {KHTML} Chrome/126.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (EDGE, "Edge, Windows"),
        (SAFARI, "Safari, iPhone"),
        (CHROME, "Chrome, Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
        ("x" * 500, "x" * 40),
    ],
)
def test_a_browser_is_called_as_its_owner_calls_it(told: str, name: str) -> None:
    assert browser_name(told) == name
