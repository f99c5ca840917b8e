"""The image is lighter than its packages, which work as before."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.lighten import lighten, loaded_part


def packages() -> Path:
    found = importlib.util.find_spec("multidict")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these libraries")
@pytest.mark.parametrize(
    ("package", "use"),
    [
        ("multidict", "from multidict import CIMultiDict; print(CIMultiDict(A='b')['a'])"),
        ("uvloop", "import uvloop, asyncio; print(uvloop.run(asyncio.sleep(0, 'b')))"),
        ("asyncpg", "import asyncpg.protocol; print('b')"),
        ("greenlet", "import greenlet; print(greenlet.greenlet(lambda: 'b').switch())"),
    ],
)
def test_s2_32_a_lightened_package_is_smaller_and_works(tmp_path: Path, package: str, use: str) -> None:
    shutil.copytree(packages() / package, tmp_path / package)
    before = sum(file.stat().st_size for file in tmp_path.rglob("*.so"))
    lighten(tmp_path)
    after = sum(file.stat().st_size for file in tmp_path.rglob("*.so"))
    assert after < before / 2
    assert not (tmp_path / package / "tests").exists()
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {use}"]
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    assert done.stdout == "b\n"


def test_s2_32_every_language_that_is_coloured_is_so_without_the_other_lexers(tmp_path: Path) -> None:
    shutil.copytree(packages() / "pygments", tmp_path / "pygments")
    lighten(tmp_path)
    assert not (tmp_path / "pygments" / "lexers" / "matlab.py").exists()
    use = (
        "from widget_server.core.highlighting import LANGUAGES, highlighted; import pygments;"
        "print(pygments.__file__); [highlighted('a\\n```matlab\\nb\\n```\\n', each) for each in LANGUAGES]"
    )
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {use}"]
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(str(tmp_path))


def test_what_is_no_library_stays_as_it_is() -> None:
    assert loaded_part(b"#!/bin/sh\n") == b"#!/bin/sh\n"
