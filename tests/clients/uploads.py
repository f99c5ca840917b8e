"""A client that sends files as browsers do: tus 1.0.0 over HTTP."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.clients.state import fresh_id

if TYPE_CHECKING:
    import aiohttp

TUS = {"Tus-Resumable": "1.0.0"}


def metadata(**told: str) -> str:
    """As ``Upload-Metadata`` has it."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


class Uploads:
    """Somebody who sends files.

    Args:
        http: the session; of somebody signed in with their cookie.
        base: ``http://host:port``.
        origin: of the page; None for a program.
        token: a visitor's, or a program's.
        site: the key of the visitor's site.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base: str,
        origin: str | None,
        *,
        token: str | None = None,
        site: str | None = None,
    ) -> None:
        self._http = http
        self._base = base
        self.headers = TUS | ({} if origin is None else {"Origin": origin})
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"
        self._site = site

    async def announce(self, name: str, size: int, client_id: str | None = None, **told: str) -> tuple[int, str, Any]:
        """Announce a file; status, address and the error, if there is one."""
        told = {"name": name, "client_id": client_id or fresh_id(), **told}
        if self._site is not None:
            told["site"] = self._site
        headers = self.headers | {"Upload-Length": str(size), "Upload-Metadata": metadata(**told)}
        async with self._http.post(f"{self._base}/files", headers=headers) as answer:
            error = await answer.json() if answer.status != 201 else None
            return answer.status, answer.headers.get("Location", ""), error

    async def patch(self, address: str, offset: int, data: Any) -> tuple[int, dict[str, str]]:
        """Send bytes from an offset on; status and headers."""
        headers = self.headers | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        async with self._http.patch(self._base + address, headers=headers, data=data) as answer:
            return answer.status, dict(answer.headers)

    async def offset(self, address: str) -> int | None:
        """How far it has come; None where there is nothing."""
        async with self._http.head(self._base + address, headers=self.headers) as answer:
            return int(answer.headers["Upload-Offset"]) if answer.status == 200 else None

    async def cancel(self, address: str) -> int:
        """Give it up."""
        async with self._http.delete(self._base + address, headers=self.headers) as answer:
            return answer.status

    async def state(self, address: str, wait: int = 10) -> Any:
        """What became of it."""
        async with self._http.get(f"{self._base}{address}/state?wait={wait}", headers=self.headers) as answer:
            return await answer.json()

    async def read(self, address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Read it as a page does; status, headers and bytes."""
        sent = {key: value for key, value in self.headers.items() if key != "Tus-Resumable"} | headers
        async with self._http.get(self._base + address, headers=sent) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    async def send(self, name: str, data: bytes, client_id: str | None = None, **told: str) -> Any:
        """Send a whole file and return what became of it, with its ``address``."""
        status, address, error = await self.announce(name, len(data), client_id, **told)
        if status != 201:
            return error["error"] | {"state": "refused", "address": ""}
        await self.patch(address, 0, data)
        return await self.state(address) | {"address": address}
