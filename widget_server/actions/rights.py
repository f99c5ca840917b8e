"""Whether those who are connected may still be: checked again when a session or a right has changed (S06, S07)."""

from __future__ import annotations

from widget_server.actions.access import access_visitor
from widget_server.actions.actors import Agent, Visitor
from widget_server.actions.agents import access_agent
from widget_server.actions.engine import Engine
from widget_server.core.errors import Refused
from widget_server.core.permissions import Actor as Rights
from widget_server.store.queries.rights import HOLDS


async def agent_rights(engine: Engine, agent: Agent) -> Rights:
    """The agent's rights as they are now.

    :raises Refused: ``signed_out`` when the session has ended or expired, or the last right is gone.
    """
    now = engine.clock.now_ms()
    if await engine.database.read(lambda tx: tx.one(HOLDS, key=agent.session_id, now=now)) is None:
        raise Refused("signed_out")
    try:
        return (await access_agent(engine.database, agent.author.id)).actor
    except Refused:
        raise Refused("signed_out") from None


async def check_visitor(engine: Engine, visitor: Visitor) -> None:
    """Whether the visitor's token still opens anything.

    :raises Refused: ``token_ended``.
    """
    await engine.database.read(lambda tx: access_visitor(tx, visitor))
