"""The moderation log of a board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions.board_logs import LAST, access_log
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.audit import BoardVerb

pages = Pages()


def deed_names(visit: Visit) -> dict[BoardVerb, str]:
    """Return what each verb that is written down of a board is called, after the name of who did it."""
    return {
        "thread.pinned": visit.text("pinned the thread"),
        "thread.unpinned": visit.text("unpinned the thread"),
        "thread.locked": visit.text("locked the thread"),
        "thread.unlocked": visit.text("unlocked the thread"),
        "thread.moved": visit.text("moved the thread to another board"),
        "thread.arrived": visit.text("moved the thread here"),
        "thread.removed": visit.text("removed the thread"),
        "thread.restored": visit.text("restored the thread"),
        "thread.split": visit.text("split replies off the thread"),
        "thread.split_off": visit.text("made the thread of replies to another"),
        "thread.merged": visit.text("merged the thread into another"),
        "thread.grown": visit.text("merged another thread into the thread"),
        "post.removed": visit.text("removed a post"),
        "post.restored": visit.text("restored a post"),
        "post.approved": visit.text("approved a post that waited"),
        "post.refused": visit.text("refused a post that waited"),
        "report.dismissed": visit.text("dismissed a report"),
        "report.settled": visit.text("settled a report"),
        "report.removed": visit.text("removed a post that was reported"),
        "report.warned": visit.text("warned the author of a reported post"),
        "report.silenced": visit.text("silenced the author of a reported post"),
        "report.banned": visit.text("banned the author of a reported post"),
        "person.noted": visit.text("wrote a note on a member"),
        "person.warned": visit.text("warned a member"),
        "person.silenced": visit.text("silenced a member"),
        "person.unsilenced": visit.text("ended the silence of a member"),
        "post.edited": visit.text("edited somebody's post"),
        "thread.changed": visit.text("changed the thread's title, kind or tags"),
        "thread.answered": visit.text("accepted an answer"),
        "thread.unanswered": visit.text("took back an accepted answer"),
        "role.given": visit.text("gave a member a role on this board"),
        "role.taken": visit.text("took a role on this board from a member"),
        "board.opened": visit.text("opened the board"),
        "board.changed": visit.text("changed the board"),
        "board.archived": visit.text("archived the board"),
        "board.reopened": visit.text("reopened the board"),
        "board.rules_changed": visit.text("changed the rules for posts"),
    }


@pages.get("/boards/{board}/log", everybody)
async def show_log(visit: Visit) -> web.Response:
    """What moderators did on a board."""
    before = visit.request.query.get("before", "")
    is_key = before.isascii() and before.isdigit() and len(before) < 19
    log = await access_log(
        visit.office.engine.database,
        visit.reader,
        visit.request.match_info["board"],
        int(before) if is_key else LAST,
    )
    return visit.page("board_log", log=log, board=log.board, names=deed_names(visit))
