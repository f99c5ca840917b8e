"""The wheel carries what is built: the browser bundles, made where they are missing, and the compiled catalogues."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHook(BuildHookInterface[Any]):
    """Runs before a wheel or an sdist is put together; an editable install uses what `make build` leaves in place."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the catalogues, and build the bundles if there are none.

        Raises:
            RuntimeError: there are none and they cannot be built.
        """
        del build_data
        if version == "editable" or self.target_name != "wheel":
            return
        self._compile_catalogues()
        manifest = Path(self.root) / "widget_server" / "static" / "manifest.json"
        if manifest.is_file():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("the browser bundles are not built and npm is missing; run `make build` first")
        folder = Path(self.root) / "widget_js"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=folder, check=True)
        subprocess.run([npm, "run", "build"], cwd=folder, check=True)
        if not manifest.is_file():
            raise RuntimeError("the build of the browser bundles left no manifest")

    def _compile_catalogues(self) -> None:
        for source in sorted(Path(self.root).glob("widget_server/locale/*/LC_MESSAGES/messages.po")):
            made = ["--input-file", str(source), "--output-file", str(source.with_suffix(".mo"))]
            subprocess.run([sys.executable, "-m", "babel.messages.frontend", "--quiet", "compile", *made], check=True)
