"""Profiles: what somebody with an account says of themselves, and what of it others see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.actions import audit, names, pictures
from widget_server.actions.accounts import NAME_CHARS
from widget_server.actions.appointments import find_account
from widget_server.actions.community import logo_of
from widget_server.actions.people import check_manage
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import is_staff
from widget_server.core.text import check_line, check_lines
from widget_server.store.queries import pictures as picture_queries
from widget_server.store.queries import profiles as queries

if TYPE_CHECKING:
    from collections.abc import Container

    from widget_server.actions.accounts import Account
    from widget_server.core.permissions import Actor
    from widget_server.store.database import Database, Row, Transaction

PLACE_CHARS: Final = 80
ABOUT_CHARS: Final = 1_000


class Profile(NamedTuple):
    """Somebody with an account, as others see them."""

    person_id: int
    public_id: str
    name: str
    picture: str | None
    """The hash of their own; None shows one that is drawn."""
    place: str
    about: str
    created_at: int
    seen_at: int | None
    followers: int
    following: int
    is_followed: bool
    """Whether who asks follows them."""
    is_ignored: bool
    """Whether who asks does not want to read them."""
    level: str | None = None
    """What who asks chose to be told of them (``core.notifying.LEVELS``), beside following."""


class ProfileText(NamedTuple):
    """What is written into a profile, checked as far as it can be without the store."""

    name: str
    place: str
    about: str
    language: str
    """Empty: the browser's."""
    zone: str
    """As in ``Europe/Berlin``; empty: the browser's."""


def check_place(place: str) -> str:
    """Return where somebody says they are.

    Raises:
        Unacceptable: what is wrong with it.
    """
    return check_line(place, PLACE_CHARS)


def check_about(about: str) -> str:
    """Return what somebody says of themselves, in several lines.

    Raises:
        Unacceptable: what is wrong with it.
    """
    return check_lines(about, ABOUT_CHARS)


def check_chosen_name(name: str) -> str:
    """Return a name as it is shown; whether it is free is known when it is taken.

    Raises:
        Unacceptable: what is wrong with it.
    """
    return check_line(name, NAME_CHARS, required=True)


def check_one_of(value: str, known: Container[str]) -> str:
    """Return a choice from a list; nothing chosen is one too.

    Raises:
        Unacceptable: ``bad_choice``.
    """
    if value and value not in known:
        raise Unacceptable("bad_choice")
    return value


async def access_profile(db: Database, public_id: str, *, viewer_id: int = 0) -> Profile:
    """Return the profile of somebody with an account.

    Args:
        db: the store.
        public_id: whose.
        viewer_id: who asks, for :attr:`Profile.is_followed` and :attr:`Profile.is_ignored`.

    Raises:
        Refused: ``not_found``, also for one that was deleted.
    """
    return await db.read(lambda tx: find_profile(tx, public_id, viewer_id=viewer_id))


async def find_profile(tx: Transaction, public_id: str, *, viewer_id: int = 0) -> Profile:
    """As :func:`access_profile`, in a reading of the caller's."""
    row = await tx.one(queries.PROFILE, public_id=public_id, viewer_id=viewer_id)
    if row is None:
        raise Refused("not_found")
    return profile_of(row)


def profile_of(row: Row) -> Profile:
    """Return the profile of a row of ``queries.PROFILE``."""
    person_id, public_id, name, *shown, is_followed, is_ignored, level = row
    return Profile._make([person_id, public_id, name or "", *shown, bool(is_followed), bool(is_ignored), level])


async def do_edit_profile(db: Database, actor: Actor, public_id: str, text: ProfileText, *, now_ms: int) -> None:
    """Write a profile: one's own, or, by who looks after people, anybody's.

    Args:
        db: the store.
        actor: who writes.
        public_id: whose profile.
        text: all of it.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``not_found``; ``not_allowed`` for somebody else's; ``beyond_you`` for that of somebody who may do more
            than the actor.
        Unacceptable: ``taken`` or ``name_looks_alike`` for the name.
    """

    async def write(tx: Transaction) -> None:
        owner = await _check_edit(tx, actor, public_id)
        is_own = actor.person_id == owner.person_id
        # An agent may share a name with another site's (``agents.do_create_agent``): only a new one has to be free.
        if text.name != owner.name:
            folded = await names.check_free(tx, text.name, owner=owner.person_id, is_staff=is_staff(owner.actor))
            await tx.run(queries.SET_FOLDED, key=owner.person_id, new_folded=folded)
        await tx.run(
            queries.SET_TEXT,
            key=owner.person_id,
            new_name=text.name,
            new_place=text.place,
            new_about=text.about,
            new_language=text.language,
            new_zone=text.zone,
            new_stamp=await tx.stamp(),
        )
        if not is_own:
            # What was changed is told, not into what: texts are nobody's business in a log.
            changed = [name for name in text._fields if getattr(owner, name) != getattr(text, name)]
            details = {"changed": changed}
            await audit.record(
                tx, actor.person_id, "person.edited", "person", public_id, details=details, now_ms=now_ms
            )

    await db.write(write)


async def _check_edit(tx: Transaction, actor: Actor, public_id: str) -> Account:
    """Return whose profile it is, where it is the actor's own, or the actor looks after people like them."""
    if public_id == actor.public_id:
        return await find_account(tx, public_id)
    return await check_manage(tx, actor, public_id)


async def do_set_picture(db: Database, actor: Actor, public_id: str, body: bytes | None, *, now_ms: int) -> None:
    """Give a profile its picture (:meth:`pictures.Pictures.reencode`), or with None take it away.

    Raises:
        Refused: ``not_found``, ``not_allowed`` or ``beyond_you``, as :func:`do_edit_profile`.
    """

    async def write(tx: Transaction) -> None:
        person_id = (await _check_edit(tx, actor, public_id)).person_id
        held = await tx.one(picture_queries.PICTURE_OF, person_id=person_id)
        name = await pictures.keep(tx, body, now_ms) if body is not None else None
        await tx.run(picture_queries.SET_PICTURE, key=person_id, new_picture=name, new_stamp=await tx.stamp())
        if held is not None and held[0] != name:
            await pictures.drop(tx, held[0], logo=await logo_of(tx))
        if actor.person_id != person_id:
            await audit.record(tx, actor.person_id, "person.pictured", "person", public_id, now_ms=now_ms)

    await db.write(write)
