"""A served application with two sites, and people who talk to it over real sockets."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from aiohttp.test_utils import TestServer

from tests.clients.fallback import FallbackClient
from tests.clients.socket import SocketClient
from tests.clients.state import ClientState, Frame
from tests.patience import eventually
from widget_server.actions.agents import do_create_agent
from widget_server.actions.engine import Clock
from widget_server.actions.passwords import Passwords
from widget_server.actions.sessions import do_begin_session
from widget_server.actions.sites import do_create_site
from widget_server.app import NODE, create_app
from widget_server.core.permissions import Role
from widget_server.hub.redis_bus import RedisBus
from widget_server.routes.office import OFFICE
from widget_server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from aiohttp import web

    from tests.engines.backends import Backend
    from widget_server.actions.engine import Engine
    from widget_server.routes.desk import Desk

OWN_ORIGIN = "http://chat.test"
SHOP, OTHER = "shop", "other"
_MUCH = "1000000/second"
GENEROUS: dict[str, Any] = {
    "limit_frames_connection": _MUCH,
    "limit_messages_connection": _MUCH,
    "limit_messages_visitor": _MUCH,
    "limit_messages_address": _MUCH,
    "limit_messages_site": _MUCH,
    "limit_new_visitors_address": _MUCH,
    "limit_file_megabytes_address": _MUCH,
    "limit_unfinished_files_address": _MUCH,
    "limit_api": _MUCH,
}


def origin_of(site: str) -> str:
    """Where the pages of a site are."""
    return f"https://{site}.test"


class MovedClock(Clock):
    """The system's clock, some time ahead."""

    ahead_ms = 0
    _stopped_at: tuple[int, int] | None = None

    def now_ms(self) -> int:
        return (super().now_ms() if self._stopped_at is None else self._stopped_at[0]) + self.ahead_ms

    def monotonic_ms(self) -> int:
        return (super().monotonic_ms() if self._stopped_at is None else self._stopped_at[1]) + self.ahead_ms

    def stop(self) -> None:
        """Let time pass by ``ahead_ms`` alone: how long requests take shall not count."""
        self._stopped_at = super().now_ms(), super().monotonic_ms()


class Staff(NamedTuple):
    """An agent who has signed in: their public id and name, and the HTTP session that carries the cookie."""

    id: str
    person_id: int
    name: str
    http: aiohttp.ClientSession
    cookie: str


