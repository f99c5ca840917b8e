"""The set-up page, over HTTP."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from widget_server.app import introduce
from widget_server.routes.office import OFFICE
from widget_server.settings import OperatorError

if TYPE_CHECKING:
    from tests.routes.conftest import Browser
    from tests.serving import MovedClock

PASSWORD = "correct horse battery"
WISH = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD, "password_again": PASSWORD}


async def code_of(browser: Browser, caplog: pytest.LogCaptureFixture) -> str:
    """Start as `serve` does, and read the log."""
    caplog.set_level(logging.INFO)
    await introduce(browser.app)
    (line,) = [message for message in caplog.messages if "/set-up#" in message]
    found = re.search(r"/set-up#([a-z2-7]{32})$", line)
    assert found
    return found[1]


async def test_s2_16_the_link_in_the_log_leads_to_an_administrator_who_is_signed_in(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    code = await code_of(browser, caplog)
    page = await browser.open("/set-up")
    assert page.status == 200
    assert "data-from-fragment" in await page.text()
    answer = await browser.post_form("/set-up", code=code, **WISH)
    assert (answer.status, answer.headers["Location"]) == (303, "/admin")
    assert (await browser.open("/admin")).status == 200
    assert (await browser.open("/set-up")).status == 404
    assert sum(code in str(vars(record)) for record in caplog.records) == 1, "it stands in the one line"
    await introduce(browser.app)
    assert sum("/set-up#" in message for message in caplog.messages) == 1


async def test_s2_06_what_is_wrong_stands_beside_its_field_and_the_code_stays(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    code = await code_of(browser, caplog)
    csrf = await browser.field("csrf", "/set-up")
    wrong = WISH | {"email": "ada", "password_again": "something else"}
    answer = await browser.post_form("/set-up", csrf=csrf, code=code, **wrong)
    text = await answer.text()
    assert answer.status == 422
    assert 'id="email-problem"' in text
    assert 'id="password_again-problem"' in text
    assert f'value="{code}"' in text
    assert PASSWORD not in text


async def test_s20_a_wrong_code_is_refused_and_guessing_is_limited(browser: Browser, clock: MovedClock) -> None:
    clock.stop()
    csrf = await browser.field("csrf", "/set-up")
    statuses = {(await browser.post_form("/set-up", csrf=csrf, code="a" * 32, **WISH)).status for _ in range(30)}
    assert statuses == {403, 429}


async def test_s08_a_form_without_its_token_makes_nobody_administrator(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    code = await code_of(browser, caplog)
    answer = await browser.post_form("/set-up", csrf="forged", code=code, **WISH)
    assert answer.status == 403
    assert (await browser.open("/set-up")).status == 200


async def test_s2_16_the_settings_name_the_first_administrator(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    office = browser.app[OFFICE]
    given = {"bootstrap_mail": "ada@example.org", "bootstrap_password": SecretStr(PASSWORD)}
    # As if they had been there from the start.
    object.__setattr__(office, "settings", office.settings.model_copy(update=given))
    await introduce(browser.app)
    await introduce(browser.app)
    assert not [message for message in caplog.messages if "/set-up#" in message]
    await browser.sign_in("ada@example.org", PASSWORD)
    assert (await browser.open("/admin")).status == 200


async def test_s19_a_first_administrator_with_a_weak_password_stops_the_start(browser: Browser) -> None:
    office = browser.app[OFFICE]
    given = {"bootstrap_mail": "ada@example.org", "bootstrap_password": SecretStr("short")}
    object.__setattr__(office, "settings", office.settings.model_copy(update=given))
    with pytest.raises(OperatorError, match=r"WIDGET_BOOTSTRAP_.* cannot be made: Choose a password"):
        await introduce(browser.app)
