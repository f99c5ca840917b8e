"""The rules for posts: those of a board, which its moderators set, and those of the installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import record
from widget_server.actions.boards import access_board
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, may
from widget_server.core.post_rules import Limits, Rules, rules_of
from widget_server.store.installation import hold_value, put_value, read_value
from widget_server.store.queries import moderation as q

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed

_NAME: Final = "posting"
"""Its row in the store."""


class Posting(NamedTuple):
    """What holds on every board."""

    rules: Rules = Rules()
    limits: Limits = Limits()
    public_log: bool = False
    """Whether everybody who may read a board may read what its moderators did."""


def _posting_of(text: str | None) -> Posting:
    kept = orjson.loads(text) if text else {}
    limits = {name: value for name, value in kept.get("limits", {}).items() if name in Limits._fields}
    return Posting(rules_of(kept.get("rules", {})), Limits(**limits), bool(kept.get("public_log", False)))


async def read_posting(tx: Transaction) -> Posting:
    """Return what holds on every board now."""
    return _posting_of(await read_value(tx, _NAME))


async def do_change_posting(engine: Engine, actor: Actor, posting: Posting) -> None:
    """Set what holds on every board.

    Raises:
        Refused: ``not_allowed`` for who does not administer the installation.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        if not may(await rights_now(tx, actor), Permission.ADMINISTER):
            raise Refused("not_allowed")
        before = _posting_of(await hold_value(tx, _NAME))
        if before == posting:
            return
        kept = {
            "rules": posting.rules._asdict(),
            "limits": posting.limits._asdict(),
            "public_log": posting.public_log,
        }
        await put_value(tx, _NAME, orjson.dumps(kept).decode())
        details = {"links": posting.rules.links, "public_log": posting.public_log} | posting.limits._asdict()
        await record(tx, actor.person_id, "posting.changed", "installation", _NAME, details=details, now_ms=now)

    await engine.committer.run(work)


async def do_change_board_rules(engine: Engine, actor: Actor, slug: str, rules: Rules, holds: int) -> None:
    """Set what waits on a board: words, links, and so many first posts of a new member.

    Raises:
        Refused: ``not_found``, ``not_allowed`` for who does not moderate it.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        rights = await rights_now(tx, actor)
        board = await access_board(tx, rights, slug)
        if not can_moderate(rights, board.id):
            raise Refused("not_allowed")
        settings: dict[str, Any] = dict(board.settings) | rules._asdict()
        await tx.run(
            q.SET_RULES,
            key=board.id,
            new_settings=orjson.dumps(settings).decode(),
            new_holds=holds,
            new_stamp=await tx.stamp(),
        )
        await record(
            tx,
            actor.person_id,
            "board.rules_changed",
            "board",
            board.public_id,
            details={"name": board.name, "holds": holds, "links": rules.links},
            board_id=board.id,
            now_ms=now,
        )

    await engine.committer.run(work)
