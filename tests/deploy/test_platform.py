"""On a platform that knows one start line and hands out a port."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from tests.deploy.processes import PROGRAM, Program, bare_environment, free_port

ROOT = Path(__file__).parent.parent.parent


def start_line() -> list[str]:
    """The command that the platform reads."""
    kind, _, line = (ROOT / "Procfile").read_text(encoding="utf-8").strip().partition(": ")
    assert kind == "web"
    return shlex.split(line)


def platform(**given: str) -> dict[str, str]:
    return bare_environment() | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"} | given


def test_s3_21_one_start_line_and_the_port_variable_are_enough(tmp_path: Path) -> None:
    port = free_port()
    given = {"WIDGET_MODE": "production", "WIDGET_PUBLIC_URL": "https://chat.example.org"}
    environment = platform(PORT=str(port), WIDGET_INTERNAL_PORT=str(free_port()), **given)
    with Program(start_line(), environment, cwd=tmp_path, log=tmp_path / "log") as server:
        assert f" on 0.0.0.0:{port};" in server.until_it_says("Serving ")
        assert "ready" in server.until_it_answers(f"http://127.0.0.1:{port}/readyz")
        assert server.stop() == 0


def test_s3_21_a_platform_that_was_not_told_the_mode_is_told_so(tmp_path: Path) -> None:
    with Program(start_line(), platform(PORT="0"), cwd=tmp_path, log=tmp_path / "log") as server:
        assert server.ends() == 1
        assert server.said.startswith("widget-server: WIDGET_MODE is not set; ")
    assert not (tmp_path / "data").exists()
