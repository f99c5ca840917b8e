"""Programs that call the API of a served installation, with tokens of their own."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.clients.state import fresh_id
from tests.clients.uploads import Uploads
from widget_server.actions.accounts import access_account
from widget_server.actions.tokens import do_make_token, new_token
from widget_server.core.scopes import Scope
from widget_server.routes.office import OFFICE

if TYPE_CHECKING:
    from collections.abc import Collection

    from aiohttp import ClientResponse

    from tests.serving import Served, Staff

V1 = "/api/v1"


class Program:
    """A program with a token."""

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str) -> None:
        self.http = http
        self.base = base
        self.token = token

    async def fetch(self, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
        """Call, whatever comes of it."""
        own = {"Authorization": f"Bearer {self.token}"} | headers
        wanted = {name.replace("_", "-"): value for name, value in own.items() if value}
        return await self.http.request(method, f"{self.base}{V1}{path}", json=body, headers=wanted)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call, and return the answer that is expected to be good."""
        response = await self.fetch(method, path, body, **headers)
        assert response.status < 300, await response.text()
        return await response.json() if response.status != 204 else None

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Call, and return status and name of the refusal."""
        response = await self.fetch(method, path, body, **headers)
        told = await response.json()
        assert set(told["error"]) - {"retry_after"} == {"code", "name", "message", "request"}
        return response.status, told["error"]["name"]

    @property
    def uploads(self) -> Uploads:
        """What sends and reads files with the token."""
        return Uploads(self.http, self.base, None, token=self.token)

    async def send(self, channel: str, body: str = "Hi", client_id: str | None = None) -> Any:
        """Write a message into a conversation."""
        sent = {"client_id": client_id or fresh_id(), "body": body}
        return await self.call("POST", f"/conversations/{channel}/messages", sent)


async def program_of(
    served: Served,
    staff: Staff,
    scopes: Collection[Scope] = tuple(Scope),
    *,
    site: str | None = None,
    days: int | None = None,
) -> Program:
    """A program that acts for somebody, or for a site."""
    clock = served.clock
    text = new_token(secrets.token_bytes(32))
    database = served.agents_app[OFFICE].engine.database
    account = await access_account(database, staff.person_id)
    await do_make_token(
        database,
        account.actor,
        name="A program",
        scopes=scopes,
        site_key=site,
        days=days,
        now_ms=clock.now_ms(),
        random=secrets.token_bytes,
        text=text,
    )
    return Program(served.http, served.agents_base, text)
