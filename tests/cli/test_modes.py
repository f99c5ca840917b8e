"""What each mode does before it serves."""

from __future__ import annotations

import json
import logging
import signal
from typing import TYPE_CHECKING

import pytest

from tests.cli.command import begin, command, end
from widget_server.cli.modes import HOOKS
from widget_server.settings import Settings, load_settings
from widget_server.store import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.postgresql import PostgreSQL
    from tests.engines.redis import Redis

IN_EARNEST: dict[str, str | float] = {"public_url": "https://chat.example.org", "port": 0, "internal_port": 0}


def begun(mode: str, folder: Path) -> Settings:
    settings = load_settings(
        {"WIDGET_MODE": mode, "WIDGET_DATA_DIR": str(folder / "data"), "WIDGET_PUBLIC_URL": "http://chat.example.org"},
        env_file=None,
    )
    HOOKS[mode].prepare(settings)
    HOOKS[mode].begin(settings)
    return settings


def test_s2_03_every_mode_has_a_hook_of_its_own() -> None:
    modes = Settings.model_json_schema()["properties"]["mode"]["enum"]
    assert sorted(HOOKS) == sorted(modes) == ["container", "development", "production", "testing"]
    assert len({HOOKS[mode] for mode in modes}) == 4


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("development", "mails are shown on a page"),
        ("testing", "passwords are hashed quickly"),
        ("production", "without HTTPS"),
        ("container", "without HTTPS"),
    ],
)
def test_s2_03_a_mode_says_what_is_special_about_it(
    mode: str, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    begun(mode, tmp_path)
    assert [message for message in caplog.messages if told in message]


def test_s2_03_a_container_brings_its_database_to_the_schema_and_nobody_else_does(tmp_path: Path) -> None:
    for mode in ("development", "testing", "production"):
        settings = begun(mode, tmp_path / mode)
        assert not settings.database_path.exists()
    settings = begun("container", tmp_path / "container")
    assert migrate.current(settings.database_url) == migrate.head()
    assert begun("container", tmp_path / "container").database_path.exists(), "it may be repeated"


def test_s2_03_a_container_serves_an_older_database_and_logs_to_standard_output(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    migrate.upgrade(f"sqlite:///{tmp_path / 'data' / 'widget.db'}", "0003")
    refused = command(tmp_path, "serve", mode="production", **IN_EARNEST)
    assert "older than this program" in refused.err
    server = begin(tmp_path, "serve", mode="container", **IN_EARNEST)
    assert server.stderr is not None
    assert server.stderr.readline().startswith("Serving https://chat.example.org")
    server.send_signal(signal.SIGTERM)
    ended = end(server)
    assert ended.code == 0
    assert json.loads(ended.out.splitlines()[-1])["message"] == "Stopped."


@pytest.mark.parametrize("mode", ["production", "container"])
def test_s4_14_a_start_in_earnest_with_a_sample_secret_is_refused_in_one_line(mode: str, tmp_path: Path) -> None:
    refused = command(tmp_path, "serve", mode=mode, secret_key="changeme" * 5, **IN_EARNEST)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("widget-server: WIDGET_SECRET_KEY is short or a sample")
    assert "changemechangeme" not in refused.err
    assert refused.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_s0_10_a_server_logs_into_the_file_that_its_settings_name(tmp_path: Path) -> None:
    server = begin(tmp_path, "serve", port=0, internal_port=0, log_file=str(tmp_path / "server.log"), log_format="json")
    assert server.stdout is not None
    assert server.stdout.readline().startswith("Serving ")
    server.send_signal(signal.SIGHUP)
    server.send_signal(signal.SIGTERM)
    ended = end(server)
    assert (ended.code, ended.err) == (0, "")
    lines = [json.loads(line) for line in (tmp_path / "server.log").read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["message"] == "Stopped."


def test_s0_10_a_log_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    refused = command(tmp_path, "serve", log_file=str(tmp_path / "missing" / "server.log"))
    assert refused.code == 1
    assert refused.err.startswith("widget-server: WIDGET_LOG_FILE: ")
    assert refused.err.count("\n") == 1


def test_s2_16_a_start_without_an_administrator_writes_the_set_up_link_into_the_log_alone(tmp_path: Path) -> None:
    for number in (1, 2):
        server = begin(tmp_path, "serve", port=0, internal_port=0)
        assert server.stdout is not None
        said = server.stdout.readline()
        assert said.startswith("Serving ")
        server.send_signal(signal.SIGTERM)
        ended = end(server)
        links = [line for line in ended.err.splitlines() if "/set-up#" in line]
        assert len(links) == (1 if number == 1 else 0)
        assert "/set-up#" not in said + ended.out
        assert command(tmp_path, "create-administrator", "ada@example.org").code == 0


def test_s0_10_each_of_several_workers_has_a_file_for_itself(
    postgresql: PostgreSQL, redis: Redis, tmp_path: Path
) -> None:
    server = begin(
        tmp_path,
        *("serve", "--workers", "2"),
        port=0,
        internal_port=0,
        database_url=postgresql.create_database(),
        broker_url=redis.url,
        log_file=str(tmp_path / "server.log"),
        log_format="json",
    )
    assert server.stdout is not None
    assert server.stdout.readline().startswith("Serving ")
    server.send_signal(signal.SIGHUP)
    server.send_signal(signal.SIGTERM)
    ended = end(server)
    assert (ended.code, ended.err) == (0, "")
    files = {file.name: file.read_text(encoding="utf-8").splitlines() for file in tmp_path.glob("server*.log")}
    assert sorted(files) == ["server.log", "server.worker-0.log", "server.worker-1.log"]
    by_file = {name: {json.loads(line).get("worker") for line in lines} for name, lines in files.items()}
    assert by_file == {"server.log": {None}, "server.worker-0.log": {0}, "server.worker-1.log": {1}}
    links = [line for lines in files.values() for line in lines if "/set-up#" in line]
    assert len(links) == 1, "one worker speaks for all"
