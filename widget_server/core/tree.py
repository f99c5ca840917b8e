"""Where a reply stands in the tree of a thread: a place that sorts as the tree is read.

A thread is one branch; a reply that would stand deeper than :data:`DEPTH` begins a branch of its own under the post it
answers, which continues on a page of its own. So there is no depth at which something is refused, and a place stays
short: databases limit how long a key of an index may be.
"""

from __future__ import annotations

from typing import Final, NamedTuple

DEPTH: Final = 8
"""Levels of one branch."""
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_WIDTH: Final = 5
"""Of one level, in digits of base 36: a thread may have sixty million posts."""
FULL_PATH: Final = DEPTH * _WIDTH
"""How long the path of a post at the deepest level is: what answers it continues on a page of its own."""


class Place(NamedTuple):
    """Where a post stands: in which branch (the ``seq`` of the post it begins under; 0 is the thread), and where there.

    The first post of a thread has the empty path.
    """

    branch: int
    path: str

    @property
    def depth(self) -> int:
        """From 0 for an answer to what the branch begins under."""
        return max(0, len(self.path) // _WIDTH - 1)


ROOT: Final = Place(0, "")
"""Of the post that begins a thread."""


def step(seq: int) -> str:
    """Return one level of a path: ``seq`` in a width that sorts as the number does."""
    digits = ""
    while seq:
        seq, digit = divmod(seq, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(_WIDTH, "0")


def place_under(parent: Place, parent_seq: int, seq: int) -> Place:
    """Return the place of the post ``seq`` that answers the post ``parent_seq``, which stands at ``parent``."""
    if parent.path and parent.depth >= DEPTH - 1:
        return Place(parent_seq, step(seq))
    return Place(parent.branch, parent.path + step(seq))


def seqs_of(path: str) -> list[int]:
    """Return the posts on the way to a place, from the one that stands at the top of its branch to itself."""
    return [int(path[at : at + _WIDTH], 36) for at in range(0, len(path), _WIDTH)]
