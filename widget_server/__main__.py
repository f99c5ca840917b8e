"""The top of the program, where everything is joined: `widget-server` and `python -m widget_server` start here."""

from __future__ import annotations

import sys

from widget_server.app import create_app, create_control, introduce
from widget_server.cli.program import run
from widget_server.cli.serving import Parts


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:], Parts(create_app, create_control, introduce)))


if __name__ == "__main__":
    main()
