"""What stands up to crawlers: whoever reads too much from one address is told when to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.community import member_with_board

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock
    from widget_server.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Few pages; some are read before somebody is signed in."""
    return settings.model_copy(update={"limit_pages": "20/minute"})


async def test_a_crawler_in_a_hurry_is_told_when_to_come_back_and_a_member_is_not(
    browser: Browser, second_browser: Browser, clock: MovedClock
) -> None:
    clock.stop()
    plants = await member_with_board(browser)
    # Others each time: what is kept ready costs nothing, and is not counted.
    answers = [await second_browser.open(f"{plants}?page={number}") for number in range(1, 22)]
    assert (answers[0].status, answers[-1].status) == (200, 429)
    assert int(answers[-1].headers["Retry-After"]) in range(1, 61)
    assert (await second_browser.client.head(f"{plants}?page=30")).status == 429
    assert (await browser.open(plants)).status == 200
