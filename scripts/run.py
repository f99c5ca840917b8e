"""`make run`: the server and the demo shop in one foreground command, ready to be tried.

The first run makes the database, a site for the shop and an agent with a password of their own; later runs keep them.
Both programs are children of this one. A stop signal reaches them once, through it, so that the server drains.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import NamedTuple

import aiohttp
from dotenv import dotenv_values

from widget_server.actions import agents, sites
from widget_server.cli.database import upgrade
from widget_server.cli.means import open_means
from widget_server.cli.sites import script_tag
from widget_server.core.permissions import ALL_SITES, Actor, Grant, Role
from widget_server.ops.listening import is_answered
from widget_server.ops.verbs import Means
from widget_server.settings import OperatorError, Settings, load_settings, variable_name
from widget_server.store import migrate as revisions
from widget_server.store.database import StoreUnavailable

SITE_KEY = "demo"
MAIL = "agent@shop.example"

_OPERATOR = Actor(0, "", frozenset({Grant(Role.ADMINISTRATOR, ALL_SITES)}))


class SignIn(NamedTuple):
    """How the agent signs in; ``password`` is known only to the run that made it."""

    mail: str
    password: str | None


async def prepare(settings: Settings, demo_origin: str) -> SignIn:
    """Bring the database up to date and make sure that the shop and an agent are in it.

    Args:
        settings: of the installation.
        demo_origin: where the shop will be, for the site's list of origins.

    Raises:
        OperatorError: a server runs on this data already.
    """
    if is_answered(settings.control_socket):
        raise OperatorError(f"a server already runs on {settings.data_dir}; stop it, or run: make run DATA_DIR=other")
    await asyncio.to_thread(upgrade, settings)
    async with open_means(settings) as means:
        await _ensure_site(means, demo_origin)
        known = await agents.list_agents(means.db)
        if known:
            return SignIn(known[0].mail, None)
        made = await agents.do_create_agent(
            means.db,
            means.passwords,
            mail=MAIL,
            name="Robin",
            now_ms=means.clock.now_ms(),
            random=means.clock.random,
        )
        return SignIn(made.agent.mail, made.password)


async def _ensure_site(means: Means, demo_origin: str) -> None:
    known = {site.key: site for site in await sites.list_sites(means.db)}
    if SITE_KEY not in known:
        await sites.do_create_site(
            means.db,
            name="Marlow & Finch",
            allowed_origins=[demo_origin],
            key=SITE_KEY,
            now_ms=means.clock.now_ms(),
            random=means.clock.random,
        )
    elif demo_origin not in known[SITE_KEY].allowed_origins:
        origins = [*known[SITE_KEY].allowed_origins, demo_origin]
        await sites.do_update_site(
            means.db, _OPERATOR, SITE_KEY, {"allowed_origins": origins}, now_ms=means.clock.now_ms()
        )


def banner(settings: Settings, demo_origin: str, sign_in: SignIn) -> str:
    """Return what a person needs to know once everything runs."""
    command = ".venv/bin/widget-server set-password"
    if settings.data_dir != Settings().data_dir:
        command = f"{variable_name('data_dir')}={settings.data_dir} {command}"
    if sign_in.password is not None:
        secret = f"{sign_in.password}   (shown only now)"
    else:
        secret = f"as before; a new one: {command} {sign_in.mail}"
    return f"""
  Shop        {demo_origin}
  Console     {settings.public_url}/console
  Email       {sign_in.mail}
  Password    {secret}
  Script tag  {script_tag(settings.public_url, SITE_KEY)}

  Ctrl-C stops both.
"""


async def run_both(settings: Settings, demo_port: int) -> int:
    """Start both programs, say when they are ready, stop both when one ends or a signal comes; return the exit code.

    Raises:
        OperatorError: a server runs on this data already.
    """
    demo_origin = f"http://127.0.0.1:{demo_port}"
    sign_in = await prepare(settings, demo_origin)
    environment = os.environ | {variable_name("internal_port"): str(_internal_port(settings))}
    stop = asyncio.Event()
    server = await _start(environment, "widget_server", "serve")
    demo = await _start(
        environment, "demo_site", "--port", str(demo_port), "--widget-url", settings.public_url, "--site-key", SITE_KEY
    )
    children = [server, demo]

    def forward() -> None:
        # A second signal reaches them too: the server takes it as "at once".
        stop.set()
        for child in children:
            with suppress(ProcessLookupError):
                child.terminate()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, forward)
    ends = [asyncio.create_task(child.wait()) for child in children]
    ready = asyncio.create_task(_wait_until_ready([f"{_local(settings)}/readyz", f"{demo_origin}/"]))
    await asyncio.wait([ready, *ends], return_when=asyncio.FIRST_COMPLETED)
    if ready.done():
        sys.stdout.write(banner(settings, demo_origin, sign_in))
        sys.stdout.flush()
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    asked = stop.is_set()
    if not asked:
        forward()
    codes = await asyncio.gather(*ends)
    return 0 if asked and codes[0] == 0 else 1


def _local(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
    return f"http://{host}:{settings.port}"


async def _start(environment: dict[str, str], module: str, *arguments: str) -> asyncio.subprocess.Process:
    # Sessions of their own: Ctrl-C of the terminal comes to this program alone.
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, env=environment, start_new_session=True
    )


async def _wait_until_ready(urls: list[str]) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client:
        for url in urls:
            while not await _answers(client, url):  # noqa: ASYNC110 - another program has no event for us
                await asyncio.sleep(0.05)


async def _answers(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def _internal_port(settings: Settings) -> int:
    """The internal listener's port; any free one where the usual is taken and nobody chose it."""
    usual = Settings().internal_port
    return (
        0 if settings.internal_port == usual and not _is_free(settings.internal_host, usual) else settings.internal_port
    )


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _check_free(name: str, host: str, port: int) -> None:
    if not _is_free(host, port):
        raise OperatorError(f"port {port} is taken; stop what uses it, or run: make run {name}={port + 10}")


def _demo_port() -> int:
    text = os.environ.get("DEMO_PORT") or dotenv_values(".env").get("DEMO_PORT") or "8081"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise OperatorError("DEMO_PORT is not a port; write a number such as 8081")
    return int(text)


def main() -> int:
    """Run both until they are stopped; return the exit code."""
    try:
        settings, demo_port = load_settings(), _demo_port()
        _check_free("PORT", settings.host, settings.port)
        _check_free("DEMO_PORT", "127.0.0.1", demo_port)
        return asyncio.run(run_both(settings, demo_port))
    except (OperatorError, StoreUnavailable, revisions.NewerSchema) as error:
        sys.stderr.write(f"make run: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