class Served:
    """A running installation, and the ways to it: visitors come to its first node, agents to its last."""

    def __init__(self, nodes: list[tuple[web.Application, str]], clock: MovedClock, stack: AsyncExitStack) -> None:
        self.app, self.base = nodes[0]
        self.agents_app, self.agents_base = nodes[-1]
        self.clock = clock
        self._stack = stack
        self.http: aiohttp.ClientSession

    @property
    def desk(self) -> Desk:
        """What the connections of the visitors' node share."""
        return self.app[NODE].desk

    @property
    def engine(self) -> Engine:
        """The works of that node."""
        return self.desk.engine

    async def new_session(self, **headers: str) -> aiohttp.ClientSession:
        """An HTTP session of its own, closed with the application."""
        return await self._stack.enter_async_context(aiohttp.ClientSession(headers=headers))

    async def heard(self, channel: str, staff: str | None = None) -> None:
        """Return when the nodes hear what others say of a channel; of the one beside it, the node of the agents.

        What passes, as that somebody types, is not repeated for who listens later.
        """
        places = [(app, channel) for app in {self.app, self.agents_app}]
        if staff is not None:
            places.append((self.agents_app, staff))
        waited = [(app[NODE].desk.engine.bus, name) for app, name in places]
        await eventually(lambda: all(bus.is_live(name) for bus, name in waited if isinstance(bus, RedisBus)))

    def visitor(self, token: str | None = None, site: str = SHOP) -> SocketClient:
        """A visitor of a site; with ``token`` one who was here before."""
        state = ClientState("visitor", token)
        return SocketClient(self.http, f"{self.base}/ws/{site}", origin_of(site), state)

    def fallback(self, token: str | None = None, site: str = SHOP) -> FallbackClient:
        """The same without a WebSocket."""
        return FallbackClient(self.http, self.base, site, origin_of(site), ClientState("visitor", token))

    async def staff(self, name: str, site: str | None = None) -> Staff:
        """An agent, of all sites or of one, signed in."""
        office = self.agents_app[OFFICE]
        now = self.clock.now_ms()
        made = await do_create_agent(
            self.engine.database,
            office.passwords,
            mail=f"{name.lower()}@chat.test",
            name=name,
            role=Role.AGENT,
            site_key=site,
            now_ms=now,
            random=secrets.token_bytes,
        )
        token = self.clock.token()
        await do_begin_session(
            self.engine.database, made.agent, token, replaced=None, browser="a test", now_ms=now, days=14
        )
        cookie = f"session={token}"
        http = await self.new_session(Cookie=cookie)
        return Staff(made.agent.public_id, made.agent.person_id, name, http, cookie)

    def console(self, staff: Staff) -> SocketClient:
        """One of the agent's consoles."""
        return SocketClient(staff.http, f"{self.agents_base}/ws/console", OWN_ORIGIN, ClientState("agent"))

    def console_fallback(self, staff: Staff) -> FallbackClient:
        """One of the agent's consoles, without a WebSocket."""
        return FallbackClient(staff.http, self.agents_base, "console", OWN_ORIGIN, ClientState("agent"))


@asynccontextmanager
async def serving(data_dir: Path, backend: Backend, **settings: Any) -> AsyncGenerator[Served]:
    """Serve the installation of ``data_dir``; what is there stays, else it begins with the sites `SHOP` and `OTHER`.

    Args:
        data_dir: its home.
        backend: what it stands on.
        settings: fields of `Settings` that shall be otherwise; limits are raised unless they are named.
    """
    is_new = await asyncio.to_thread(backend.lay_out, data_dir)
    clock = MovedClock()
    async with AsyncExitStack() as stack:
        nodes = []
        for number in range(backend.nodes):
            chosen = GENEROUS | backend.settings(data_dir) | settings
            if number:
                chosen["data_dir"] = data_dir.with_name(f"{data_dir.name}-{number + 1}")
            app = create_app(
                Settings(mode="testing", public_url=OWN_ORIGIN, **chosen),
                clock=clock,
                passwords=Passwords(memory_kib=8, passes=1),
            )
            server = await stack.enter_async_context(TestServer(app))
            nodes.append((app, str(server.make_url("")).rstrip("/")))
        served = Served(nodes, clock, stack)
        served.http = await served.new_session()
        for key in (SHOP, OTHER) if is_new else ():
            await do_create_site(
                served.engine.database,
                name=key.title(),
                allowed_origins=[origin_of(key)],
                key=key,
                now_ms=clock.now_ms(),
                random=secrets.token_bytes,
            )
        yield served


async def begin(visitor: SocketClient | FallbackClient, body: str = "Hello") -> str:
    """The visitor's first message; the channel's name once it is open and synced."""
    await visitor.deliver(body)
    name = visitor.state.channel_of_start
    assert name is not None
    await visitor.until(lambda: name in visitor.state.channels and visitor.state.channels[name].is_settled)
    return name


async def follow(console: SocketClient | FallbackClient, name: str) -> tuple[str, str]:
    """Open a conversation with its staff channel; both names."""
    await console.show(name)
    staff = console.state.channels[name].staff
    assert staff is not None
    await console.show(staff)
    return name, staff


async def command(console: SocketClient | FallbackClient, kind: str, **fields: Any) -> Frame:
    """Give a command and return its answer."""
    return await console.ask({"t": kind, "ref": console.state.ref(), **fields})
