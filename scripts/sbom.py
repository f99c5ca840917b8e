"""Write what the product is shipped with as CycloneDX (JSON), from the locks alone; the argument is the file (S44)."""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
_ENTRY: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def python_components(lock: str) -> Iterator[Component]:
    """Return the packages of a lock of pip's, each with the hashes of the files that may be installed for it."""
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock):
        found = _ENTRY.match(entry)
        if found is not None:
            name, version = found[1], found[2]
            yield Component(
                name=name,
                version=version,
                type=ComponentType.LIBRARY,
                purl=PackageURL("pypi", name=name, version=version),
                bom_ref=f"pypi:{name}@{version}",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in _HASH.findall(entry)],
            )


def browser_components(lock: str) -> Iterator[Component]:
    """Return the packages of a lock of npm's that get into the bundles: not those that only build them."""
    for path, package in json.loads(lock)["packages"].items():
        if path and not package.get("dev"):
            name = path.rpartition("node_modules/")[2]
            space, _, own = name.rpartition("/")
            yield Component(
                name=own,
                group=space or None,
                version=package["version"],
                type=ComponentType.LIBRARY,
                purl=PackageURL("npm", namespace=space or None, name=own, version=package["version"]),
                bom_ref=f"npm:{path}",
            )


def bill() -> str:
    """Return the bill as JSON. The same locks give the same bill."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locks = [ROOT / "requirements" / "runtime.txt", ROOT / "widget_js" / "package-lock.json"]
    python, browser = [lock.read_text(encoding="utf-8") for lock in locks]
    bom = Bom(components=[*python_components(python), *browser_components(browser)])
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, python + browser)
    bom.metadata.component = Component(
        name=project["name"], version=project["version"], type=ComponentType.APPLICATION, bom_ref=project["name"]
    )
    bom.register_dependency(bom.metadata.component, bom.components)
    told = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    # When it was written says nothing of what is in it.
    told["metadata"].pop("timestamp", None)
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(bill(), encoding="utf-8")
