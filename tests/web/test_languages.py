"""The catalogues: one for all that is said, compiled by the build, spoken by wish."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import make_mocked_request
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from scripts import texts
from tests.docs.test_wheel import hook
from widget_server.web.languages import Languages

if TYPE_CHECKING:
    from pathlib import Path

FILES = {file.parent.parent.name: file for file in texts.catalogue_files()}
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")


def compiled(folder: Path, tag: str, **translations: str) -> None:
    catalogue = Catalog(locale=tag)
    for english, translation in translations.items():
        catalogue.add(english, translation)
    (folder / tag / "LC_MESSAGES").mkdir(parents=True)
    with (folder / tag / "LC_MESSAGES" / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)


@cache
def collected() -> dict[texts.Text, list[str]]:
    """Everything that the sources say, and where: reading them takes seconds."""
    return texts.collect()


def _is_the_widgets(place: str) -> bool:
    return place.startswith(texts.BROWSER) and not place.startswith(texts.READ)


def test_there_are_seven_languages_beside_english() -> None:
    assert len(FILES) >= 7


def test_templates_python_and_errors_are_all_read() -> None:
    spoken = {text.one: places for text, places in collected().items()}
    assert "widget_server/templates/sign_in.html" in spoken["Sign in"]
    assert spoken["You are signed out."] == ["widget_server/routes/sign_in.py"]
    assert "widget_js/src/console/commands.ts" in spoken["Unassigned"]
    assert spoken["The two passwords are not the same."] == ["widget_server/protocol/codes.py"]


def test_what_languages_say_in_two_ways_is_two_texts() -> None:
    spoken = {text.one: set(places) for text, places in collected().items()}
    # A list of people whom somebody follows is not what a menu says of the thing that it stands on.
    assert spoken["Following"] == {"widget_server/templates/followers.html", "widget_server/templates/member.html"}
    assert spoken["You follow this"] == {"widget_server/templates/parts.html"}
    # Notices have another gender than what a console lists.
    assert all(place.startswith("widget_js/src/console/") for place in spoken["All"])
    assert spoken["All notices"] == {"widget_server/templates/notices.html"}


@pytest.mark.parametrize("tag", FILES)
def test_no_catalogue_misses_a_text(tag: str) -> None:
    assert texts.missing(texts.read(FILES[tag]), collected()) == []


@pytest.mark.parametrize("tag", FILES)
def test_every_translation_names_the_same_facts(tag: str) -> None:
    for message in texts.read(FILES[tag]):
        if not message.id or message.pluralizable or not message.string:
            continue
        assert sorted(PLACEHOLDER.findall(str(message.string))) == sorted(PLACEHOLDER.findall(str(message.id)))


@pytest.mark.parametrize("tag", FILES)
def test_bringing_texts_in_keeps_what_is_translated_and_what_the_browser_says(tag: str) -> None:
    before, after = texts.read(FILES[tag]), texts.read(FILES[tag])
    spoken = {text: ["widget_server/routes/made_up.py"] for text in collected()}
    spoken[texts.Text("Made up for this test", "")] = ["widget_server/routes/made_up.py"]
    texts.merge(after, spoken)

    kept = {str(message.id): message for message in after if message.id}
    assert not kept["Made up for this test"].string
    for message in before:
        places = [place for place, _ in message.locations if _is_the_widgets(place)]
        if message.id and places:
            assert kept[str(message.id)].string == message.string
            assert set(places) <= {place for place, _ in kept[str(message.id)].locations}


def test_a_text_that_nobody_says_goes() -> None:
    catalogue = texts.read(FILES["de"])
    catalogue.add("Left over", "Übrig", locations=[("widget_server/routes/gone.py", 1)])
    texts.merge(catalogue, collected())
    assert catalogue.get("Left over") is None
    assert "Left over" not in texts.written(catalogue)


def test_a_wheel_gets_compiled_catalogues(tmp_path: Path) -> None:
    catalogue = tmp_path / "widget_server" / "locale" / "de" / "LC_MESSAGES"
    catalogue.mkdir(parents=True)
    (catalogue / "messages.po").write_bytes(FILES["de"].read_bytes())
    (tmp_path / "widget_server" / "static").mkdir()
    (tmp_path / "widget_server" / "static" / "manifest.json").touch()
    hook(tmp_path).initialize("standard", {})

    languages = Languages(catalogue.parent.parent)
    languages.speak("de")
    assert languages.gettext("Send") == "Senden"


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("en;q=0.2, fr;q=0.8", "fr"),
        ("xx", "en"),
        ("", "en"),
        ("de;q=0, en", "en"),
        ("de;q=much", "en"),
    ],
)
def test_s2_24_a_page_speaks_what_the_browser_wishes(tmp_path: Path, accepted: str, spoken: str) -> None:
    compiled(tmp_path, "de", Send="Senden")
    compiled(tmp_path, "fr", Send="Envoyer")
    languages = Languages(tmp_path)
    assert languages.wished(make_mocked_request("GET", "/", headers={"Accept-Language": accepted})) == spoken


def test_s2_24_what_was_chosen_here_is_stronger_than_what_the_browser_accepts(tmp_path: Path) -> None:
    compiled(tmp_path, "de", Send="Senden")
    compiled(tmp_path, "fr", Send="Envoyer")
    headers = {"Accept-Language": "fr", "Cookie": "language=de"}
    assert Languages(tmp_path).wished(make_mocked_request("GET", "/", headers=headers)) == "de"
