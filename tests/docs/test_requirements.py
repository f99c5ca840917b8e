"""The locks: what is installed is decided in the repository and nowhere else."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCKS = ["runtime", "dev", "bench", "build"]


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_s2_34_every_line_of_a_lock_is_pinned_and_hashed(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=[a-z])", text):
        assert "==" in entry.splitlines()[0]
        assert "--hash=sha256:" in entry
    assert "--index-url" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_s2_34_two_locks_never_name_two_versions(lock: str) -> None:
    known = pins("dev")
    assert {name: version for name, version in pins(lock).items() if known.get(name, version) != version} == {}


def test_s3_23_everything_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["speed"]]
    names = {re.split(r"[<>=\[;! ]", line)[0] for line in asked}
    assert names <= set(pins("runtime"))
    developing = {re.split(r"[<>=\[;! ]", line)[0] for line in project["optional-dependencies"]["dev"]}
    assert developing <= set(pins("dev"))


def test_s2_34_only_supported_versions_of_python_are_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)}
    assert named == {"3.11", "3.12", "3.13", "3.14"}
    assert project["requires-python"] == ">=3.11"


def test_s2_34_the_browser_lock_names_the_package_of_every_platform() -> None:
    text = (ROOT / "widget_js" / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    asked = {name for package in packages.values() for name in package.get("optionalDependencies", {})}
    assert {name for name in asked if f"node_modules/{name}" not in packages} == set()
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert "://" not in text, "make lock takes addresses out"


def test_s2_33_branch_coverage_is_one_switch_away() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert tools["coverage"]["run"]["branch"] is True
    assert "$(if $(COVERAGE),--cov" in makefile
