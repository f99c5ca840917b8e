"""What the documents say is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import pages
from widget_server.cli.program import program

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("path", pages.documents(), ids=str)
def test_a_generated_page_is_fresh(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == pages.documents()[path], "run: make generate"


def test_every_setting_says_what_it_is_for() -> None:
    rows = [line for line in pages.settings_page().splitlines() if line.startswith("| `WIDGET_")]
    assert rows
    assert not [row for row in rows if row.endswith("| None |")]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_in_a_document_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_verb_in_a_document_exists(path: Path) -> None:
    named = set(re.findall(r"widget-server ([a-z][a-z-]+)", path.read_text(encoding="utf-8")))
    assert named <= set(program.commands)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if not (path.parent / link).exists()]


def test_the_env_sample_names_only_settings() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.lstrip("# ").partition("=")[0] for line in lines if re.match(r"(# )?[A-Z_]+=", line)}
    named = {name.removesuffix("_FILE") if name != "WIDGET_LOG_FILE" else name for name in named}
    assert named <= set(re.findall(r"`([A-Z_]+)`", pages.settings_page())) | {"DEMO_PORT"}


def test_make_help_lists_every_target_for_people() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    told = set(re.findall(r"^([a-z][a-z-]*):.*## ", makefile, flags=re.MULTILINE))
    assert {"run", "test", "test-all", "check", "bench", "coverage", "generate", "shell", "install", "help"} <= told
