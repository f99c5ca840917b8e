"""Which part may import which: each only what stands to its left in docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "widget_server"

# A part, and the parts it may import besides itself. `__main__` joins everything and stands on top.
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "protocol": {"core"},
    "store": {"core", "protocol"},
    "hub": {"core", "protocol"},
    "actions": {"core", "protocol", "store", "hub"},
}
_WRITERS = {"core", "protocol", "store", "hub", "actions"}
_OUTER = _WRITERS | {"settings", "keys"}
MAY_IMPORT |= {
    "checked_values": set(),
    "settings": {"checked_values"},
    "keys": _WRITERS | {"settings", "web", "workers", "ops"},
    "ops": _OUTER,
    "workers": _OUTER | {"ops"},
    "web": _OUTER | {"ops"},
    "routes": _OUTER | {"ops", "web"},
    "cli": _OUTER | {"ops"},
    "app": _OUTER | {"ops", "web", "workers", "routes"},
    "__main__": {"app", "cli"},
}

# The rules are pure: clock, chance and the outside come in as arguments.
FORBIDDEN_IN_CORE = {
    "aiohttp",
    "aiosqlite",
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
}


def part_of(path: Path) -> str:
    """Return the part a file belongs to: its folder, or its own name at the top."""
    place = path.relative_to(PACKAGE)
    return place.parts[0] if len(place.parts) > 1 else place.stem


def imported_modules(path: Path) -> set[str]:
    """Return the absolute names of all modules a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide which part is meant"
            module = node.module or ""
            found |= {f"{module}.{name.name}" for name in node.names} if module == "widget_server" else {module}
    return found


def python_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_part_imports_only_what_stands_to_its_left(path: Path) -> None:
    part = part_of(path)
    assert part in MAY_IMPORT, f"{part} is a new part: give it its place in this table and in docs/architecture.md"
    own = {name.split(".")[1] for name in imported_modules(path) if name.startswith("widget_server.")}
    assert own - {"__version__"} <= MAY_IMPORT[part] | {part}


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")), ids=lambda path: path.name)
def test_core_is_pure(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported_modules(path)} & FORBIDDEN_IN_CORE


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_of_six_hundred_lines_is_two(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


def test_no_module_is_named_for_leftovers() -> None:
    leftovers = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert not [path for path in python_files() if path.stem in leftovers]
