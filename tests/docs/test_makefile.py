"""A machine that lacks something is told so in one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def make(where: Path, *arguments: str, path: str | None = None) -> tuple[int, list[str]]:
    """Run make on a copy of the Makefile and return its exit code and what it said, without make's own last line."""
    shutil.copy(ROOT / "Makefile", where / "Makefile")
    (where / "requirements").mkdir()
    for name in ("requirements/dev.txt", "pyproject.toml"):
        (where / name).touch()
    # Not as a part of the make that runs these tests.
    kept = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    environment = kept | ({"PATH": path} if path is not None else {})
    ran = subprocess.run(
        [shutil.which("make") or "make", *arguments],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in (ran.stdout + ran.stderr).splitlines() if not line.startswith("make: ***")]
    return ran.returncode, told


def program(where: Path, name: str, script: str) -> Path:
    path = where / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(0o755)
    return path


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    code, told = make(tmp_path, "install", "PYTHON=python3.99")
    assert code != 0
    assert len(told) == 1
    assert told[0].startswith("make: python3.99 is not installed; install Python 3.11 or newer")


def test_an_old_python_is_named(tmp_path: Path) -> None:
    old = program(tmp_path, "old", 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
    code, told = make(tmp_path, "install", f"PYTHON={old}")
    assert code != 0
    assert len(told) == 1
    assert told[0].startswith("make: Python 3.9.2 is too old; install Python 3.11 or newer")


def test_a_missing_venv_module_is_named(tmp_path: Path) -> None:
    bare = program(tmp_path, "bare", 'case "$2" in *venv*) exit 1;; esac')
    code, told = make(tmp_path, "install", f"PYTHON={bare}")
    assert code != 0
    assert told == ["make: Python's venv module is missing; run: apt-get install python3-venv"]


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A path with what make itself needs, and none of the programs that tests start."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("bash", "chmod", "find", "git", "rm", "sed"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def test_who_is_not_root_is_told_how_to_get_what_the_tests_start(tmp_path: Path, tools: Path) -> None:
    program(tools, "id", "echo 1000")
    code, told = make(tmp_path, "engines", "SHELL=" + str(tools / "bash"), path=str(tools))
    assert code != 0
    assert len(told) == 1
    command = r"run: sudo apt-get install --no-install-recommends( [a-z-]+)+"
    assert re.fullmatch(rf"make: the tests start programs that are missing here; {command}", told[0])
    assert {"chromium", "redis-server", "buildah", "mmdebstrap"} <= set(told[0].split())


def test_root_gets_what_is_missing_and_nothing_else(tmp_path: Path, tools: Path) -> None:
    program(tools, "id", "echo 0")
    policy = tmp_path / "policy"
    program(tools, "apt-get", f'"{policy}"; echo "$? $@" >> {tmp_path}/asked')
    for there in ("chromium", "pgbouncer", "docker-compose", "redis-server"):
        program(tools, there, "true")
    code, told = make(tmp_path, "engines", "SHELL=" + str(tools / "bash"), f"POLICY={policy}", path=str(tools))
    assert code == 0, told
    update, install = (tmp_path / "asked").read_text(encoding="ascii").splitlines()
    assert update == "101 update -qq", "meanwhile no service may start"
    assert not policy.exists()
    asked = install.partition("--no-install-recommends ")[2].split()
    assert install.startswith("101 install ")
    assert {"buildah", "mmdebstrap"} <= set(asked)
    assert not {"chromium", "pgbouncer", "docker-compose", "redis-server"} & set(asked)


def test_a_machine_that_has_all_is_left_alone(tmp_path: Path, tools: Path) -> None:
    program(tools, "id", "echo 0")
    program(tools, "apt-get", "exit 9")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"^ENGINES := ((?:.*\\\n)*.*)", makefile, re.MULTILINE)
    assert listed is not None
    engines = re.findall(r"([a-z-]+)=", listed[1])
    assert len(engines) >= 8
    for name in engines:
        program(tools, name, "true")
    assert make(tmp_path, "engines", "SHELL=" + str(tools / "bash"), path=str(tools)) == (0, [])


@pytest.mark.parametrize("builder", ["docker", "podman", "buildah"])
def test_an_image_is_built_by_what_is_there_with_its_health_check(tmp_path: Path, tools: Path, builder: str) -> None:
    program(tools, builder, 'echo "$@"')
    code, told = make(tmp_path, "image", "SHELL=" + str(tools / "bash"), "IMAGE=mine", path=str(tools))
    assert code == 0
    arguments = told[-1].split()
    assert arguments[0] == "build"
    assert arguments[arguments.index("--tag") + 1] == "mine"
    # Formats other than Docker's have no place for a health check, and two of the three begin with such a one.
    assert ("--format docker" in told[-1]) == (builder != "docker")


def test_who_can_build_no_image_is_told_so(tmp_path: Path, tools: Path) -> None:
    code, told = make(tmp_path, "image", "SHELL=" + str(tools / "bash"), path=str(tools))
    assert code != 0
    assert len(told) == 1
    assert told[0].startswith("make: nothing here builds images; ")


@pytest.mark.parametrize(
    "target",
    ["install", "run", "build", "test", "test-all", "check", "bench", "load", "soak", "coverage", "shell", "image"],
)
def test_help_names_what_people_call(tmp_path: Path, target: str) -> None:
    code, told = make(tmp_path, "help")
    assert code == 0
    assert [line for line in told if re.match(rf"  make {target} +\w", line)]
