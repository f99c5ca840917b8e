"""A wheel carries the bundles or is not made."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent


def hook(root: Path, target: str = "wheel") -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.BundleHook(str(root), {}, None, None, str(root), target)


def test_a_wheel_without_bundles_and_without_npm_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="run `make build` first"):
        hook(tmp_path).initialize("standard", {})


def test_a_build_that_leaves_no_manifest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "widget_js").mkdir()
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(RuntimeError, match="left no manifest"):
        hook(tmp_path).initialize("standard", {})


def test_bundles_that_are_there_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tmp_path / "widget_server" / "static" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}", encoding="ascii")
    monkeypatch.setenv("PATH", "")
    hook(tmp_path).initialize("standard", {})


@pytest.mark.parametrize(("version", "target"), [("editable", "wheel"), ("standard", "sdist")])
def test_an_editable_install_and_an_sdist_need_no_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, target: str
) -> None:
    monkeypatch.setenv("PATH", "")
    hook(tmp_path, target).initialize(version, {})
