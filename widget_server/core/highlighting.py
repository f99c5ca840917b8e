"""Colouring code that people show one another: a few classes, the languages they use, and never more than it is worth.

A lexer may take the square of what stands on a line, or of how many there are, and of what it does not understand: it
tries all that follows at every letter. Such code stays plain (S28).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from markdown_it.common.utils import escapeHtml
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Error, Generic, Keyword, Name, Number, Operator, String

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MAX_CHARS: Final = 10_000
MAX_LINE: Final = 200
MAX_LINES: Final = 500
_PIECE: Final = 200
MAX_ERRORS: Final = 40
"""Letters of a code that its language does not have."""

_CLASSES: Final = {
    Comment: "hl-comment",
    Keyword: "hl-word",
    Operator.Word: "hl-word",
    Name.Tag: "hl-word",
    Name.Builtin: "hl-name",
    Name.Function: "hl-name",
    Name.Class: "hl-name",
    Name.Decorator: "hl-name",
    Name.Attribute: "hl-name",
    String: "hl-text",
    Number: "hl-number",
    Generic.Inserted: "hl-in",
    Generic.Deleted: "hl-out",
    Generic.Heading: "hl-name",
    Generic.Subheading: "hl-name",
}
CLASSES: Final = frozenset(_CLASSES.values())
"""What a piece of code can be; the stylesheet (``code.css``) gives each a colour."""

LANGUAGES: Final = {
    "bash": ("sh", "shell", "zsh"),
    "c": ("h",),
    "cpp": ("c++", "cc", "hpp"),
    "csharp": ("c#", "cs"),
    "css": (),
    "diff": ("patch",),
    "docker": ("dockerfile",),
    "elixir": ("ex",),
    "go": ("golang",),
    "haskell": ("hs",),
    "html": ("htm", "svg"),
    "ini": ("cfg", "conf", "properties"),
    "java": (),
    "javascript": ("js", "jsx", "mjs"),
    "json": (),
    "kotlin": ("kt",),
    "lua": (),
    "make": ("makefile", "mk"),
    "markdown": ("md",),
    "nginx": (),
    "perl": ("pl",),
    "php": (),
    "powershell": ("ps1", "posh"),
    "python": ("py", "python3"),
    "r": (),
    "ruby": ("rb",),
    "rust": ("rs",),
    "scala": (),
    "sql": ("sqlite", "postgresql", "mysql"),
    "swift": (),
    "toml": (),
    "typescript": ("ts", "tsx"),
    "xml": (),
    "yaml": ("yml",),
}
"""The languages that are coloured, with what else they are called."""

_READ_AS: Final = {"java": "csharp"}
"""The lexer of Java takes the cube of a line's words: its code is read as that of its nearest relative."""

_CALLED: Final = {called: name for name, others in LANGUAGES.items() for called in (name, *others)}


def language_of(info: str) -> str | None:
    """Return the language that a fence names in its first word; None for one that is not coloured."""
    words = info.split(maxsplit=1)
    return _CALLED.get(words[0].lower()) if words else None


def cost_of(code: str) -> int:
    """Return what colouring ``code`` takes at most, about: a piece to begin, and more for each letter of long lines."""
    return _PIECE + sum(len(line) * (1 + len(line) // 40) for line in code.split("\n"))


def highlighted(code: str, language: str) -> str:
    """Return ``code`` as HTML, its pieces with classes of :data:`CLASSES`; only escaped where it is too long.

    Args:
        code: as it was written.
        language: one of :data:`LANGUAGES`.
    """
    if len(code) > MAX_CHARS:
        return escapeHtml(code)
    lines = code.split("\n")
    if len(lines) > MAX_LINES or max(map(len, lines)) > MAX_LINE:
        return escapeHtml(code)
    pieces: list[str] = []
    known, run = "", ""
    errors = 0
    for kind, text in _lexer(language).get_tokens(code):
        errors += kind is Error
        if errors > MAX_ERRORS:
            return escapeHtml(code)
        piece = _class_of(kind)
        if piece == known:
            run += text
            continue
        pieces.append(_piece(known, run))
        known, run = piece, text
    pieces.append(_piece(known, run))
    return "".join(pieces)


def _piece(known: str, text: str) -> str:
    escaped = escapeHtml(text)
    return f'<span class="{known}">{escaped}</span>' if known and text else escaped


@cache
def _class_of(kind: object) -> str:
    """The class of a token's kind, or of what it is a kind of."""
    while kind is not None:
        if kind in _CLASSES:
            return _CLASSES[kind]
        kind = getattr(kind, "parent", None)
    return ""


@cache
def _lexer(language: str) -> Lexer:
    # Markdown would read fences inside it with any lexer that they name.
    name = _READ_AS.get(language, language)
    return get_lexer_by_name(name, stripnl=False, ensurenl=False, handlecodeblocks=False)
