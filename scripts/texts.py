"""Bring what templates and Python say to people into the catalogues; with --check only say what is missing there.

The texts of the console and of rooms are read too, and those of files, which all faces share. Those of the widget
(`widget_js/...` in their references) stay as they are: its own tests hold them to its sources. A text that nobody says
any more goes, a new one comes without a translation.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from widget_server.protocol.codes import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Catalog

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "widget_server"
BROWSER: Final = "widget_js/"
READ: Final = ("widget_js/src/console/", "widget_js/src/files/", "widget_js/src/rooms/")
"""Folders of the browser's part whose texts are brought in from their sources."""
_SAYS: Final = re.compile(
    r'\b(?:t|text)\(\s*"((?:[^"\\]|\\.)+)"'
    r'|\b(?:tn|count)\([^"]*?,\s*"((?:[^"\\]|\\.)+)",\s*"((?:[^"\\]|\\.)+)"'
)

_MARKS: Final = {"_", "gettext", "ngettext", "to_translate"}
"""Functions whose first argument is such a text; so is that of ``visit.text``."""
_OPTIONS: Final = {"newstyle_gettext": "true", "trimmed": "false"}


class Text(NamedTuple):
    """One text as its source spells it; ``many`` is "" where it does not count."""

    one: str
    many: str


Places = dict[Text, list[str]]


def collect() -> Places:
    """Return every text that the server's own pages, mails, answers and the console are made of, with their files."""
    found: Places = {}
    for text, place in _spoken():
        places = found.setdefault(text, [])
        if place not in places:
            places.append(place)
    return found


def _spoken() -> Iterator[tuple[Text, str]]:
    yield from _in_templates()
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _says(node.func):
                words = [argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant)]
                texts = [word for word in words if isinstance(word, str)]
                if texts:
                    yield Text(texts[0], texts[1] if len(texts) > 1 else ""), place
    for file in sorted(file for folder in READ for file in (ROOT / folder).rglob("*.ts*")):
        for single, one, many in _SAYS.findall(file.read_text(encoding="utf-8")):
            texts = [json.loads(f'"{text}"') for text in (single or one, many)]
            yield Text(*texts), file.relative_to(ROOT).as_posix()
    for code in ERRORS.values():
        yield Text(code.text, ""), "widget_server/protocol/codes.py"


def _in_templates() -> Iterator[tuple[Text, str]]:
    for file in sorted(PACKAGE.rglob("templates/**/*.*")):
        place = file.relative_to(ROOT).as_posix()
        with file.open("rb") as source:
            for _line, _function, said, _comments in babel_extract(source, ["_", "gettext", "ngettext"], [], _OPTIONS):
                if words := _words(said):
                    yield Text(words[0], words[1] if len(words) > 1 else ""), place


def _words(said: object) -> list[str]:
    """Return what Jinja's extraction found: a text, the two of a counted one, or none where it is a name's value."""
    if isinstance(said, str):
        return [said]
    return [word for word in said if isinstance(word, str)] if isinstance(said, tuple | list) else []


def _says(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name):
            return name in _MARKS
        case ast.Attribute(value=ast.Name(id="visit"), attr="text"):
            return True
        case ast.Attribute(attr=name):
            return name in _MARKS
        case _:
            return False


def catalogue_files() -> list[Path]:
    """Return the catalogues' sources, one for each language."""
    return sorted(PACKAGE.glob("locale/*/LC_MESSAGES/messages.po"))


def read(file: Path) -> Catalog:
    """Return a catalogue."""
    with file.open("rb") as source:
        return read_po(source, locale=file.parent.parent.name)


def merge(catalogue: Catalog, spoken: Places) -> None:
    """Give a catalogue exactly the texts that are spoken, beside those of the browser's part."""
    ones = {text.one for text in spoken}
    for message in [message for message in catalogue if message.id]:
        kept = [place for place in message.locations if place[0].startswith(BROWSER) and not place[0].startswith(READ)]
        one = message.id[0] if isinstance(message.id, tuple | list) else message.id
        if kept:
            message.locations = kept
        elif one not in ones:
            catalogue.delete(one)
        else:
            message.locations = []
    for text, places in sorted(spoken.items(), key=lambda item: (item[1][0], item[0])):
        known = catalogue.get(text.one)
        if known is None or (text.many and not known.pluralizable):
            known = catalogue.add((text.one, text.many) if text.many else text.one)
        known.locations = [*known.locations, *((place, None) for place in places)]  # type: ignore[list-item]  # a file without a line
    catalogue.obsolete.clear()


def written(catalogue: Catalog) -> str:
    """Return a catalogue as its file is written: one line for a text, no dates, no authors."""
    out = BytesIO()
    write_po(out, catalogue, width=0, omit_header=True, include_lineno=False)
    header = "".join(f'"{name}: {value}\\n"\n' for name, value in _header(catalogue))
    return f'msgid ""\nmsgstr ""\n{header}\n{out.getvalue().decode().strip()}\n'


def _header(catalogue: Catalog) -> Iterator[tuple[str, str]]:
    wanted = ("Content-Type", "Content-Transfer-Encoding", "Language", "Plural-Forms")
    given = dict(catalogue.mime_headers)
    for name in wanted:
        yield (
            name,
            "text/plain; charset=UTF-8"
            if name == "Content-Type"
            else given[name].rstrip(";") + (";" if name == "Plural-Forms" else ""),
        )


def missing(catalogue: Catalog, spoken: Places) -> list[str]:
    """Return the texts for which a catalogue has no translation, or only an uncertain one."""
    absent = []
    for text in spoken:
        message = catalogue.get(text.one)
        string = "" if message is None else message.string
        forms = string if isinstance(string, tuple | list) else [string]
        if message is None or message.fuzzy or not all(forms) or bool(text.many) != message.pluralizable:
            absent.append(text.one)
    return absent


def main(arguments: list[str]) -> int:
    """Write the catalogues, or compare."""
    spoken = collect()
    wrong = 0
    for file in catalogue_files():
        catalogue = read(file)
        if "--check" in arguments:
            absent = missing(catalogue, spoken)
            wrong += len(absent)
            print(f"{file.parent.parent.name}: {len(absent)} missing")  # noqa: T201 - what this program is for
            for text in absent:
                print(f"  {text}")  # noqa: T201
            continue
        merge(catalogue, spoken)
        file.write_text(written(catalogue), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
