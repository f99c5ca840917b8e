"""`widget-server check-config`."""

from __future__ import annotations

import click
from pydantic import SecretStr

from widget_server.settings import Settings, load_settings, variable_name


@click.command("check-config")
def check_config() -> None:
    """Read the settings, say what is wrong, or print what holds.

    The output is in the form of a `.env` file. Secrets are not printed.
    """
    settings = load_settings()
    for field in Settings.model_fields:
        value = getattr(settings, field)
        if isinstance(value, SecretStr):
            click.echo(f"# {variable_name(field)} is set")
        elif value is None:
            click.echo(f"# {variable_name(field)} is not set")
        else:
            click.echo(f"{variable_name(field)}={value}")
