"""Who may do what on a board."""

from __future__ import annotations

from itertools import product

import pytest

from widget_server.core.boards import READERS, WRITERS, Board, can_begin, can_read, can_reply, readable, stands_under
from widget_server.core.permissions import BUILT_IN, GUEST, Actor, Grant, Role

BOARDS = [
    Board(key, readers, starters, repliers, is_archived)
    for key, (readers, starters, repliers, is_archived) in enumerate(
        product(READERS, WRITERS, WRITERS, (False, True)), start=1
    )
]
ACTORS = [
    GUEST,
    *(
        Actor(7, "seven", frozenset({Grant(Role.MEMBER, 0), Grant(role, site_id, board_id)}))
        for role in BUILT_IN
        for site_id, board_id in ((0, 0), (1, 0), (0, 1), (0, len(BOARDS)))
    ),
]


@pytest.mark.parametrize("actor", ACTORS, ids=range(len(ACTORS)))  # a set says its parts in another order each time
def test_s4_02_the_list_of_readable_boards_is_what_the_door_says_of_each(actor: Actor) -> None:
    listed = readable(actor, BOARDS)
    assert listed == [board.id for board in BOARDS if can_read(actor, board)]
    for board in BOARDS:
        assert board.readers != "everyone" or board.id in listed
        if can_begin(actor, board) or can_reply(actor, board):
            assert board.id in listed
            assert not board.is_archived
            assert actor != GUEST


def test_a_board_never_stands_under_itself_even_where_others_go_round() -> None:
    parents = {1: None, 2: 1, 3: 2, 4: 5, 5: 4}
    assert stands_under(1, 3, parents)
    assert stands_under(2, 2, parents)
    assert not stands_under(3, 1, parents)
    assert not stands_under(1, None, parents)
    assert not stands_under(1, 4, parents), "it ends where boards are in a circle already"
