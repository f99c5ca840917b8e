"""Where everything is joined: from settings to an application, with every part open to be replaced.

``create_app`` reads no environment and keeps nothing global: two differently configured servers run in one process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.actions.engine import Clock, Engine, Policy
from widget_server.actions.greeting import Reception
from widget_server.actions.passwords import Passwords
from widget_server.actions.resume import present, refill
from widget_server.hub.bus import MemoryBus
from widget_server.hub.envelope import NODE_BYTES
from widget_server.hub.switchboard import Switchboard
from widget_server.ops.health import HEALTH, Health, show_livez, show_readyz
from widget_server.ops.logging import name_requests
from widget_server.ops.metrics import METRICS, Metrics
from widget_server.ops.secret import load_secret_key
from widget_server.ops.start import make_data_dir
from widget_server.ops.verbs import Means
from widget_server.ops.watchdog import watch_loop
from widget_server.protocol.codes import CloseCode
from widget_server.routes import console, control, sign_in, sockets, stream, widget_files
from widget_server.routes.desk import DESK, Desk
from widget_server.routes.keys import ORIGINS, SESSIONS
from widget_server.routes.office import OFFICE, Office
from widget_server.routes.widget_files import SHELF, Shelf
from widget_server.settings import OperatorError
from widget_server.store import migrate
from widget_server.store.committer import Committer
from widget_server.store.database import Database, StoreUnavailable, Transaction
from widget_server.store.engines import database_of
from widget_server.store.installation import load_epoch, read_mark
from widget_server.store.records import Committed
from widget_server.web.addresses import Addresses
from widget_server.web.assets import Assets
from widget_server.web.csp import secure_headers
from widget_server.web.csrf import Csrf
from widget_server.web.errors import tell_errors
from widget_server.web.origins import Origins
from widget_server.web.rate_limits import RateLimits
from widget_server.web.sessions import Cookies, Sessions
from widget_server.web.sign_in_throttle import SignInThrottle
from widget_server.web.templating import Templates
from widget_server.workers.lists import Lists
from widget_server.workers.pulse import Pulse
from widget_server.workers.team import Team

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from widget_server.hub.bus import Bus
    from widget_server.hub.ledger import Ledger
    from widget_server.hub.redis_bus import RedisBus
    from widget_server.settings import Settings

log = logging.getLogger(__name__)

_ANSWERING_S = 5.0
"""How long a stopping server waits for a moment without a write in flight before it sends its clients away."""
_SPREAD_MS = 5_000
"""Over how long the clients of a stopping server are told to come back."""


class Node:
    """The running parts of one application, started and stopped together.

    :param settings: the installation's.
    :param database: another store than the settings name (tests, other engines); it is opened and closed here.
    :param clock: another clock than the system's.
    """

    def __init__(self, settings: Settings, metrics: Metrics, database: Database | None, clock: Clock | None) -> None:
        self.settings = settings
        self.metrics = metrics
        self.database = database or database_of(
            settings.database_url,
            connections=settings.database_connections,
            transaction_pooling=settings.database_transaction_pooling,
        )
        self.clock = clock or Clock()
        self._tasks: list[asyncio.Task[None]] = []
        self.broker: RedisBus | None = None
        """The way to the other nodes, where there are some."""
        self.desk: Desk

    @property
    def ledger(self) -> Ledger | None:
        """Where this node counts together with others."""
        return None if self.broker is None else self.broker.ledger

    async def start(self) -> Desk:
        """Open the store and begin to beat.

        :raises OperatorError: when the database is not at this program's revision, or cannot be opened.
        """
        settings, database = self.settings, self.database
        make_data_dir(settings.data_dir)
        await self._open()
        server = await database.mark()
        mark = server or read_mark(settings.data_dir, self.clock.uuid())
        epoch = await load_epoch(database, mark, self.clock.uuid())
        switchboard = Switchboard(lambda channel, version: refill(database, channel, version))
        switchboard.on_told = self.metrics.deliveries.told

        def sink(committed: Committed) -> None:
            self.metrics.commits += 1
            self.metrics.events += len(committed.events)
            engine.sink(committed)

        committer = Committer(
            database,
            sink,
            queue_max=settings.commit_queue_max,
            batch_max=settings.commit_batch_max,
            fatal=lambda _: _end_process(),
        )
        engine = Engine(
            database,
            committer,
            switchboard,
            await self._bus_of(epoch, switchboard),
            self.clock,
            Policy(settings.message_max_chars, settings.edit_minutes),
            epoch,
        )
        self.metrics.watch(
            queue_depth=lambda: committer.depth,
            refills=lambda: switchboard.refilled,
            database=settings.database_path if settings.on_sqlite else None,
        )
        reception = Reception(engine)
        limits = RateLimits(settings, self.clock.monotonic_ms, self.ledger)
        self.desk = desk = Desk(settings, engine, reception, limits, self.metrics)
        committer.start()
        if self.broker is not None:
            self.broker.start()
        lists = Lists(engine, lambda: desk.connections)
        pulse = Pulse(engine, lambda: desk.connections, _end_process, server)
        team = Team(reception, lambda: desk.connections)
        engine.on_sites = lists.on_sites
        engine.on_people = pulse.on_people
        self._tasks = [
            asyncio.create_task(work.run(), name=type(work).__name__.lower()) for work in (lists, pulse, team)
        ]
        return desk

    async def _open(self) -> None:
        try:
            await self.database.open()
            revision = await self.database.read(migrate.revision_of)
        except StoreUnavailable as error:
            await self.database.close()
            raise OperatorError(f"the database cannot be used: {error}") from error
        if revision != migrate.head():
            await self.database.close()
            raise OperatorError(
                f"the database is at revision {revision or 'none'}, this program needs {migrate.head()}; "
                "run: widget-server migrate"
            )

    async def _bus_of(self, epoch: str, switchboard: Switchboard) -> Bus:
        url = self.settings.broker_url
        if url is None:
            return MemoryBus(switchboard)
        try:
            from widget_server.hub.redis_bus import RedisBus  # noqa: PLC0415 - an extra
        except ImportError:
            raise OperatorError(
                "WIDGET_BROKER_URL is set, but the client for Redis is not installed; "
                'run: pip install "widget-server[redis]"'
            ) from None
        self.broker = RedisBus(
            url,
            epoch=epoch,
            node=self.clock.random(NODE_BYTES),
            secret=await load_secret_key(self.settings, self.database),
            switchboard=switchboard,
            present=lambda channels: present(self.database, channels),
        )
        broker = self.broker
        self.metrics.watch_broker(lambda: broker.problem is None, lambda: broker.measures)
        return broker

    async def drain(self) -> None:
        """Ack what is in flight, then send everybody away with a hint when to come back, spread over seconds (G15)."""
        desk = self.desk
        desk.draining = True
        # Under full load there is always something in flight: what is not answered by then is committed all the same,
        # and answered when it comes again.
        with suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERING_S):
                await desk.engine.committer.drained()
        leaving = list(desk.connections)
        for connection in leaving:
            spread = int.from_bytes(self.clock.random(2), "big") % _SPREAD_MS
            connection.outbound.end(CloseCode.RESTART, spread)
        await asyncio.gather(*(connection.outbound.finished() for connection in leaving), return_exceptions=True)

    async def stop(self) -> None:
        """Commit what waits, end the beats, close the store."""
        await self.desk.engine.committer.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.broker is not None:
            await self.broker.stop()
        await self.database.close()

    async def store_check(self) -> str | None:
        """For ``/readyz``: what is wrong with the store."""
        try:
            await self.database.write(_touch)
        except StoreUnavailable as error:
            return f"not writable: {error}"
        return None

    async def broker_check(self) -> str | None:
        """For ``/readyz``: what is wrong with the broker. Where it is stands in the log, not where anybody may ask."""
        return None if self.broker is None or self.broker.problem is None else "lost"


def _end_process() -> None:
    """What a node does that must not go on: it drains, and whoever started it starts it again."""
    os.kill(os.getpid(), signal.SIGTERM)


async def _touch(_: Transaction) -> None:
    """A writing transaction that writes nothing: it fails where writing would."""


NODE = web.AppKey("node", Node)


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    metrics: Metrics | None = None,
    passwords: Passwords | None = None,
    assets: Assets | None = None,
) -> web.Application:
    """The application of one node (S0.11): every part that others may want to replace can be handed in.

    The database must be at this program's revision when the application starts (``store.migrate.upgrade``).
    """
    measures = metrics or Metrics()
    node = Node(settings, measures, database, clock)
    health = Health()
    addresses = Addresses(settings.public_url)
    assets = assets or Assets()
    templates = Templates(assets, addresses)
    app = web.Application(
        middlewares=[name_requests, secure_headers(https=addresses.https), tell_errors(templates)],
        client_max_size=settings.frame_max_bytes * 4,
    )
    templates.attach(app)
    app[METRICS] = measures
    app[HEALTH] = health
    app[NODE] = node
    app[ORIGINS] = Origins(addresses.origin)
    app[SESSIONS] = Sessions(node.database, node.clock, Cookies(addresses), days=settings.session_days)
    health.add("store", node.store_check)
    if settings.broker_url is not None:
        health.add_optional("broker", node.broker_check)
    app.cleanup_ctx.append(_running)
    app.cleanup_ctx.append(_opening(settings, addresses, assets, templates, passwords))
    app.cleanup_ctx.append(watch_loop)
    app.on_shutdown.append(_drain)
    if addresses.prefix:
        _add_routes(app, addresses.prefix)
    _add_routes(app, "")
    if addresses.prefix:
        app.router.add_get(addresses.prefix, sign_in.show_start)
    return app


async def _running(app: web.Application) -> AsyncGenerator[None]:
    node = app[NODE]
    app[DESK] = await node.start()
    yield
    await node.stop()


def _opening(
    settings: Settings, addresses: Addresses, assets: Assets, templates: Templates, passwords: Passwords | None
) -> Callable[[web.Application], AsyncGenerator[None]]:
    """Lend the pages what they work with, once the node runs."""

    async def lend(app: web.Application) -> AsyncGenerator[None]:
        engine = app[DESK].engine
        secret = await load_secret_key(settings, engine.database)
        keeper = passwords or Passwords()
        throttle = SignInThrottle(settings.limit_sign_in, secret, engine.clock.monotonic_ms, app[NODE].ledger)
        csrf = Csrf(secret, addresses.origin)
        app[OFFICE] = Office(settings, engine, app[SESSIONS], keeper, throttle, csrf, templates, addresses)
        app[SHELF] = Shelf(app[DESK].reception, assets, templates, addresses)
        yield
        keeper.close()

    return lend


async def _drain(app: web.Application) -> None:
    app[HEALTH].drain()
    await app[NODE].drain()


def _add_routes(app: web.Application, prefix: str) -> None:
    """Answer under ``prefix``."""
    app.router.add_get(f"{prefix}/livez", show_livez)
    app.router.add_get(f"{prefix}/readyz", show_readyz)
    app.router.add_get(f"{prefix}/ws/console", sockets.console_socket)
    app.router.add_get(f"{prefix}/ws/{{key}}", sockets.visitor_socket)
    for path, for_agents, for_visitors in (
        (f"{prefix}/stream", stream.console_stream, stream.visitor_stream),
        (f"{prefix}/frames", stream.console_frames, stream.visitor_frames),
    ):
        app.router.add_post(f"{path}/console", for_agents)
        app.router.add_post(f"{path}/{{key}}", for_visitors)
        app.router.add_route("OPTIONS", f"{path}/{{key}}", stream.preflight)
    app.add_routes(
        web.RouteDef(route.method, prefix + route.path, route.handler, route.kwargs)
        for group in (sign_in, console, widget_files)
        for route in group.routes
        if isinstance(route, web.RouteDef)
    )


def create_control(app: web.Application) -> web.Application:
    """What answers on the control socket of ``app``; started after it, stopped before it."""
    control_app = web.Application()

    async def lend(_: web.Application) -> AsyncGenerator[None]:
        control_app[control.MEANS] = Means(app[NODE].database, app[OFFICE].passwords, app[NODE].clock)
        control_app[control.CONTROL_DESK] = app[DESK]
        yield

    control_app.cleanup_ctx.append(lend)
    control_app.router.add_post("/verbs/{name}", control.run_verb)
    control_app.router.add_get("/follow/{channel}", control.follow)
    return control_app
