"""Reporting, and the one queue of what waits for moderators: reports, and posts that are held."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from widget_server.actions.bans import check_reason as check_line_told
from widget_server.actions.conduct import check_silence_days
from widget_server.actions.held_files import carried_file, files_named
from widget_server.actions.held_posts import REFUSED, do_approve, do_refuse, list_held, list_own
from widget_server.actions.members import page_number
from widget_server.actions.reports import (
    PAGE,
    REASONS,
    Decision,
    check_details,
    check_reason,
    check_reviewer,
    check_told,
    check_verdict,
    do_decide,
    do_report_message,
    do_report_post,
    list_reported,
)
from widget_server.actions.threads import access_thread
from widget_server.core.errors import ProductError
from widget_server.routes.calls import json_answer, read_object
from widget_server.routes.office import OFFICE, check_caller
from widget_server.routes.visit import Pages, Visit
from widget_server.web.forms import Form
from widget_server.web.policies import signed_in_people

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from widget_server.actions.held_posts import HeldPost
    from widget_server.actions.reports import Reported
    from widget_server.actions.stored_files import StoredFile
    from widget_server.store.database import Transaction
    from widget_server.store.records import State

_log = logging.getLogger(__name__)
pages = Pages()
routes = web.RouteTableDef()
_POST: Final = r"/threads/{number:\d{1,12}}/posts/{seq:\d{1,12}}"
_QUEUE: Final = "/moderation"


def reason_names(visit: Visit) -> dict[str, str]:
    """What the reasons of a report are called."""
    called = {
        "spam": visit.text("Spam"),
        "rude": visit.text("Rude"),
        "off_topic": visit.text("Off topic"),
        "other": visit.text("Something else"),
    }
    return {reason: called[reason] for reason in REASONS}


def verdict_names(visit: Visit) -> dict[str, str]:
    """What becomes of a report, as it is shown."""
    return {
        "dismissed": visit.text("Nothing is wrong with it"),
        "settled": visit.text("Settled in another way"),
        "removed": visit.text("Remove the post"),
        "warned": visit.text("Warn its author"),
        "silenced": visit.text("Silence its author on the board"),
        "banned": visit.text("Ban its author from everything"),
    }


def _place(visit: Visit) -> tuple[int, int]:
    return int(visit.request.match_info["number"]), int(visit.request.match_info["seq"])


async def _reported_post(visit: Visit) -> dict[str, Any]:
    number, seq = _place(visit)
    thread = await visit.office.engine.database.read(lambda tx: access_thread(tx, visit.actor, number))
    return {"thread": thread, "seq": seq, "reasons": reason_names(visit)}


@pages.get(f"{_POST}/report", signed_in_people)
async def show_report(visit: Visit) -> web.Response:
    """The form with which a post is reported."""
    return visit.page("post_report", **await _reported_post(visit))


async def show_report_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was typed."""
    return visit.refused("post_report", error, **await _reported_post(visit))


@pages.post(f"{_POST}/report", signed_in_people, again=show_report_again)
async def report(visit: Visit) -> web.Response:
    """Report a post."""
    reason = visit.form.check("reason", check_reason)
    details = visit.form.check("details", check_details)
    if reason is None or details is None:
        return await show_report_again(visit)
    number, seq = _place(visit)
    is_new = await do_report_post(visit.office.engine, visit.actor, number, seq, reason, details)
    told = visit.text("Post reported. A moderator looks at it.") if is_new else visit.text("You reported it already.")
    return visit.go(f"/threads/{number}/{seq}", told)


@routes.post("/console/api/reports")
async def report_message(request: web.Request) -> web.Response:
    """Report a message of a chat: ``channel``, ``seq``, ``reason``, and ``details``, which may be left out."""
    caller = await check_caller(request)
    body = await read_object(request, "channel", "seq", "reason", "details")
    reason = check_reason(str(body.get("reason", "")))
    details = check_details(str(body.get("details", "")))
    is_new = await do_report_message(
        request.app[OFFICE].engine, caller.account.actor, body.get("channel"), body.get("seq"), reason, details
    )
    return json_answer({"reported": True}, status=201 if is_new else 200)


def _carried_by(held: Iterable[HeldPost], files: Mapping[str, StoredFile]) -> dict[str, list[State]]:
    """The files that each post which waits will carry, by its public id."""
    return {each.public_id: [carried_file(files[name]) for name in each.file_names if name in files] for each in held}


