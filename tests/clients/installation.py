"""A data directory with one site and one signed-in agent, ready to be served by a process of its own."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.clients.state import now_ms
from widget_server.actions.agents import do_create_agent
from widget_server.actions.passwords import Passwords
from widget_server.actions.sessions import do_begin_session
from widget_server.actions.sites import do_create_site
from widget_server.cli.database import upgrade
from widget_server.settings import Settings, variable_name
from widget_server.store.engines import database_of

if TYPE_CHECKING:
    from pathlib import Path

OWN_ORIGIN = "http://chat.test"
"""What the server believes to be its own address, whatever port it listens on."""
SITE_ORIGIN = "https://shop.test"
SITE_KEY = "shop"
AGENT_MAIL = "agent@chat.test"

_GENEROUS = "1000000000/second"
_LIMITS = {
    "limit_frames_connection": _GENEROUS,
    "limit_messages_connection": _GENEROUS,
    "limit_messages_visitor": _GENEROUS,
    "limit_messages_address": _GENEROUS,
    "limit_messages_site": _GENEROUS,
    "limit_new_visitors_address": _GENEROUS,
    "limit_pages": _GENEROUS,
    "limit_dear_pages": _GENEROUS,
    "sockets_per_address": "1000000",
}


class Installation(NamedTuple):
    """Where it lies, and the cookie by which its agent is known."""

    data_dir: Path
    cookie: str
    database_url: str | None = None
    """Where it is not the file in ``data_dir``."""

    @property
    def agent_headers(self) -> dict[str, str]:
        """What the agent's page sends with every request."""
        return {"Origin": OWN_ORIGIN, "Cookie": self.cookie}

    def environment(self, port: int, **settings: str | float) -> dict[str, str]:
        """The settings of a server for it, as environment variables: limits are on, and raised.

        Args:
            port: of the public listener.
            settings: fields of `Settings` that shall be otherwise.
        """
        chosen: dict[str, str | int | float] = {
            "mode": "testing",
            "data_dir": str(self.data_dir),
            "public_url": OWN_ORIGIN,
            "port": port,
            "internal_port": 0,
            "log_format": "json",
            **({"database_url": self.database_url} if self.database_url else {}),
            **_LIMITS,
            **settings,
        }
        return {variable_name(name): str(value) for name, value in chosen.items()}


async def make_installation(data_dir: Path, database_url: str | None = None) -> Installation:
    """Make a database with the site `SITE_KEY`, open to `SITE_ORIGIN`, and an agent of all sites.

    Args:
        data_dir: where the installation keeps what it keeps in files.
        database_url: of an empty or a migrated PostgreSQL database; a file in ``data_dir`` when left out.
    """
    chosen: dict[str, Any] = {"database_url": database_url} if database_url else {}
    settings = Settings(mode="testing", data_dir=data_dir, public_url=OWN_ORIGIN, **chosen)
    upgrade(settings)
    database = database_of(settings.database_url)
    passwords = Passwords()
    token = secrets.token_urlsafe(32)
    now = now_ms()
    try:
        await database.open()
        await do_create_site(
            database, name="Shop", allowed_origins=[SITE_ORIGIN], key=SITE_KEY, now_ms=now, random=secrets.token_bytes
        )
        made = await do_create_agent(
            database, passwords, mail=AGENT_MAIL, name="Agent", now_ms=now, random=secrets.token_bytes
        )
        await do_begin_session(
            database, made.agent, token, replaced=None, browser="a test", now_ms=now, days=settings.session_days
        )
    finally:
        await database.close()
        passwords.close()
    return Installation(data_dir, f"session={token}", database_url)
