"""Boards: who may read one, begin a thread there, answer, and who keeps order. One rule for each deed.

A list asks the same rule for every board as the single door does (:func:`readable`), and hands the store the keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from widget_server.core.permissions import ALL_SITES, Actor, Permission, may

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Readers = Literal["everyone", "members", "moderators"]
Writers = Literal["members", "moderators"]
Layout = Literal["linear", "nested"]
READERS: Final[tuple[Readers, ...]] = get_args(Readers)
WRITERS: Final[tuple[Writers, ...]] = get_args(Writers)
LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)
RESERVED: Final = frozenset({"arrange", "new"})
"""Words that are no board's in addresses: pages of ours have them."""


class Board(NamedTuple):
    """What decides over a board; its texts are elsewhere."""

    id: int
    readers: Readers
    starters: Writers
    """Who begins threads."""
    repliers: Writers
    """Who answers."""
    is_archived: bool
    """Everything stays readable and nothing is written any more."""


def can_moderate(actor: Actor, board_id: int) -> bool:
    """Whether ``actor`` keeps order on this board: its moderators, and those of everything (S47)."""
    return may(actor, Permission.MODERATE, board_id=board_id)


class Boards(NamedTuple):
    """A set of boards that can also be "all": what a moderator's lists are filtered by."""

    every: bool
    ids: frozenset[int]

    def __contains__(self, board_id: object) -> bool:
        return self.every or board_id in self.ids

    def __bool__(self) -> bool:
        return self.every or bool(self.ids)


def moderated(actor: Actor) -> Boards:
    """The boards on which ``actor`` keeps order."""
    places = [grant for grant in actor.grants if Permission.MODERATE in grant.permissions]
    every = any(grant.site_id == ALL_SITES and not grant.board_id for grant in places)
    return Boards(every, frozenset(grant.board_id for grant in places if grant.board_id))


def can_read(actor: Actor, board: Board) -> bool:
    """Whether ``actor`` may read the board and everything on it. A guest is a person without a key."""
    if board.readers == "everyone":
        return True
    if board.readers == "members":
        return actor.person_id != 0
    return can_moderate(actor, board.id)


def readable(actor: Actor, boards: Iterable[Board]) -> list[int]:
    """The keys of the boards that ``actor`` may read: what every list is filtered by."""
    return [board.id for board in boards if can_read(actor, board)]


def can_begin(actor: Actor, board: Board) -> bool:
    """Whether ``actor`` may begin a thread here."""
    return _can_write(actor, board, board.starters, Permission.WRITE)


def can_reply(actor: Actor, board: Board) -> bool:
    """Whether ``actor`` may answer in the threads of this board that are open."""
    return _can_write(actor, board, board.repliers, Permission.REPLY)


def _can_write(actor: Actor, board: Board, writers: Writers, permission: Permission) -> bool:
    if board.is_archived or not can_read(actor, board) or not may(actor, permission, board_id=board.id):
        return False
    return writers == "members" or can_moderate(actor, board.id)


def can_open(actor: Actor) -> bool:
    """Whether ``actor`` may open a board of their own (S4.02)."""
    return may(actor, Permission.OPEN_BOARDS)


def can_shape(actor: Actor, board_id: int) -> bool:
    """Whether ``actor`` may change the board's texts and rules, and say who moderates it (S4.03)."""
    return can_moderate(actor, board_id)


def can_place_under(actor: Actor, parent_id: int) -> bool:
    """Whether ``actor`` may put a board of theirs under this one: whoever keeps order there has a say in it."""
    return can_moderate(actor, parent_id)


def stands_under(board_id: int, parent_id: int | None, parents: Mapping[int, int | None]) -> bool:
    """Whether a board under ``parent_id`` stands under ``board_id``; ``parents`` are those of all boards."""
    steps = 0
    while parent_id is not None and steps <= len(parents):
        if parent_id == board_id:
            return True
        parent_id, steps = parents.get(parent_id), steps + 1
    return False


def can_arrange(actor: Actor) -> bool:
    """Whether ``actor`` may put boards in order and under one another, and close one for good."""
    return may(actor, Permission.MODERATE)
