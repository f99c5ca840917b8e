"""`widget-server health`: what a container runtime asks its server, without curl."""

from __future__ import annotations

import http.client
import json
from typing import Any

import click

from widget_server.settings import OperatorError, Settings, load_settings, variable_name

_PATIENCE_SECONDS = 8.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here: what binds all is asked at home


@click.command()
@click.option("--live", is_flag=True, help="Ask only whether it runs, not whether it can take messages.")
def health(*, live: bool) -> None:
    """Ask the running server of this machine whether it is ready.

    The exit code is 0 if it is, and 1 with the reason if it is not. The internal listener is asked, so its port must be
    a known one.
    """
    settings = load_settings()
    status, answer = _ask(settings, "/livez" if live else "/readyz")
    checks = answer.get("checks", {})
    if status != http.client.OK:
        wrong = "; ".join(f"{name}: {told}" for name, told in checks.items() if told != "ok")
        raise OperatorError(f"the server is {answer.get('status', 'not well')}" + (f": {wrong}" if wrong else ""))
    click.echo(answer["status"])


def _ask(settings: Settings, path: str) -> tuple[int, dict[str, Any]]:
    if not settings.internal_port:
        raise OperatorError(f"set {variable_name('internal_port')} to a port: a server on any free one is not found")
    host = _ANY_ADDRESS.get(settings.internal_host, settings.internal_host)
    caller = http.client.HTTPConnection(host, settings.internal_port, timeout=_PATIENCE_SECONDS)
    where = f"{host}:{settings.internal_port}"
    try:
        caller.request("GET", path)
        response = caller.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException) as error:
        raise OperatorError(f"no server answers on {where}: {str(error) or type(error).__name__}") from None
    except ValueError:
        raise OperatorError(f"something else answers on {where}; check {variable_name('internal_port')}") from None
    finally:
        caller.close()
    if not isinstance(answer, dict):
        raise OperatorError(f"something else answers on {where}; check {variable_name('internal_port')}")
    return response.status, answer
