"""What every test may ask for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from widget_server.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long rounds to `make test-all`, which sets LONG=1."""
    if os.environ.get("LONG") == "1":
        return
    skip = pytest.mark.skip(reason="a long round: run it with LONG=1")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server that lives in this test's own directory, on free ports."""
    return Settings(mode="testing", data_dir=tmp_path / "data", port=0, internal_port=0)
