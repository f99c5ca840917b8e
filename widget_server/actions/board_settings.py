"""What becomes of a board after it was opened: its texts and rules, its place, its moderators, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from widget_server.actions.appointments import do_end_role, do_give_role, rights_now
from widget_server.actions.audit import BoardVerb, record
from widget_server.actions.boards import access_board, board_of, check_name_free, check_site, find_parent, hold_places
from widget_server.core.boards import can_arrange, can_shape, stands_under
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.lookalikes import look
from widget_server.core.permissions import Permission, Role
from widget_server.core.text import fold
from widget_server.store.queries import board_moderators as moderator_queries
from widget_server.store.queries import boards as q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.boards import BoardPlace, BoardText, KnownBoard
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


class Moderator(NamedTuple):
    """Somebody who keeps order on a board."""

    public_id: str
    name: str | None
    picture: str | None
    role: str
    """By which they do."""
    role_name: str


async def access_shaped_board(tx: Transaction, actor: Actor, slug: str) -> KnownBoard:
    """Return a board that ``actor`` may change.

    Raises:
        Refused: ``not_found`` for one that is not there for them, ``not_allowed`` for one of others.
    """
    board = await access_board(tx, actor, slug)
    if not can_shape(actor, board.id):
        raise Refused("not_allowed")
    return board


async def do_change_board(engine: Engine, actor: Actor, slug: str, text: BoardText, place: BoardPlace) -> None:
    """Change a board. Its address stays, whatever it is called, because others have linked to it.

    Who may read no more is found by every node within a second (``board.stamp``).

    Raises:
        Refused: as :func:`access_shaped_board`; ``not_allowed`` to put it under a board, or to tie it to a site, of
            others.
        Unacceptable: ``taken`` for the name, ``bad_choice`` for a board to stand under that stands under this one.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        asking = await rights_now(tx, actor)
        board = await access_shaped_board(tx, asking, slug)
        folded = fold(text.name)
        await check_name_free(tx, folded, owner=board.id)
        parent = await find_parent(tx, asking, place.parent, child_id=board.id, before=board.parent_id)
        check_site(asking, place.site_id, before=board.site_id)
        was = {**board._asdict(), **board.rule._asdict()}
        now_is = {**text._asdict(), "parent_id": parent, "site_id": place.site_id}
        changed = [name for name, value in now_is.items() if was[name] != value]
        if not changed:
            return
        await tx.run(
            q.CHANGE,
            key=board.id,
            new_folded_name=folded,
            new_parent=parent,
            new_site=place.site_id,
            new_stamp=await tx.stamp(),
            **{f"new_{name}": value for name, value in text._asdict().items()},
        )
        await record(
            tx,
            asking.person_id,
            "board.changed",
            "board",
            board.public_id,
            details={"changed": changed},
            board_id=board.id,
            now_ms=now,
        )

    await engine.committer.run(work)


async def do_archive_board(engine: Engine, actor: Actor, slug: str, *, is_archived: bool) -> None:
    """Archive a board, where nothing is written any more, or reopen it. Harmless to repeat.

    Raises:
        Refused: ``not_found``, ``not_allowed``.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        asking = await rights_now(tx, actor)
        board = await access_board(tx, asking, slug)
        if not can_arrange(asking):
            raise Refused("not_allowed")
        if board.rule.is_archived == is_archived:
            return
        await tx.run(q.SET_ARCHIVED, key=board.id, since=now if is_archived else None, new_stamp=await tx.stamp())
        verb: BoardVerb = "board.archived" if is_archived else "board.reopened"
        await record(tx, asking.person_id, verb, "board", board.public_id, board_id=board.id, now_ms=now)

    await engine.committer.run(work)


class Spot(NamedTuple):
    """Where a board stands among the others."""

    position: int
    parent: str
    """The words in addresses of the board above it; empty: none."""


async def do_arrange_boards(engine: Engine, actor: Actor, spots: Mapping[str, Spot]) -> None:
    """Put boards in order and under one another; those that are not named stay where they are.

    Args:
        engine: the node's.
        actor: who does.
        spots: by the boards' words in addresses.

    Raises:
        Refused: ``not_allowed``.
        Unacceptable: ``bad_choice`` for a board that is not there, or would stand under itself.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        asking = await rights_now(tx, actor)
        if not can_arrange(asking):
            raise Refused("not_allowed")
        await hold_places(tx)
        boards = {board.slug: board for board in [board_of(row) for row in await tx.all(q.ALL)]}
        if not spots.keys() | {spot.parent for spot in spots.values() if spot.parent} <= boards.keys():
            raise Unacceptable("bad_choice")
        parents = {board.id: board.parent_id for board in boards.values()}
        parents |= {boards[slug].id: boards[spot.parent].id if spot.parent else None for slug, spot in spots.items()}
        if any(stands_under(key, parent, parents) for key, parent in parents.items()):
            raise Unacceptable("bad_choice")
        stamp = await tx.stamp()
        for slug, spot in spots.items():
            board = boards[slug]
            if (board.position, board.parent_id) != (spot.position, parents[board.id]):
                await tx.run(
                    q.ARRANGE,
                    key=board.id,
                    new_position=spot.position,
                    new_parent=parents[board.id],
                    new_stamp=stamp,
                )
        await record(tx, asking.person_id, "board.arranged", "board", "", now_ms=now)

    await engine.committer.run(work)


async def list_moderators(tx: Transaction, board_id: int) -> list[Moderator]:
    """Return who keeps order on this board, beside those who do so everywhere."""
    rows = await tx.all(moderator_queries.MODERATORS, which_board=board_id)
    return [Moderator(*row[:5]) for row in rows if Permission.MODERATE in Permission(row[5])]


async def do_add_moderator(engine: Engine, actor: Actor, slug: str, name: str) -> None:
    """Make a member a moderator of a board, by the name they are shown under. Harmless to repeat.

    Raises:
        Refused: ``not_found`` for the board, ``not_allowed``, ``beyond_you``.
        Unacceptable: ``no_such_member``.
    """

    async def find(tx: Transaction) -> tuple[int, str]:
        board = await access_shaped_board(tx, actor, slug)
        row = await tx.one(moderator_queries.MEMBER, folded_name=look(name), public_id=name.strip())
        if row is None:
            raise Unacceptable("no_such_member")
        return board.id, row[0]

    board_id, public_id = await engine.database.read(find)
    await do_give_role(engine, actor, public_id, Role.MODERATOR, board_id=board_id)


async def do_remove_moderator(engine: Engine, actor: Actor, slug: str, public_id: str, role: str) -> None:
    """Take from somebody the role by which they keep order on a board; oneself too. Harmless to repeat.

    Raises:
        Refused: ``not_found``, ``not_allowed``, ``beyond_you``.
    """
    board = await engine.database.read(lambda tx: access_shaped_board(tx, actor, slug))
    await do_end_role(engine, actor, public_id, role, board_id=board.id)
