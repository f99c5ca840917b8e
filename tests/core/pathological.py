"""Shapes of text that have made parsers of Markdown take the square of their length, or worse (S28)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPES: Final[dict[str, Callable[[int], str]]] = {
    "emphasis that opens": lambda n: "*a _b " * (n // 6),
    "emphasis that closes": lambda n: "a* " * (n // 3),
    "emphasis in turns": lambda n: "**x*" * (n // 4),
    "emphasis of two kinds": lambda n: "a**b" + "c* " * (n // 3),
    "strikes": lambda n: "~~a " * (n // 4),
    "brackets that open": lambda n: "[" * n,
    "brackets in pairs": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "links that open": lambda n: "[a](" * (n // 4),
    "links that open with an angle": lambda n: "[a](<b" * (n // 6),
    "links in links": lambda n: "[" * (n // 4) + "a" + "](b" * (n // 4),
    "titles that open": lambda n: "[a](b 'c" * (n // 8),
    "pictures that open": lambda n: "![[]()" * (n // 6),
    "pictures in pictures": lambda n: "![" * (n // 8) + "a" + "](b)" * (n // 8),
    "references": lambda n: "".join(f"[{at}]: x\n" for at in range(n // 12)) + "[0]" * (n // 12),
    "references without an end": lambda n: "[a]: b 'c\n" * (n // 10),
    "code of growing fences": lambda n: "".join("e" + "`" * at for at in range(int((2 * n) ** 0.5))),
    "code of two fences": lambda n: "`a``" * (n // 4),
    "quotes in quotes": lambda n: ">" * n + "a",
    "quotes and lists in turns": lambda n: "> * " * (n // 4) + "a",
    "quotes that go on": lambda n: "> a\n" + "b\n" * (n // 2),
    "lists in lists": lambda n: "* " * (n // 2) + "a",
    "lists of nothing": lambda n: "-\n\n" * (n // 3),
    "tables without rows": lambda n: "|a" * (n // 8) + "|\n" + "|-" * (n // 8) + "|\n" + "|\n" * (n // 2),
    "tables of bars": lambda n: "|" * (n // 2) + "\n" + "|" * (n // 2),
    "tags that open": lambda n: "<a b=" * (n // 5),
    "comments that open": lambda n: "<!-- a " * (n // 7),
    "data that opens": lambda n: "<![CDATA[" * (n // 9),
    "addresses that open": lambda n: "<http:" * (n // 6),
    "addresses without a host": lambda n: "http://" * (n // 7),
    "addresses with brackets": lambda n: "http://a.com/" + "(" * n,
    "a host of many parts": lambda n: "http://" + "a." * (n // 2),
    "mailboxes without an end": lambda n: "a@a." * (n // 4),
    "a mailbox of a long name": lambda n: "a" * n + "@b.com",
    "names of nobody": lambda n: "@a." * (n // 3),
    "entities that open": lambda n: "&a" * (n // 2),
    "addresses without a scheme": lambda n: "://" * (n // 3),
    "schemes that are none": lambda n: "1http://" * (n // 8),
    "addresses between emphasis": lambda n: "a@b.co *b* " * (n // 11),
    "targets without an end": lambda n: "[a](bbbbbbb" * (n // 11),
    "names that open": lambda n: "@[" * (n // 2),
    "deep quotes that go on": lambda n: ">" * 20 + "a\n" + "b\n" * (n // 2),
    "deep quotes": lambda n: (">" * 20 + "a\n\n") * (n // 23),
    "references over lines": lambda n: "[a\n" * (n // 3),
    "lists in turns": lambda n: "- a\n* b\n" * (n // 8),
    "tables of many columns": lambda n: "|a" * (n // 4) + "\n" + "|-" * (n // 4),
    "small pieces of code": lambda n: "```py\na\n```\n" * (n // 12),
    "code of long lines": lambda n: "```csharp\n" + ("a " * 99 + "\n") * (n // 199) + "```",
    "headings": lambda n: "a\n=\n" * (n // 4),
}
"""Each by a length in characters, about."""
