"""How somebody is told, and of what: one page of settings; and ending mails from a mail, without signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.members import page_number
from widget_server.actions.notice_choices import ALL, access_choices, do_choose
from widget_server.actions.unsubscribing import access_unsubscribing, do_unsubscribe_by
from widget_server.actions.watching import PAGE, list_watching
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.notifying import MAILS, STAFF, TOPICS, WAYS, Choices
from widget_server.core.text import to_translate
from widget_server.routes.push_lines import SETTINGS, lines_context
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody, signed_in_people

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.web.forms import Form

pages = Pages()

_CALLED: Final = {
    "reply": to_translate("Replies to me"),
    "quote": to_translate("Quotes of me"),
    "mention": to_translate("Where I am named"),
    "accepted": to_translate("My answer was accepted"),
    "thread": to_translate("New threads that I watch or follow"),
    "post": to_translate("New replies that I watch"),
    "message": to_translate("Messages in rooms"),
    "invitation": to_translate("Invitations into rooms"),
    STAFF: to_translate("From the moderators"),
}
_WAYS_CALLED: Final = {"page": to_translate("Page"), "mail": to_translate("Mail"), "push": to_translate("Push")}
_MAILS_CALLED: Final = {
    "at_once": to_translate("At once, unless I have seen it on the page"),
    "daily": to_translate("Once a day"),
    "weekly": to_translate("Once a week"),
    "never": to_translate("Never"),
}
_DAYS: Final = (
    to_translate("Monday"),
    to_translate("Tuesday"),
    to_translate("Wednesday"),
    to_translate("Thursday"),
    to_translate("Friday"),
    to_translate("Saturday"),
    to_translate("Sunday"),
)


@pages.get(SETTINGS, signed_in_people)
async def show_settings(visit: Visit) -> web.Response:
    """What is chosen, and everything that one watches."""
    return visit.page("notification_settings", **await _shown(visit))


async def show_settings_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The form with what was chosen, and what is wrong with it."""
    return visit.refused("notification_settings", error, **await _shown(visit))


@pages.post(SETTINGS, signed_in_people, again=show_settings_again)
async def choose(visit: Visit) -> web.Response:
    """Save, and say so."""
    choices = _choices_of(visit.form)
    if choices is None:
        return await show_settings_again(visit)
    await do_choose(visit.office.engine, visit.account, choices)
    return visit.go(SETTINGS, visit.text("Your choices are saved."))


def _choices_of(form: Form) -> Choices | None:
    mails = form.check("mails", _one_of, known=MAILS)
    hour = form.check("hour", _number_to, most=23)
    day = form.check("day", _number_to, most=6)
    if mails is None or hour is None or day is None:
        return None
    kinds = {topic: frozenset(way for way in WAYS if f"{topic}-{way}" in form) for topic in TOPICS}
    return Choices(mails, kinds, hour, day, "follows" in form)


def _one_of(value: str, known: tuple[Any, ...]) -> Any:
    if value not in known:
        raise Unacceptable("bad_choice")
    return value


def _number_to(value: str, most: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 2 and int(value) <= most):
        raise Unacceptable("bad_choice")
    return int(value)


async def _shown(visit: Visit) -> dict[str, Any]:
    office = visit.office
    number = page_number(visit.request.query.get("page", "1"))
    found = await office.engine.database.read(lambda tx: list_watching(tx, visit.actor, number))
    return {
        "choices": await access_choices(office.engine.database, visit.account.person_id),
        "topics": {topic: visit.text(_CALLED[topic]) for topic in TOPICS},
        "ways": {way: visit.text(called) for way, called in _WAYS_CALLED.items()},
        "mails_choices": {key: visit.text(_MAILS_CALLED[key]) for key in MAILS},
        "hours": {str(hour): f"{hour:02}:00" for hour in range(24)},
        "days": {str(day): visit.text(called) for day, called in enumerate(_DAYS)},
        "sends_mail": office.sends_mail,
        **await lines_context(visit),
        "watching": found[:PAGE],
        "number": number,
        "more": len(found) > PAGE,
    }


@pages.get("/unsubscribe", everybody)
async def show_unsubscribe(visit: Visit) -> web.Response:
    """What would end, and the button: programs that look at every link of a mail end nothing."""
    found = await access_unsubscribing(visit.office.engine.database, visit.office.sealer, _code(visit))
    return visit.page("unsubscribe", what=_ends(visit, found.what), code=_code(visit), is_done=False)


@pages.post("/unsubscribe", everybody, proves_itself=True, while_banned=True)
async def unsubscribe(visit: Visit) -> web.Response:
    """End it: by the button, or by a mail program (RFC 8058), which has neither a session nor a form's token."""
    found = await do_unsubscribe_by(visit.office.engine, visit.office.sealer, _code(visit))
    return visit.page("unsubscribe", what=_ends(visit, found.what), code=_code(visit), is_done=True)


def _code(visit: Visit) -> str:
    return visit.request.query.get("code", "")


def _ends(visit: Visit, what: str) -> str:
    return "" if what == ALL else visit.text(_CALLED[what])
