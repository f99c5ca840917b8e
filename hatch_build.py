"""The wheel carries the browser bundles: build them where they are missing, and never make a wheel without them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHook(BuildHookInterface[Any]):
    """Runs before a wheel or an sdist is put together; an editable install uses what `make build` leaves in place."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundles if there are none.

        Raises:
            RuntimeError: there are none and they cannot be built.
        """
        del build_data
        manifest = Path(self.root) / "widget_server" / "static" / "manifest.json"
        if version == "editable" or self.target_name != "wheel" or manifest.is_file():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("the browser bundles are not built and npm is missing; run `make build` first")
        folder = Path(self.root) / "widget_js"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
        subprocess.run([npm, "run", "build"], cwd=folder, check=True)
        if not manifest.is_file():
            raise RuntimeError("the build of the browser bundles left no manifest")
