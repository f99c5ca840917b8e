"""The pieces that every page may use are made once for each language, and no page makes them again."""

from __future__ import annotations

import re
from pathlib import Path

import widget_server
from widget_server.web.templating import PARTS

_TEMPLATES = Path(widget_server.__file__).parent / "templates"
_IMPORTED = re.compile(r'{%-? *(?:from|import) "([^"]+)"')


def test_no_template_imports_the_parts_that_every_page_has() -> None:
    imported = {file.name: _IMPORTED.findall(file.read_text(encoding="utf-8")) for file in _TEMPLATES.glob("*.html")}
    assert any(imported.values())
    assert {name: set(found) & set(PARTS) for name, found in imported.items() if set(found) & set(PARTS)} == {}


def test_the_files_of_a_post_are_among_them() -> None:
    assert "files.html" in PARTS
