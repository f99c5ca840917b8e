"""`widget-server health`: the health check of whoever has no curl."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.processes import PROGRAM, Program, bare_environment, free_port, run


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Settings of a server on ports of its own."""
    return bare_environment() | {
        "WIDGET_MODE": "testing",
        "WIDGET_DATA_DIR": str(tmp_path / "data"),
        "WIDGET_PORT": "0",
        "WIDGET_INTERNAL_PORT": str(free_port()),
    }


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    """A running server."""
    with Program([PROGRAM, "serve"], environment, cwd=tmp_path, log=tmp_path / "log") as server:
        server.until_it_says("Serving ")
        yield server


def test_a_ready_server_is_well(server: Program, environment: dict[str, str], tmp_path: Path) -> None:
    asked = run("health", environment=environment, cwd=tmp_path)
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "ready\n", "")
    lives = run("health", "--live", environment=environment, cwd=tmp_path)
    assert (lives.returncode, lives.stdout) == (0, "alive\n")


def test_a_server_that_listens_everywhere_is_asked_at_home(environment: dict[str, str], tmp_path: Path) -> None:
    everywhere = environment | {"WIDGET_INTERNAL_HOST": "0.0.0.0"}
    with Program([PROGRAM, "serve"], everywhere, cwd=tmp_path, log=tmp_path / "log") as server:
        server.until_it_says("Serving ")
        assert run("health", environment=everywhere, cwd=tmp_path).returncode == 0


def test_no_server_is_not_well(environment: dict[str, str], tmp_path: Path) -> None:
    asked = run("health", environment=environment, cwd=tmp_path)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith(
        f"widget-server: no server answers on 127.0.0.1:{environment['WIDGET_INTERNAL_PORT']}"
    )
    assert asked.stderr.count("\n") == 1


def test_a_port_that_nobody_can_know_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    asked = run("health", environment=environment | {"WIDGET_INTERNAL_PORT": "0"}, cwd=tmp_path)
    assert asked.returncode == 1
    assert "WIDGET_INTERNAL_PORT" in asked.stderr


@pytest.mark.parametrize("body", ["hello", "[]"])
def test_a_stranger_on_the_port_is_not_well(environment: dict[str, str], tmp_path: Path, body: str) -> None:
    with socket.create_server(("127.0.0.1", int(environment["WIDGET_INTERNAL_PORT"]))) as stranger:

        def speak() -> None:
            peer, _ = stranger.accept()
            with peer:
                peer.recv(1024)
                peer.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

        talking = threading.Thread(target=speak)
        talking.start()
        asked = run("health", environment=environment, cwd=tmp_path)
        talking.join()
    assert asked.returncode == 1
    assert "something else answers" in asked.stderr


def test_a_server_that_hangs_is_not_well(server: Program, environment: dict[str, str], tmp_path: Path) -> None:
    server.send(signal.SIGSTOP)
    asked = run("health", environment=environment, cwd=tmp_path)
    server.send(signal.SIGCONT)
    assert asked.returncode == 1
    assert "no server answers" in asked.stderr
