"""The program `widget-server`: its verbs, and how it fails.

Every failure is one line on standard error: exit code 2 for a command that was not understood, 1 for one that could not
be done. A traceback is never shown; ``WIDGET_LOG_LEVEL=debug`` logs it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import click

from widget_server import __version__
from widget_server.cli.agents import create_administrator, create_agent, remove_factors, set_password
from widget_server.cli.backups import backup, restore
from widget_server.cli.database import migrate
from widget_server.cli.deploy import deploy
from widget_server.cli.follow import follow
from widget_server.cli.health import health
from widget_server.cli.index import reindex
from widget_server.cli.move import move_data
from widget_server.cli.serving import Parts, serve
from widget_server.cli.settings import check_config
from widget_server.cli.shell import shell
from widget_server.cli.sites import create_site
from widget_server.core.errors import ProductError
from widget_server.protocol.encode import error_body
from widget_server.settings import OperatorError
from widget_server.store.database import StoreUnavailable
from widget_server.store.engines import MissingDriver
from widget_server.store.migrate import NewerSchema

_NAME = "widget-server"
_log = logging.getLogger(__name__)


@click.group(context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name=_NAME, message="%(prog)s %(version)s")
def program() -> None:
    """Run a support chat: the server behind the widget and the agents' console.

    Settings come from the environment and a `.env` file; docs/settings.md lists them.
    """


for command in (
    serve,
    deploy,
    migrate,
    create_site,
    create_agent,
    create_administrator,
    set_password,
    remove_factors,
    follow,
    health,
    backup,
    restore,
    move_data,
    reindex,
    check_config,
    shell,
):
    program.add_command(command)


def run(arguments: Sequence[str], parts: Parts) -> int:
    """Run the program and return its exit code.

    Args:
        arguments: what stands after the program's name.
        parts: what only the top of the program may know, handed down to the verbs.
    """
    try:
        program.main(list(arguments), prog_name=_NAME, standalone_mode=False, obj=parts)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else _NAME
        return _fail(f"{error.format_message().rstrip('.')}; see {where} --help", 2)
    except click.Abort:
        return _fail("stopped", 130)
    except (click.ClickException, OperatorError, StoreUnavailable, NewerSchema, MissingDriver) as error:
        return _fail(error.format_message() if isinstance(error, click.ClickException) else str(error), 1)
    except ProductError as error:
        return _fail(str(error_body(error)["message"]), 1)
    except Exception as error:  # noqa: BLE001 - a person at a terminal gets a line, whatever happened
        _log.debug("The command failed.", exc_info=True)
        return _fail(f"unexpected {type(error).__name__}: {error}", 1)
    return 0


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"{_NAME}: {' '.join(text.split())}\n")
    return code
