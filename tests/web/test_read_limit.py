"""How much a guest may read, told by a clock that moves when it is moved."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from widget_server.core.errors import TryLater
from widget_server.settings import Settings
from widget_server.web.read_limit import ReadLimit, is_dear

FRONT = make_mocked_request("GET", "/")
FEED = make_mocked_request("GET", "/feed.atom")


def test_each_address_reads_so_much_in_a_window_and_waits_for_the_next() -> None:
    now = [0]
    settings = Settings(limit_pages="2/minute", limit_dear_pages="1/minute", limit_pages_not_for="10.0.0.0/8")
    limit = ReadLimit(settings, lambda: now[0])
    for _ in range(2):
        limit.take(FRONT, "192.0.2.1")
    with pytest.raises(TryLater) as refused:
        limit.take(FRONT, "192.0.2.1")
    assert refused.value.retry_after_ms == 60_000
    limit.take(FRONT, "192.0.2.2")
    for _ in range(9):
        limit.take(FEED, "10.1.2.3")
        limit.take(FEED, "")
    now[0] = 60_001
    limit.take(FRONT, "192.0.2.1")
    limit.take(FEED, "192.0.2.1")
    with pytest.raises(TryLater):
        limit.take(FEED, "192.0.2.1")


@pytest.mark.parametrize(
    ("path", "dear"),
    [
        ("/", False),
        ("/boards/plants?page=9", False),
        ("/boards/plants?page=10", True),
        ("/boards/plants?page=99999999999999", True),
        ("/boards/plants?page=x", False),
        ("/boards/plants/feed.atom", True),
        ("/sitemap.xml", True),
        ("/search?q=roses", True),
    ],
)
def test_what_costs_more_is_counted_apart(path: str, dear: bool) -> None:
    assert is_dear(make_mocked_request("GET", path)) is dear
