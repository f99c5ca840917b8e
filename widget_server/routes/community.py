"""What the installation says of itself: its settings, for administrators, and its terms, for everybody."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.community import (
    NAME_CHARS,
    PAGE_CHARS,
    REGISTRATIONS,
    WELCOME_CHARS,
    CommunityText,
    check_community_name,
    check_registration,
    do_change_community,
    do_set_logo,
)
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.permissions import Permission
from widget_server.core.pictures import MAX_MEGABYTES
from widget_server.core.text import check_lines
from widget_server.routes.account import PICTURE_FIELD, sent_picture
from widget_server.routes.visit import Pages, Visit, not_there
from widget_server.web.policies import everybody, people_with

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.web.forms import Form

_log = logging.getLogger(__name__)
pages = Pages()
administrators = people_with(Permission.ADMINISTER)

_PATH: Final = "/admin/community"


@pages.get("/terms", everybody)
async def show_terms(visit: Visit) -> web.Response:
    """The terms of use, where an administrator wrote some."""
    community = await visit.office.community.read()
    return _statement(visit, visit.text("Terms"), community.terms)


@pages.get("/privacy", everybody)
async def show_privacy(visit: Visit) -> web.Response:
    """What is said about privacy, where an administrator wrote something."""
    community = await visit.office.community.read()
    return _statement(visit, visit.text("Privacy"), community.privacy)


def _statement(visit: Visit, called: str, text: str) -> web.Response:
    if not text:
        not_there()
    return visit.page("statement", called=called, text=text)


@pages.get(_PATH, administrators)
async def show_community(visit: Visit) -> web.Response:
    """The settings, to be changed."""
    return visit.page("admin_community", **await _shown(visit))


async def show_community_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The forms with what was typed, and what is wrong with it."""
    return visit.refused("admin_community", error, **await _shown(visit))


@pages.post(_PATH, administrators, again=show_community_again)
async def change_community(visit: Visit) -> web.Response:
    """Save the settings, and say so; every node knows them within a second."""
    office = visit.office
    text = _text_of(visit.form)
    if text is None:
        return await show_community_again(visit)
    changed = await do_change_community(office.engine.database, visit.actor, text, now_ms=office.now_ms())
    office.community.forget()
    _log.info("Installation changed.", extra={"person": visit.account.public_id, "fields": ",".join(changed)})
    return visit.go(_PATH, visit.text("The settings are saved."))


def _text_of(form: Form) -> CommunityText | None:
    name = form.check("name", check_community_name)
    welcome = form.check("welcome", check_lines, max_chars=WELCOME_CHARS)
    registration = form.check("registration", check_registration)
    terms = form.check("terms", check_lines, max_chars=PAGE_CHARS)
    privacy = form.check("privacy", check_lines, max_chars=PAGE_CHARS)
    if name is None or welcome is None or registration is None or terms is None or privacy is None:
        return None
    return CommunityText(name, welcome, registration, terms, privacy, agents_need_factor="agents_need_factor" in form)


async def show_logo_again(visit: Visit, error: ProductError) -> web.Response:
    """The forms, and why the picture was not taken."""
    if not isinstance(error, Unacceptable):
        return await show_community_again(visit, error)
    visit.form.refuse(PICTURE_FIELD, error)
    response = await show_community_again(visit)
    response.set_status(413 if error.name == "file_too_large" else 422)
    return response


@pages.post(f"{_PATH}/logo", administrators, again=show_logo_again, megabytes=MAX_MEGABYTES)
async def send_logo(visit: Visit) -> web.Response:
    """Take a logo, once it has been decoded and written anew."""
    body = await sent_picture(visit, "whole")
    await do_set_logo(visit.office.engine.database, visit.actor, body, now_ms=visit.office.now_ms())
    visit.office.community.forget()
    return visit.go(_PATH, visit.text("The logo is saved."))


@pages.post(f"{_PATH}/logo/remove", administrators)
async def remove_logo(visit: Visit) -> web.Response:
    """Go back to the sign that everybody has."""
    await do_set_logo(visit.office.engine.database, visit.actor, None, now_ms=visit.office.now_ms())
    visit.office.community.forget()
    return visit.go(_PATH, visit.text("The logo is removed."))


async def _shown(visit: Visit) -> dict[str, Any]:
    called = {
        "open": visit.text("Everybody"),
        "approved": visit.text("Everybody, once an administrator has let them in"),
        "invited": visit.text("Whoever was invited"),
        "closed": visit.text("Nobody"),
    }
    return {
        "settings": await visit.office.community.read(),
        "registrations": {key: called[key] for key in REGISTRATIONS},
        "name_chars": NAME_CHARS,
        "welcome_chars": WELCOME_CHARS,
        "page_chars": PAGE_CHARS,
        "max_megabytes": MAX_MEGABYTES,
        "are_pictures_taken": visit.office.pictures.are_taken,
    }
