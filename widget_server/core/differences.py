"""How two texts differ, by words: what was taken out and what was put in."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
_AT_ONCE: Final = 90_000
"""Two pieces are compared where the product of their lengths is not more; else one stands for the other as a whole."""
_IN_ALL: Final = 1_000_000


class Piece(NamedTuple):
    """A stretch of text that both have, or that only one has."""

    kind: Literal["same", "removed", "added"]
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """Return ``after`` in pieces, with what was taken out of ``before`` in its place.

    Whole lines are compared first, then the words of those that changed. The work is bounded: what is too different to
    be compared in reasonable time is taken out and put in as a whole.
    """
    pieces: list[Piece] = []
    left = _IN_ALL
    for same, old, new in _blocks(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        if same or not old or not new:
            pieces += _whole(old, new, same=same)
            continue
        one, other = _TOKEN.findall("".join(old)), _TOKEN.findall("".join(new))
        left -= len(one) * len(other)
        words = _blocks(one, other) if left > 0 else [(False, one, other)]
        for is_same, some, others in words:
            pieces += _whole(some, others, same=is_same)
    return _joined(pieces)


def _blocks(one: Sequence[str], other: Sequence[str]) -> list[tuple[bool, Sequence[str], Sequence[str]]]:
    """Both in blocks, and whether the block is the same in both."""
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest = min(len(one), len(other)) - start
    end = next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)
    head, tail = one[:start], one[len(one) - end :]
    one, other = one[start : len(one) - end], other[start : len(other) - end]
    middle: list[tuple[bool, Sequence[str], Sequence[str]]] = [(False, one, other)]
    if len(one) * len(other) <= _AT_ONCE:
        matcher = SequenceMatcher(None, one, other, autojunk=False)
        middle = [(tag == "equal", one[a:b], other[c:d]) for tag, a, b, c, d in matcher.get_opcodes()]
    return [(True, head, head), *middle, (True, tail, tail)]


def _whole(old: Sequence[str], new: Sequence[str], *, same: bool) -> Iterable[Piece]:
    if same:
        return [Piece("same", "".join(new))]
    return [Piece("removed", "".join(old)), Piece("added", "".join(new))]


def _joined(pieces: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(piece.kind, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined
