"""Where everything is joined: from settings to an application, with every part open to be replaced.

``create_app`` reads no environment and keeps nothing global: two differently configured servers run in one process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from email.utils import parseaddr
from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.actions.administrators import check_wanted, do_make_first, do_offer_set_up
from widget_server.actions.bans import load_bans
from widget_server.actions.community import CommunityReader
from widget_server.actions.engine import Clock, Engine, Policy
from widget_server.actions.greeting import Reception
from widget_server.actions.inbound_mail import Letterbox
from widget_server.actions.passwords import Passwords, passwords_for
from widget_server.actions.pictures import Pictures
from widget_server.actions.push_lines import Signer
from widget_server.actions.repeats import Repeats
from widget_server.actions.resume import present, refill
from widget_server.actions.roles import do_ensure_roles
from widget_server.actions.sealing import Sealer
from widget_server.actions.uploads import FileTerms, FileWorks
from widget_server.actions.webhooks import expand_for
from widget_server.core.errors import ProductError
from widget_server.core.reply_addresses import ReplyAddresses
from widget_server.hub.bus import MemoryBus
from widget_server.hub.envelope import NODE_BYTES
from widget_server.hub.switchboard import Switchboard
from widget_server.ops.erasures import settle
from widget_server.ops.health import HEALTH, Health
from widget_server.ops.logging import name_requests
from widget_server.ops.metrics import METRICS, Metrics
from widget_server.ops.outgoing import Outgoing, networks_of
from widget_server.ops.secret import load_secret_key
from widget_server.ops.start import make_data_dir
from widget_server.ops.verbs import Means
from widget_server.ops.watchdog import watch_loop
from widget_server.protocol.codes import CloseCode
from widget_server.protocol.encode import error_body
from widget_server.routes import control, front, mails, outside
from widget_server.routes.desk import DESK, Desk
from widget_server.routes.keys import LETTERBOX, ORIGINS, REPLY_ADDRESSES, SESSIONS
from widget_server.routes.office import OFFICE, Office
from widget_server.routes.table import add_routes
from widget_server.routes.widget_files import SHELF, Shelf
from widget_server.settings import OperatorError
from widget_server.store import migrate
from widget_server.store.committer import Committer
from widget_server.store.database import Database, StoreUnavailable, Transaction
from widget_server.store.engines import database_of, index_of
from widget_server.store.installation import load_epoch, read_mark
from widget_server.store.objects import FolderObjects
from widget_server.store.records import Committed
from widget_server.web.addresses import Addresses
from widget_server.web.assets import Assets
from widget_server.web.bearer import TokenLimit
from widget_server.web.bodies import check_type
from widget_server.web.clients import trusted
from widget_server.web.csp import secure_headers
from widget_server.web.csrf import Csrf
from widget_server.web.errors import tell_errors
from widget_server.web.form_limit import FormLimit
from widget_server.web.https import redirect_plain
from widget_server.web.languages import Languages
from widget_server.web.notices import Notices
from widget_server.web.openid import Provider
from widget_server.web.origins import Origins
from widget_server.web.page_cache import Guests, PageCache, keep_pages
from widget_server.web.rate_limits import RateLimits
from widget_server.web.read_limit import ReadLimit
from widget_server.web.sessions import Cookies, Sessions
from widget_server.web.sign_in_throttle import SignInThrottle
from widget_server.web.templating import Templates
from widget_server.web.tickets import Tickets
from widget_server.web.upload_limit import UploadLimit
from widget_server.workers.couriers import Couriers
from widget_server.workers.files import Files
from widget_server.workers.indexer import Indexer
from widget_server.workers.lists import Lists
from widget_server.workers.pulse import Pulse
from widget_server.workers.sending import Sending, WayOut
from widget_server.workers.tallies import Tallies
from widget_server.workers.team import Team

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from widget_server.hub.bus import Bus
    from widget_server.hub.ledger import Ledger
    from widget_server.hub.redis_bus import RedisBus
    from widget_server.settings import Settings
    from widget_server.store.objects import Objects
    from widget_server.workers.inbound import Inbound

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
            slow_query_ms=settings.slow_query_ms,
        )
        self.clock = clock or Clock()
        self._tasks: list[asyncio.Task[None]] = []
        self.broker: RedisBus | None = None
        """The way to the other nodes, where there are some."""
        self.desk: Desk
        self.index = index_of(self.database, settings.data_dir, slow_query_ms=settings.slow_query_ms)
        self.indexer: Indexer
        self.pictures = Pictures()

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
            Policy(
                settings.message_max_chars,
                settings.edit_minutes,
                Addresses(settings.public_url).path("/members/"),
                sends_mail=settings.sends_mail,
            ),
            epoch,
        )
        self.metrics.watch(
            queue_depth=lambda: committer.depth,
            refills=lambda: switchboard.refilled,
            database=settings.database_path if settings.on_sqlite else None,
        )
        engine.bans = await load_bans(database, self.clock.now_ms())
        back = await settle(database, settings.data_dir, self.clock.now_ms())
        if back:
            log.warning("People who were erased had come back with a backup; erased again.", extra={"people": back})
        reception = Reception(engine)
        limits = RateLimits(settings, self.clock.monotonic_ms, self.ledger)
        sealer = Sealer(await load_secret_key(settings, database), self.clock.random)
        self.desk = desk = Desk(settings, engine, reception, limits, self.metrics, sealer)
        committer.start()
        if self.broker is not None:
            self.broker.start()
        lists = Lists(engine, lambda: desk.connections)
        pulse = Pulse(engine, lambda: desk.connections, _end_process, server)
        team = Team(reception, lambda: desk.connections)
        engine.on_sites = lists.on_sites
        tallies = Tallies(engine)
        engine.on_people = pulse.on_people
        engine.on_tally = tallies.on_tally
        engine.index = self.index
        engine.files = FileWorks(_objects_of(settings), _file_terms(settings))
        files = Files(engine, self.pictures)
        self.indexer = Indexer(database, self.index, epoch, self.clock)
        self._tasks = [
            asyncio.create_task(work.run(), name=type(work).__name__.lower())
            for work in (lists, pulse, team, tallies, self.indexer, files)
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
        if self.desk.engine.files is not None:
            await self.desk.engine.files.objects.close()
        await self.index.close()
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


def _file_terms(settings: Settings) -> FileTerms:
    return FileTerms(
        settings.file_megabytes,
        settings.person_files_megabytes,
        settings.site_files_megabytes,
        settings.person_files_waiting,
        settings.unsent_files_hours,
    )


def _objects_of(settings: Settings) -> Objects:
    if settings.files_url is None or settings.are_files_in_a_folder:
        return FolderObjects(settings.files_folder)
    try:
        from widget_server.store.objects_s3 import Bucket, open_bucket  # noqa: PLC0415 - an extra
    except ImportError:
        raise OperatorError(
            'WIDGET_FILES_URL is set, but the client for S3 is not installed; run: pip install "widget-server[s3]"'
        ) from None
    bucket, _, prefix = settings.files_url.removeprefix("s3://").partition("/")
    secret = None if settings.files_secret is None else settings.files_secret.get_secret_value()
    return open_bucket(
        Bucket(bucket, prefix, settings.files_endpoint, settings.files_region, settings.files_key, secret)
    )


def _end_process() -> None:
    """What a node does that must not go on: it drains, and whoever started it starts it again."""
    os.kill(os.getpid(), signal.SIGTERM)


async def _touch(_: Transaction) -> None:
    """A writing transaction that writes nothing: it fails where writing would."""


NODE = web.AppKey("node", Node)
INBOUND: web.AppKey[Inbound | None] = web.AppKey("inbound")
"""What takes mail by SMTP; None where nothing does."""


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
    languages = Languages()
    templates = Templates(assets, addresses, languages, reloads=settings.mode == "development")
    sessions = Sessions(node.database, node.clock, Cookies(addresses), days=settings.session_days)
    app = web.Application(
        middlewares=[
            name_requests,
            secure_headers(https=addresses.https),
            *([redirect_plain(addresses, trusted(settings.trusted_proxies))] if settings.https_redirect else []),
            keep_pages(
                Guests(sessions, languages, lambda: assets.built_at),
                PageCache(node.database, node.clock, max_bytes=_page_bytes(settings)),
                # Lent once the node runs.
                lambda: app[OFFICE].community.read(),  # noqa: PLW0108
            ),
            languages.listen,
            tell_errors(templates),
            check_type,
        ],
        client_max_size=settings.frame_max_bytes * 4,
    )
    templates.attach(app)
    app[METRICS] = measures
    app[HEALTH] = health
    app[NODE] = node
    app[ORIGINS] = Origins(addresses.origin)
    app[SESSIONS] = sessions
    health.add("store", node.store_check)
    if settings.broker_url is not None:
        health.add_optional("broker", node.broker_check)
    app.cleanup_ctx.append(_running)
    app.cleanup_ctx.append(_opening(settings, addresses, assets, templates, languages, passwords))
    app.cleanup_ctx.append(watch_loop)
    app.on_shutdown.append(_drain)
    if addresses.prefix:
        add_routes(app, addresses.prefix)
    add_routes(app, "")
    if addresses.prefix:
        app.router.add_get(addresses.prefix, front.pages.routes[0].handler)
    return app


def _page_bytes(settings: Settings) -> int:
    return 0 if settings.mode == "development" else settings.page_cache_mb * 1_000_000


async def _running(app: web.Application) -> AsyncGenerator[None]:
    node = app[NODE]
    app[DESK] = await node.start()
    yield
    await node.stop()


def _opening(
    settings: Settings,
    addresses: Addresses,
    assets: Assets,
    templates: Templates,
    languages: Languages,
    passwords: Passwords | None,
) -> Callable[[web.Application], AsyncGenerator[None]]:
    """Lend the pages what they work with, once the node runs."""

    async def lend(app: web.Application) -> AsyncGenerator[None]:
        engine = app[DESK].engine
        secret = await load_secret_key(settings, engine.database)
        keeper = passwords or passwords_for(settings.mode)
        sealer = Sealer(secret, engine.clock.random)
        throttle = SignInThrottle(settings.limit_sign_in, secret, engine.clock.monotonic_ms, app[NODE].ledger)
        csrf = Csrf(secret, addresses.origin)
        now_ms = engine.clock.monotonic_ms
        outgoing = Outgoing(networks_of(settings.outgoing_allowed))
        await outgoing.start()
        await do_ensure_roles(engine.database, engine.clock.now_ms())
        community = CommunityReader(engine.database, engine.clock)
        templates.community = lambda: community.latest
        sealer = app[DESK].sealer
        app[OFFICE] = Office(
            settings=settings,
            engine=engine,
            sessions=app[SESSIONS],
            passwords=keeper,
            pictures=app[NODE].pictures,
            throttle=throttle,
            csrf=csrf,
            templates=templates,
            addresses=addresses,
            languages=languages,
            notices=Notices(secret, app[SESSIONS].cookies),
            community=community,
            form_limit=FormLimit(settings.limit_forms, now_ms, app[NODE].ledger),
            read_limit=ReadLimit(settings, now_ms),
            upload_limit=UploadLimit(settings, now_ms, app[NODE].ledger),
            sealer=sealer,
            signer=Signer(secret, "mailto:" + parseaddr(settings.mail_from)[1]),
            provider=_provider_of(settings, addresses, outgoing, engine.clock),
            tickets=Tickets(sealer, app[SESSIONS].cookies, engine.clock.now_ms),
            outgoing=outgoing,
            repeats=Repeats(engine.database, sealer, engine.clock),
            token_limit=TokenLimit(settings.limit_api, now_ms, app[NODE].ledger),
            message_limit=TokenLimit(settings.limit_messages_connection, now_ms, app[NODE].ledger, "messages"),
            preview_limit=TokenLimit(settings.limit_previews, now_ms, app[NODE].ledger, "previews"),
        )
        app[SHELF] = Shelf(app[DESK].reception, assets, templates, addresses)
        reply_addresses = app[REPLY_ADDRESSES] = ReplyAddresses(secret, settings.inbound_domain)
        sending = Sending(
            settings,
            engine,
            community,
            languages,
            addresses.base,
            reply_addresses,
            sealer,
            WayOut(outgoing, app[OFFICE].signer),
            expand=expand_for(engine.epoch),
        )
        couriers = Couriers(engine.database, engine.clock, sealer, outgoing)
        if sending.kept is not None:
            app[mails.KEPT_MAILS] = sending.kept.letters
        mail_limit = TokenLimit(settings.limit_messages_visitor, now_ms, app[NODE].ledger, "mails")
        app[LETTERBOX] = Letterbox(engine, reply_addresses, lambda key: mail_limit.take(key).wait_ms is None)
        inbound = app[INBOUND] = _inbound_of(settings, app[LETTERBOX])
        if inbound is not None:
            await inbound.start()
        await sending.start()
        carrying = asyncio.create_task(couriers.run(), name="couriers")
        yield
        if inbound is not None:
            await inbound.stop()
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
        await sending.stop()
        keeper.close()
        await outgoing.close()

    return lend


def _inbound_of(settings: Settings, letterbox: Letterbox) -> Inbound | None:
    if settings.inbound_port is None:
        return None
    try:
        from widget_server.workers.inbound import Inbound  # noqa: PLC0415 - an extra
    except ImportError:
        raise OperatorError(
            "WIDGET_INBOUND_PORT is set, but what listens for mail is not installed; "
            'run: pip install "widget-server[inbound]"'
        ) from None
    return Inbound(settings, letterbox)


def _provider_of(settings: Settings, addresses: Addresses, outgoing: Outgoing, clock: Clock) -> Provider | None:
    if settings.oidc_issuer is None:
        return None
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        name=settings.oidc_name,
        redirect=addresses.base + outside.BACK,
        outgoing=outgoing,
        now_ms=clock.now_ms,
    )


async def _drain(app: web.Application) -> None:
    app[HEALTH].drain()
    await app[NODE].drain()


async def introduce(app: web.Application) -> None:
    """See that an installation has, or can get, its first administrator; the application runs.

    Raises:
        OperatorError: the one that the settings name cannot be made.
    """
    office, settings = app[OFFICE], app[OFFICE].settings
    db, clock = office.engine.database, office.engine.clock
    if settings.bootstrap_mail is not None and settings.bootstrap_password is not None:
        try:
            wanted = check_wanted(
                mail=settings.bootstrap_mail,
                name=settings.bootstrap_name,
                password=settings.bootstrap_password.get_secret_value(),
            )
        except ProductError as error:
            told = error_body(error)["message"]
            raise OperatorError(f"the first administrator (WIDGET_BOOTSTRAP_…) cannot be made: {told}") from None
        made = await do_make_first(db, office.passwords, wanted, now_ms=clock.now_ms(), random=clock.random)
        if made is not None:
            log.info("The first administrator was made.", extra={"person": made.public_id})
    code = await do_offer_set_up(db, now_ms=clock.now_ms(), random=clock.random)
    if code is not None:
        # The one place where it is told; the store has its hash.
        log.warning("Nobody administers this yet. Within 24 hours open %s/set-up#%s", settings.public_url, code)


def create_control(app: web.Application) -> web.Application:
    """What answers on the control socket of ``app``; started after it, stopped before it."""
    control_app = web.Application()

    async def lend(_: web.Application) -> AsyncGenerator[None]:
        control_app[control.MEANS] = Means(app[NODE].database, app[OFFICE].passwords, app[NODE].clock, app[NODE].index)
        control_app[control.CONTROL_DESK] = app[DESK]
        yield

    control_app.cleanup_ctx.append(lend)
    control_app.router.add_post("/verbs/{name}", control.run_verb)
    control_app.router.add_get("/follow/{channel}", control.follow)
    return control_app
