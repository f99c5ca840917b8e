"""What a line tells others that does not last: that somebody types, and that they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from widget_server.actions.actors import Agent
from widget_server.protocol import encode

if TYPE_CHECKING:
    from widget_server.actions.access import Access
    from widget_server.actions.actors import Actor
    from widget_server.actions.engine import Engine


def tell_typing(engine: Engine, actor: Actor, access: Access, draft: str | None, *, on: bool) -> None:
    """Tell the others of a channel that ``actor`` types, or has stopped.

    Args:
        engine: the node's works.
        actor: who types; of somebody who has no name yet nothing is told.
        access: to the channel.
        draft: what a visitor has typed, for the staff alone; None where the site has not switched it on, and so has
            not told the visitor.
        on: whether they type.
    """
    author = actor.author
    if author is None:
        return
    frame: dict[str, Any] = {"t": "typing", "channel": access.public_id, "person": author.state(access.side), "on": on}
    engine.bus.ephemeral(access.public_id, encode.dumps(frame), exclude=author.id)
    if access.side == "visitor" and access.staff is not None and draft is not None:
        shown = {**frame, "channel": access.staff, "draft": draft if on else ""}
        engine.bus.ephemeral(access.staff, encode.dumps(shown))


def arrive(engine: Engine, actor: Actor, access: Access) -> None:
    """This client has a channel open: it shows on the staff channel, or in the room."""
    if access.kind == "room" and actor.author is not None:
        engine.presence.enter_room(access.public_id, actor.author)
    if access.staff is None:
        return
    if access.side == "visitor" and actor.author is not None:
        engine.presence.visit(access.staff, actor.author.id)
    elif access.kind == "staff" and isinstance(actor, Agent):
        engine.presence.view(access.staff, actor.author)


def depart(engine: Engine, actor: Actor, access: Access) -> None:
    """It has the channel open no more."""
    if access.kind == "room" and actor.author is not None:
        engine.presence.leave_room(access.public_id, actor.author)
    if access.staff is None:
        return
    if access.side == "visitor" and actor.author is not None:
        engine.presence.part(access.staff, actor.author.id)
    elif access.kind == "staff" and isinstance(actor, Agent):
        engine.presence.look_away(access.staff, actor.author)
