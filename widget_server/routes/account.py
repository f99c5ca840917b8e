"""One's own profile: what others see of it, its picture, and in which language and zone pages are told (S2.22)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from widget_server.actions.profiles import (
    ABOUT_CHARS,
    PLACE_CHARS,
    ProfileText,
    access_profile,
    check_about,
    check_chosen_name,
    check_one_of,
    check_place,
    do_edit_profile,
    do_set_picture,
)
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.pictures import MAX_BYTES, MAX_MEGABYTES
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people
from widget_server.web.zones import known_zones

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.pictures import Form as PictureForm
    from widget_server.web.forms import Form

_log = logging.getLogger(__name__)
pages = Pages()

PICTURE_FIELD = "picture"


@pages.get("/account", signed_in_people)
async def show_account(visit: Visit) -> web.Response:
    """What stands in the profile, to be changed."""
    return visit.page("account", **await _shown(visit))


async def show_account_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The forms with what was typed, and what is wrong with it."""
    return visit.refused("account", error, **await _shown(visit))


@pages.post("/account", signed_in_people, again=show_account_again)
async def edit_account(visit: Visit) -> web.Response:
    """Save the profile, and say so."""
    office = visit.office
    text = profile_text_of(visit.form, office.languages.tags)
    if text is None:
        return await show_account_again(visit)
    try:
        await do_edit_profile(
            office.engine.database, visit.actor, visit.account.public_id, text, now_ms=office.now_ms()
        )
    except Unacceptable as error:
        visit.form.refuse("name", error)
        return await show_account_again(visit)
    office.engine.bus.news((), {visit.account.person_id})
    office.languages.speak(text.language or office.languages.wished(visit.request))
    return visit.go("/account", visit.text("Your profile is saved."))


def profile_text_of(form: Form, languages: list[str]) -> ProfileText | None:
    """Return what can be written into a profile, or None where something is wrong; the form then says what."""
    name = form.check("name", check_chosen_name)
    place = form.check("place", check_place)
    about = form.check("about", check_about)
    language = form.check("language", check_one_of, known=languages)
    zone = form.check("zone", check_one_of, known=known_zones())
    if name is None or place is None or about is None or language is None or zone is None:
        return None
    return ProfileText(name, place, about, language, zone)


async def show_picture_again(visit: Visit, error: ProductError) -> web.Response:
    """The forms, and why the picture was not taken."""
    if isinstance(error, Unacceptable):
        visit.form.refuse(PICTURE_FIELD, error)
        response = visit.refused("account", **await _shown(visit))
        response.set_status(413 if error.name == "file_too_large" else 422)
        return response
    return await show_account_again(visit, error)


@pages.post("/account/picture", signed_in_people, again=show_picture_again, megabytes=MAX_MEGABYTES)
async def send_picture(visit: Visit) -> web.Response:
    """Take a picture, once it has been decoded and written anew."""
    office = visit.office
    body = await sent_picture(visit)
    await do_set_picture(office.engine.database, visit.actor, visit.account.public_id, body, now_ms=office.now_ms())
    _log.info("Picture changed.", extra={"person": visit.account.public_id, "bytes": len(body)})
    return visit.go("/account", visit.text("Your picture is saved."))


async def sent_picture(visit: Visit, form: PictureForm = "square") -> bytes:
    """Return the picture that a form brought, as it is stored.

    Raises:
        Unacceptable: ``bad_picture`` or ``too_many_pixels``.
        TryLater: ``rate_limited`` or ``busy``.
    """
    office = visit.office
    sent = visit.form.files.get(PICTURE_FIELD)
    if sent is None:
        raise Unacceptable("bad_picture", limit=MAX_MEGABYTES)
    office.form_limit.take(office.address_of(visit.request), PICTURE_FIELD)
    return await office.pictures.reencode(sent.file.read(MAX_BYTES + 1), form)


@pages.post("/account/picture/remove", signed_in_people)
async def remove_picture(visit: Visit) -> web.Response:
    """Go back to the picture that is drawn."""
    office = visit.office
    await do_set_picture(office.engine.database, visit.actor, visit.account.public_id, None, now_ms=office.now_ms())
    return visit.go("/account", visit.text("Your picture is removed."))


async def _shown(visit: Visit) -> dict[str, Any]:
    account, office = visit.account, visit.office
    own = visit.text("As my browser says")
    return {
        "profile": await access_profile(office.engine.database, account.public_id),
        "account": account,
        "language_choices": {"": own} | office.languages.choices,
        "zone_choices": {"": own} | {zone: zone.replace("_", " ") for zone in known_zones()},
        "place_chars": PLACE_CHARS,
        "about_chars": ABOUT_CHARS,
        "max_megabytes": MAX_MEGABYTES,
        "are_pictures_taken": office.pictures.are_taken,
    }
