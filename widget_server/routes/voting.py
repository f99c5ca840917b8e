"""Votes and reactions on posts, and voting in polls: forms that set a state (S4.12)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from widget_server.actions.poll_votes import do_choose
from widget_server.actions.reactions import do_react
from widget_server.actions.votes import check_vote_named, do_vote
from widget_server.core.errors import Unacceptable
from widget_server.core.reactions import check_reaction
from widget_server.protocol.encode import error_body
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiohttp import web

pages = Pages()

_POST: Final = r"/threads/{number:\d{1,12}}/posts/{seq:\d{1,9}}"
_OPTION: Final = re.compile(r"option-(\d{1,2})")


@pages.post(f"{_POST}/vote", signed_in_people)
async def vote(visit: Visit) -> web.Response:
    """Set what one thinks of a post: ``value`` is ``up``, ``down`` or ``none``."""
    number, seq = _place(visit)
    how = check_vote_named(visit.form["value"])
    return await _done(visit, do_vote(visit.office.engine, visit.account, number, seq, how), f"/threads/{number}/{seq}")


@pages.post(f"{_POST}/react", signed_in_people)
async def react(visit: Visit) -> web.Response:
    """Put a sign to a post (``give``) or take it back (``take``)."""
    number, seq = _place(visit)
    given = "give" in visit.form
    emoji = check_reaction(visit.form["give"] or visit.form["take"])
    deed = do_react(visit.office.engine, visit.account, number, seq, emoji, given=given)
    return await _done(visit, deed, f"/threads/{number}/{seq}")


@pages.post(r"/threads/{number:\d{1,12}}/poll", signed_in_people)
async def choose(visit: Visit) -> web.Response:
    """Vote in a thread's poll: ``option`` of one choice, a box ``option-…`` for each of several."""
    number = int(visit.request.match_info["number"])
    named = (_OPTION.fullmatch(name) for name in visit.form.values)
    options = [int(found[1]) for found in named if found]
    one = visit.form["option"]
    if one.isascii() and one.isdigit() and len(one) < 3:
        options.append(int(one))
    return await _done(visit, do_choose(visit.office.engine, visit.account, number, options), f"/threads/{number}/1")


def _place(visit: Visit) -> tuple[int, int]:
    return int(visit.request.match_info["number"]), int(visit.request.match_info["seq"])


async def _done(visit: Visit, deed: Awaitable[None], path: str) -> web.Response:
    """Go back to the post; what was refused is told there."""
    try:
        await deed
    except Unacceptable as error:
        told = error_body(error, visit.office.languages.gettext)["message"]
        return visit.go(path, str(told), kind="bad")
    return visit.go(path)
