"""Write how each language says the size of a file: from CLDR, which browsers ask as well (``files/size.ts``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from babel.numbers import get_decimal_symbol
from babel.units import format_unit

from widget_server.web.languages import NAMES

FILE: Final = Path(__file__).parent.parent / "widget_server" / "web" / "size_words.py"
_UNITS: Final[tuple[tuple[str, Literal["short", "narrow"]], ...]] = (
    ("byte", "narrow"),
    ("kilobyte", "short"),
    ("megabyte", "short"),
    ("gigabyte", "short"),
)
_HEAD: Final = '''"""How each language writes the sizes of files. Generated from CLDR by `make generate`."""

from __future__ import annotations

from typing import Final

SIZE_WORDS: Final = {
'''


def words(language: str) -> tuple[str, ...]:
    """Return the sign before decimals, and what stands around a number of bytes, kB, MB and GB."""
    said = (format_unit(7, f"digital-{unit}", length, locale=language) for unit, length in _UNITS)
    return get_decimal_symbol(language), *(each.replace("7", "{}") for each in said)


def written() -> str:
    """Return the file."""
    lines = []
    for language in sorted(NAMES):
        said = ", ".join(ascii(word).replace("'", '"') for word in words(language))
        line = f'    "{language}": ({said}),\n'
        if len(line) > 121:
            said = "".join(f"        {word},\n" for word in said.split(", "))
            line = f'    "{language}": (\n{said}    ),\n'
        lines.append(line)
    return _HEAD + "".join(lines) + "}\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
