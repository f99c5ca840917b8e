"""The language of the pages: what the browser wishes, what was chosen, and where one is sent after choosing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import make_mocked_request
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from widget_server.web.languages import Languages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.routes.conftest import Browser


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Catalogues of two languages, one of them written from right to left."""
    for tag, text in {"de": "Anmelden", "ar": "تسجيل الدخول"}.items():
        catalogue = Catalog(locale=tag)
        catalogue.add("Sign in", text)
        place = tmp_path / tag / "LC_MESSAGES"
        place.mkdir(parents=True)
        with (place / "messages.mo").open("wb") as file:
            write_mo(file, catalogue)
    return tmp_path


def test_s2_24_every_task_speaks_its_own_language(folder: Path) -> None:
    languages = Languages(folder)
    assert languages.tags == ["ar", "de", "en"]
    for tag, text, direction in (("de", "Anmelden", "ltr"), ("ar", "تسجيل الدخول", "rtl"), ("xx", "Sign in", "ltr")):
        languages.speak(tag)
        assert (languages.gettext("Sign in"), languages.direction) == (text, direction)
    assert languages.choices["ar"] == "العربية"


@pytest.mark.parametrize("here", ["/sign-in", "https://evil.example/", "//evil.example", ""])
async def test_choosing_a_language_leads_back_to_a_page_of_ours(browser: Browser, here: str) -> None:
    csrf = await browser.field("csrf")
    response = await browser.post_form("/language", language="en", here=here, csrf=csrf)
    assert response.status == 303
    assert response.headers["Location"] == (here if here == "/sign-in" else "/")
    assert browser.cookie("language") == "en"


async def test_a_language_that_is_not_there_is_not_remembered(browser: Browser) -> None:
    csrf = await browser.field("csrf")
    response = await browser.post_form("/language", language="xx", here="/sign-in", csrf=csrf)
    assert response.status == 303
    assert browser.cookie("language") == ""


@pytest.mark.parametrize(
    ("wish", "spoken"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr;q=0.1,ar;q=0.9", "ar"),
        ("de;q=0", "en"),
        ("x" * 4000, "en"),
        (";;q", "en"),
    ],
)
def test_s2_24_the_browsers_wish_decides(folder: Path, wish: str, spoken: str) -> None:
    languages = Languages(folder)
    assert languages.wished(make_mocked_request("GET", "/", headers={"Accept-Language": wish})) == spoken
