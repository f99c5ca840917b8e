"""The form of a board, new or not: what it is called, who may do what there, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from widget_server.actions.boards import BoardPlace, BoardText, check_board_name, check_description, check_rules
from widget_server.actions.sites import list_managed_sites
from widget_server.core.boards import LAYOUTS, READERS, WRITERS
from widget_server.core.errors import Unacceptable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from widget_server.routes.visit import Visit
    from widget_server.web.forms import Form

T = TypeVar("T", bound=str)


def one_of(known: Sequence[T], usual: T) -> Callable[[str], T]:
    """Return a rule for a field that holds one of ``known``; nothing is ``usual``."""

    def check(value: str) -> T:
        for each in known:
            if each == (value or usual):
                return each
        raise Unacceptable("bad_choice")

    return check


def choices_of(visit: Visit) -> dict[str, dict[str, str]]:
    """Return what the form's choices are called."""
    return {
        "readers": {
            "everyone": visit.text("Everyone, also without an account"),
            "members": visit.text("Members"),
            "moderators": visit.text("Moderators only"),
        },
        "writers": {"members": visit.text("Members"), "moderators": visit.text("Moderators only")},
        "layouts": {"nested": visit.text("Under the post they answer"), "linear": visit.text("One after the other")},
    }


def board_text(form: Form) -> BoardText | None:
    """Return what somebody wrote and chose; None where something is wrong, which the form then says."""
    name = form.check("name", check_board_name)
    description = form.check("description", check_description)
    rules = form.check("rules", check_rules)
    readers = form.check("readers", one_of(READERS, "everyone"))
    starters = form.check("starters", one_of(WRITERS, "members"))
    repliers = form.check("repliers", one_of(WRITERS, "members"))
    layout = form.check("layout", one_of(LAYOUTS, "nested"))
    if name is None or description is None or rules is None:
        return None
    if readers is None or starters is None or repliers is None or layout is None:
        return None
    return BoardText(name, description, rules, readers, starters, repliers, layout)


async def board_place(visit: Visit, *, site_id: int | None = None) -> BoardPlace | None:
    """Return where the board is to stand; ``site_id`` is the site that it is tied to where the form does not ask."""
    form = visit.form
    if "site" in form.values:
        sites = await list_managed_sites(visit.office.engine.database, visit.actor)
        keys = {"": None, **{site.key: site.id for site in sites}}
        if form["site"] not in keys:
            form.refuse("site", Unacceptable("bad_choice"))
            return None
        site_id = keys[form["site"]]
    return BoardPlace(form["parent"], site_id)
