"""``/livez`` says that the loop turns, ``/readyz`` that this server can take what it is for.

A check is an async function without arguments that returns ``None`` when all is well and otherwise what is wrong, in
words for the people who run the server. A check that raises or takes too long has failed too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

Check = Callable[[], Awaitable[str | None]]

_log = logging.getLogger(__name__)


class Health:
    """The named checks of one application, and whether it is on its way out."""

    def __init__(self, checks: Mapping[str, Check] | None = None, *, patience_seconds: float = 5.0) -> None:
        self._checks = dict(checks or {})
        self._optional: set[str] = set()
        self._patience = patience_seconds
        self.draining = False

    def add(self, name: str, check: Check) -> None:
        """Make readiness depend on one more check; a check of the same name is replaced."""
        self._checks[name] = check

    def add_optional(self, name: str, check: Check) -> None:
        """Report one more check; where it fails alone, this server does its work all the same, only not as well."""
        self.add(name, check)
        self._optional.add(name)

    def status(self, report: Mapping[str, str]) -> str:
        """What a report amounts to: ``ready``, ``degraded``, ``not ready`` or ``draining``."""
        if self.draining:
            return "draining"
        failed = {name for name, answer in report.items() if answer != "ok"}
        if failed - self._optional:
            return "not ready"
        return "degraded" if failed else "ready"

    def drain(self) -> None:
        """Say from now on that this server is not ready: it is about to stop."""
        self.draining = True

    async def report(self) -> dict[str, str]:
        """Run all checks at once and return each one's name with ``"ok"`` or what is wrong."""
        names = list(self._checks)
        answers = await asyncio.gather(*(self._run(name) for name in names))
        return dict(zip(names, answers, strict=True))

    async def _run(self, name: str) -> str:
        try:
            async with asyncio.timeout(self._patience):
                return await self._checks[name]() or "ok"
        except TimeoutError:
            return f"no answer within {self._patience:g} s"
        except Exception:  # noqa: BLE001 - whatever it is, the answer is "not ready"; what happened belongs into the log
            _log.exception("A readiness check failed.", extra={"check": name})
            return "failed"


HEALTH = web.AppKey("health", Health)


async def show_livez(_request: web.Request) -> web.Response:
    """Answer ``GET /livez``: whoever reads this has met a turning loop."""
    return web.json_response({"status": "alive"})


async def show_readyz(request: web.Request) -> web.Response:
    """Answer ``GET /readyz``: 200 when every check passes, or only optional ones fail, else 503.

    The body names what is wrong.
    """
    health = request.app[HEALTH]
    checks = await health.report()
    status = health.status(checks)
    body = {"status": status, "checks": checks}
    code = 200 if status in {"ready", "degraded"} else 503
    return web.json_response(body, status=code, headers={"Cache-Control": "no-store"})
