"""compose.yaml, as the tool itself understands it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from widget_server.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent.parent
SCALE = {"node-1", "node-2", "nginx", "postgresql", "valkey"}
SERVERS = ["server", "node-1", "node-2"]


def understand(where: Path) -> dict[str, Any]:
    """What `docker-compose config` makes of a copy with the two files that people bring."""
    tool = shutil.which("docker-compose")
    assert tool is not None, "docker-compose is not installed; run: make engines"
    shutil.copy(ROOT / "compose.yaml", where)
    (where / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "server.env.example", where / "deploy" / "server.env")
    (where / "deploy" / "database_password").write_text("a long and random one\n", encoding="ascii")
    told = subprocess.run([tool, "config"], cwd=where, check=False, capture_output=True, text=True, env={"PATH": ""})
    assert told.returncode == 0, told.stderr
    assert "a long and random one" not in told.stdout
    understood: dict[str, Any] = yaml.safe_load(told.stdout)
    return understood


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = understand(tmp_path)["services"]
    return found


def test_s2_32_the_default_is_one_service_with_a_volume(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if not service.get("profiles")} == {"server"}
    assert {name for name, service in services.items() if service.get("profiles") == ["scale"]} == SCALE
    assert services["server"]["volumes"] == ["data:/data:rw"]


def test_s2_32_every_service_starts_again_and_has_no_right_that_it_does_not_need(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["restart"] == "unless-stopped", name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        # PostgreSQL's image gives its own folder away at the first start and writes all over.
        if name != "postgresql":
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name


def test_every_service_is_asked_for_its_health(services: dict[str, Any]) -> None:
    # The servers' check comes with their image.
    assert {name for name, service in services.items() if "healthcheck" not in service} == set(SERVERS)
    waits = {name: set(service.get("depends_on", ())) for name, service in services.items()}
    assert waits["nginx"] == {"node-1", "node-2"}
    assert waits["node-1"] == waits["node-2"] == {"postgresql", "valkey"}
    conditions = {wait["condition"] for service in services.values() for wait in service.get("depends_on", {}).values()}
    assert conditions == {"service_healthy"}


@pytest.mark.parametrize("name", SERVERS)
def test_s0_13_the_servers_settings_can_be_taken(services: dict[str, Any], tmp_path: Path, name: str) -> None:
    environment = {key: str(value) for key, value in services[name]["environment"].items()}
    secret = "WIDGET_DATABASE_PASSWORD_FILE"
    if secret in environment:
        assert environment[secret] == "/run/secrets/database_password"
        environment[secret] = str(tmp_path / "deploy" / "database_password")
    settings = load_settings(environment, env_file=None)
    assert settings.mode == "container"
    assert settings.on_sqlite is (name == "server")
    if name != "server":
        assert settings.database_place == "postgresql://postgresql:5432/widget"
        assert (settings.broker_url, settings.trusted_proxies) == ("redis://valkey:6379/0", "1")
    grace = re.fullmatch(r"(\d+)s", services[name]["stop_grace_period"])
    assert grace is not None
    assert int(grace[1]) > Settings.model_fields["drain_seconds"].default


def test_no_secret_stands_in_the_file(services: dict[str, Any]) -> None:
    given = {key for service in services.values() for key in service.get("environment", {})}
    secret = {key for key in given if re.search("PASSWORD|SECRET|KEY|TOKEN", key)}
    assert secret == {"WIDGET_DATABASE_PASSWORD_FILE", "POSTGRES_PASSWORD_FILE"}
    ignored = subprocess.run(
        ["git", "check-ignore", "deploy/server.env", "deploy/database_password"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ignored.stdout.split() == ["deploy/server.env", "deploy/database_password"]


@pytest.mark.parametrize("sample", ["nginx.conf", "Caddyfile"])
def test_the_proxies_know_the_nodes_by_their_names(services: dict[str, Any], sample: str) -> None:
    text = (ROOT / "deploy" / sample).read_text(encoding="utf-8")
    named = set(re.findall(r"(node-\d):8080", text))
    assert named == {name for name in services if name.startswith("node-")}
