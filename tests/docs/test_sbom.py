"""The bill of materials: what is locked, no more and no less, the same each time."""

from __future__ import annotations

import json
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts.sbom import bill
from tests.docs.test_requirements import pins

ROOT = Path(__file__).parent.parent.parent


def test_s44_the_bill_names_every_package_that_is_shipped_with_its_hashes() -> None:
    told = json.loads(bill())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    python = {part["name"]: part for part in told["components"] if part["purl"].startswith("pkg:pypi/")}
    assert {name: part["version"] for name, part in python.items()} == pins("runtime")
    assert all(digest["alg"] == "SHA-256" for part in python.values() for digest in part["hashes"])
    assert all(part["hashes"] for part in python.values())


def test_s44_the_bill_names_what_is_bundled_and_not_what_bundles() -> None:
    told = json.loads(bill())
    browser = {part["purl"].partition("@")[0] for part in told["components"] if part["purl"].startswith("pkg:npm/")}
    asked = json.loads((ROOT / "widget_js" / "package.json").read_text(encoding="utf-8"))
    assert "pkg:npm/preact" in browser
    assert not {f"pkg:npm/{name}" for name in asked["devDependencies"]} & browser


def test_s44_the_same_locks_give_the_same_bill_without_a_machines_path_or_time() -> None:
    assert bill() == bill()
    assert str(ROOT) not in bill()
    assert "timestamp" not in bill()


def test_s44_the_bill_follows_its_schema() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill()) is None
