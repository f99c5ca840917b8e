"""The rules for posts: those of a board, which its moderators set, and those of the installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from widget_server.actions.appointments import rights_now
from widget_server.actions.audit import record
from widget_server.actions.boards import access_board
from widget_server.core.boards import can_moderate
from widget_server.core.errors import Refused
from widget_server.core.permissions import Permission, may
from widget_server.core.post_rules import posting_of
from widget_server.store.installation import hold_value, put_value
from widget_server.store.posting import NAME
from widget_server.store.queries import moderation as q

if TYPE_CHECKING:
    from widget_server.actions.engine import Engine
    from widget_server.core.permissions import Actor
    from widget_server.core.post_rules import Posting, Rules
    from widget_server.store.database import Transaction
    from widget_server.store.records import Committed


async def do_change_posting(engine: Engine, actor: Actor, posting: Posting) -> None:
    """Set what holds on every board, and in every room.

    Raises:
        Refused: ``not_allowed`` for who does not administer the installation.
    """
    now = engine.clock.now_ms()

    async def work(tx: Transaction, _: Committed) -> None:
        if not may(await rights_now(tx, actor), Permission.ADMINISTER):
            raise Refused("not_allowed")
        before = posting_of(orjson.loads(await hold_value(tx, NAME) or "{}"))
        if before == posting:
            return
        kept = {
            "rules": posting.rules._asdict(),
            "limits": posting.limits._asdict(),
            "public_log": posting.public_log,
        }
        await put_value(tx, NAME, orjson.dumps(kept).decode())
        details = {"links": posting.rules.links, "public_log": posting.public_log} | posting.limits._asdict()
        await record(tx, actor.person_id, "posting.changed", "installation", NAME, details=details, now_ms=now)

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
