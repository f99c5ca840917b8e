"""Takes the addresses of who may be paid out of npm's lock: nothing is installed from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).parent.parent / "widget_js" / "package-lock.json"


def main() -> None:
    """Write the lock anew, as npm lays it out."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
