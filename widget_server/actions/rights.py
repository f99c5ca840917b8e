"""Whether those who are connected may still be: checked again when a session or a right has changed (S06, S07)."""

from __future__ import annotations

from widget_server.actions.access import access_visitor
from widget_server.actions.actors import Agent, Reader, Visitor
from widget_server.actions.engine import Engine
from widget_server.actions.sessions import access_open_session
from widget_server.core.errors import Refused
from widget_server.core.permissions import GUEST, is_staff
from widget_server.core.permissions import Actor as Rights


async def agent_rights(engine: Engine, agent: Agent) -> Rights:
    """The agent's rights as they are now.

    :raises Refused: ``signed_out`` when the session has ended or expired, or opens the console no more: the last right
        is gone, or a second factor is wanted that it has not seen.
    """
    signed_in = await access_open_session(engine.database, agent.session_id, engine.clock.now_ms())
    if not signed_in.opens_console or not is_staff(signed_in.account.actor):
        raise Refused("signed_out")
    return signed_in.account.actor


async def reader_rights(engine: Engine, reader: Reader) -> Rights:
    """The rights of somebody who reads the community, as they are now.

    :raises Refused: ``signed_out`` when the session of a member has ended or expired, or wants more proof by now.
    """
    if reader.author is None:
        return GUEST
    signed_in = await access_open_session(engine.database, reader.session_id, engine.clock.now_ms())
    if not signed_in.is_complete:
        raise Refused("signed_out")
    return signed_in.account.actor


async def check_visitor(engine: Engine, visitor: Visitor) -> bool:
    """Whether the visitor is still the one that their line knows; not so where they were found to be somebody else.

    :raises Refused: ``token_ended``.
    """
    author = await engine.database.read(lambda tx: access_visitor(tx, visitor))
    return author is None or visitor.author is None or author.id == visitor.author.id
