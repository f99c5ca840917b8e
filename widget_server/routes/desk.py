"""What all connections of one node share: the engine, the reception, the limits, the registry."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, get_args

from aiohttp import web

from widget_server import __version__
from widget_server.core import ids
from widget_server.core.errors import Refused, TryLater
from widget_server.core.times import iso
from widget_server.hub.outbound import Turn
from widget_server.hub.registry import Registry
from widget_server.protocol import PROTOCOL_VERSION
from widget_server.protocol.frames import MAX_FILES
from widget_server.protocol.session import Limiter, Session, Speaker, Terms

if TYPE_CHECKING:
    from widget_server.actions.actors import Visitor
    from widget_server.actions.engine import Engine
    from widget_server.actions.greeting import Reception
    from widget_server.actions.sealing import Sealer
    from widget_server.ops.metrics import Metrics
    from widget_server.routes.connection import Connection
    from widget_server.settings import Settings
    from widget_server.store.records import State
    from widget_server.web.rate_limits import ConnectionLimits, RateLimits

log = logging.getLogger(__name__)

_PATIENCE_MS = 5_000


class Desk:
    """One node's front desk."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        reception: Reception,
        limits: RateLimits,
        metrics: Metrics,
        sealer: Sealer,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.reception = reception
        self.limits = limits
        self.metrics = metrics
        self.sealer = sealer
        # Found once: looking a label up costs more than counting.
        self.sockets = {kind: metrics.sockets.labels(kind) for kind in get_args(Speaker)}
        self._resumes = {result: metrics.resumes.labels(result) for result in ("fresh", "recovered", "reset", "gone")}
        self.draining = False
        """Whether this node is on its way out: it takes no new line."""
        self.connections: Registry[Connection] = Registry(settings.sockets_per_address)
        self.turn = Turn()
        self.terms = Terms(
            engine.epoch, settings.message_max_chars, settings.frame_max_bytes, int(settings.hello_seconds * 1000)
        )

    def now(self) -> int:
        """Monotonic milliseconds, for sessions."""
        return self.engine.clock.monotonic_ms()

    def session(self, limiter: Limiter, *, speaker: Speaker, posting: bool = False) -> Session:
        """A session for a new line."""
        return Session(self.terms, limiter, speaker=speaker, now=self.now(), posting=posting)

    def limits_of(self, site_key: str | None, address: str) -> ConnectionLimits:
        """The limits of a new line; ``site_key`` is None for agents."""
        return self.limits.for_agent() if site_key is None else self.limits.for_visitor(site_key, address)

    def welcome(self) -> State:
        """The part of ``welcome`` that is the same for everybody."""
        files = self.engine.files
        return {
            "t": "welcome",
            "v": PROTOCOL_VERSION,
            "epoch": self.engine.epoch,
            "release": __version__,
            "now": iso(self.engine.clock.now_ms()),
            "heartbeat_ms": int(self.settings.heartbeat_seconds * 1000),
            "limits": {
                "message_chars": self.settings.message_max_chars,
                "frame_bytes": self.settings.frame_max_bytes,
                "edit_ms": self.engine.policy.edit_ms,
                "files": MAX_FILES if files is not None and files.terms.are_taken else 0,
                "file_bytes": 0 if files is None else files.terms.megabytes * 1_000_000,
            },
        }

    def check_room(self, address: str) -> None:
        """Whether one more line from ``address`` is taken.

        :raises TryLater: ``draining``, or ``busy`` where the address has too many.
        """
        if self.draining:
            raise TryLater("draining", _PATIENCE_MS)
        if not self.connections.has_room(address):
            raise TryLater("busy", _PATIENCE_MS)

    def take_token(self, visitor: Visitor, token: str | None) -> str | None:
        """Make the visitor the holder of ``token``; without one, of a fresh one, which is returned.

        :raises Refused: ``token_ended`` for what cannot be a token: a page whose storage was damaged forgets it and
            begins anew, where "malformed" would keep it away for good.
        """
        if token is not None and not ids.is_token(token):
            raise Refused("token_ended")
        fresh = self.engine.clock.token() if token is None else None
        visitor.token_hash = ids.token_hash(fresh or token or "")
        return fresh

    def check_new_visitor(self, address: str) -> None:
        """Count a new visitor of this address.

        :raises TryLater: ``rate_limited``.
        """
        wait = self.limits.new_visitor(address)
        if wait is not None:
            raise TryLater("rate_limited", wait)

    def count_resume(self, result: str) -> None:
        """For the measures."""
        self._resumes[result].inc()


DESK = web.AppKey("desk", Desk)