async def _queue(visit: Visit) -> dict[str, Any]:
    check_reviewer(visit.actor)
    actor, page = visit.actor, page_number(visit.request.query.get("page", "1"))

    async def read(tx: Transaction) -> tuple[list[Reported], list[HeldPost], dict[str, StoredFile]]:
        reported, held = await list_reported(tx, actor, page), await list_held(tx, actor, page)
        return reported, held, await files_named(tx, [name for each in held for name in each.file_names])

    reported, held, files = await visit.office.engine.database.read(read)
    called = verdict_names(visit)
    reported_here, held_here = reported[:PAGE], held[:PAGE]
    return {
        "reported": reported_here,
        "held": held_here,
        "held_files": _carried_by(held_here, files),
        "number": page,
        "more": max(len(reported), len(held)) > PAGE,
        "address": visit.office.addresses.path(_QUEUE),
        "reasons": reason_names(visit),
        "verdicts": {each.no: {key: called[key] for key in each.verdicts(actor)} for each in reported_here},
        # What was typed belongs to one of them, which may be gone.
        "at": visit.request.match_info.get("no") or visit.request.match_info.get("id"),
        "shown": {str(each.no) for each in reported_here} | {each.public_id for each in held_here},
        "blank": Form(),
    }


@pages.get(_QUEUE, signed_in_people)
async def show_queue(visit: Visit) -> web.Response:
    """What waits for this moderator."""
    return visit.page("moderation", **await _queue(visit))


async def show_queue_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The queue with what was typed."""
    return visit.refused("moderation", error, **await _queue(visit))


@pages.post(r"/moderation/reports/{no:\d{1,15}}", signed_in_people, again=show_queue_again)
async def decide(visit: Visit) -> web.Response:
    """Decide on what was reported of a post."""
    form = visit.form
    verdict = form.check("verdict", check_verdict)
    text = form.check("text", check_told, verdict=verdict)
    days = form.check("days", check_silence_days)
    if verdict is None or text is None or not form.is_good:
        return await show_queue_again(visit)
    no = int(visit.request.match_info["no"])
    decided = await do_decide(visit.office.engine, visit.actor, no, Decision(verdict, text, days))
    if decided.by_name is not None:
        return await _came_second(visit, visit.text("{name} has decided on it already.", name=decided.by_name or "—"))
    _log.info("Report decided.", extra={"person": visit.account.public_id, "verdict": verdict, "message": no})
    return visit.go(_QUEUE, visit.text("The report is decided."))


async def _came_second(visit: Visit, told: str) -> web.Response:
    """Tell a moderator that another one was first; what they wrote is given back."""
    if not visit.form.written:
        return visit.go(_QUEUE, told, kind="info")
    visit.say(told)
    return visit.page("moderation", status=409, **await _queue(visit))


@pages.post("/moderation/held/{id}/approve", signed_in_people, again=show_queue_again)
async def approve(visit: Visit) -> web.Response:
    """Send a held post."""
    outcome = await do_approve(visit.office.engine, visit.actor, visit.request.match_info["id"])
    if outcome.path is None:
        return await _came_second(visit, visit.text("Another moderator has decided on it already."))
    return visit.go(_QUEUE, visit.text("The post is sent."))


@pages.post("/moderation/held/{id}/refuse", signed_in_people, again=show_queue_again)
async def refuse(visit: Visit) -> web.Response:
    """Refuse a held post."""
    text = visit.form.check("text", check_line_told)
    if text is None:
        return await show_queue_again(visit)
    outcome = await do_refuse(visit.office.engine, visit.actor, visit.request.match_info["id"], text)
    if outcome.verdict != REFUSED:
        return await _came_second(visit, visit.text("Another moderator has decided on it already."))
    return visit.go(_QUEUE, visit.text("The post is refused, and its author is told."))


@pages.get("/account/waiting", signed_in_people)
async def show_waiting(visit: Visit) -> web.Response:
    """What one wrote that waits for a moderator."""
    database = visit.office.engine.database
    held = await list_own(database, visit.actor)
    files = await database.read(lambda tx: files_named(tx, [name for each in held for name in each.file_names]))
    return visit.page("waiting", held=held, held_files=_carried_by(held, files))
