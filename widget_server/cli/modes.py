"""What each mode does before it serves (S2.03)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from widget_server.cli.database import await_database, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from widget_server.settings import Settings

CONTAINER_PATIENCE_S: Final = 60.0
"""How long a container waits for its database; what started it starts it again."""

_log = logging.getLogger(__name__)


def _begin_development(settings: Settings) -> None:
    if settings.mail_url is None:
        shown_at = f"{settings.public_url}/development/mails"
        _log.info("Development: mails are shown on a page and not sent.", extra={"shown_at": shown_at})


def _begin_testing(_: Settings) -> None:
    _log.info("Testing: passwords are hashed quickly. Never let people sign in here.")


def _begin_production(settings: Settings) -> None:
    if not settings.public_url.startswith("https:"):
        _log.warning("Browsers reach this server without HTTPS.", extra={"public_url": settings.public_url})
    if settings.mail_url is None:
        _log.warning("No mail is sent: WIDGET_MAIL_URL is not set.")


def _prepare_container(settings: Settings) -> None:
    await_database(settings, CONTAINER_PATIENCE_S)
    upgrade(settings)


def _nothing(_: Settings) -> None:
    """The operator brings the database to where it must be."""


class Hooks(NamedTuple):
    """What one mode does, once, in the process that was started."""

    prepare: Callable[[Settings], None]
    """Before the database is looked at."""
    begin: Callable[[Settings], None]
    """When nothing refuses the start any more: a refusal is the only line on the screen."""


HOOKS: Final[Mapping[str, Hooks]] = {
    "development": Hooks(_nothing, _begin_development),
    "testing": Hooks(_nothing, _begin_testing),
    "production": Hooks(_nothing, _begin_production),
    "container": Hooks(_prepare_container, _begin_production),
}
