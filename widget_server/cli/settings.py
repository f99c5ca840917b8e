"""`widget-server check-config`."""

from __future__ import annotations

from urllib.parse import urlsplit

import click
from pydantic import SecretStr

from widget_server.settings import Settings, load_settings, variable_name

# Settings that may carry a password.
_ADDRESSES = ("database_url", "broker_url", "mail_url")


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
        elif field in _ADDRESSES and value and urlsplit(value).password is not None:
            click.echo(f"# {variable_name(field)} is set: {_without_secret(value)}")
        elif value is None:
            click.echo(f"# {variable_name(field)} is not set")
        else:
            click.echo(f"{variable_name(field)}={value}")


def _without_secret(address: str) -> str:
    """Return an address as it may be shown: without user and password."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
