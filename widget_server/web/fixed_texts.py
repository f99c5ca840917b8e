"""Translating while a template is compiled: a text without anything to fill in is looked up once, not at every view.

A text with a number becomes a filter of that number: a call by name takes as long again as what it does.

There is one environment for each language, so what is compiled there says it in that language.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from jinja2.ext import Extension

if TYPE_CHECKING:
    from collections.abc import Callable

_QUOTED: Final = r'"((?:[^"\\]|\\.)*)"'
_TEXT: Final = rf"_\(\s*{_QUOTED}\s*\)"
_SHOWN: Final = re.compile(r"\{\{ " + _TEXT + r" \}\}")
_COUNTED: Final = re.compile(rf"\bngettext\(({_QUOTED}, {_QUOTED}), ([\w.]+)\)")
_NAMED: Final = re.compile(r"(?<![\w.])" + _TEXT)


def fixed_texts(gettext: Callable[[str], str]) -> type[Extension]:
    """Return the extension of an environment whose texts come from ``gettext``.

    A translation is markup, as it is where jinja looks it up at every view.
    """

    def said(found: re.Match[str]) -> str:
        # As jinja does it: a per cent sign stands there twice.
        return gettext(found[1].replace('\\"', '"')) % {}

    def quoted(found: re.Match[str]) -> str:
        text = said(found).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'("{text}" | safe)'

    class FixedTexts(Extension):
        def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - jinja's
            return _COUNTED.sub(r"(\4 | counted(\1))", _NAMED.sub(quoted, _SHOWN.sub(said, source)))

    return FixedTexts
