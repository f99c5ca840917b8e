"""`widget-server create-agent`, `create-administrator`, `set-password` and `remove-factors`."""

from __future__ import annotations

import click

from widget_server.cli.means import run_verb
from widget_server.settings import load_settings


def _ask(*, ask: bool) -> str | None:
    if not ask:
        return None
    return str(click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True))


@click.command("create-agent")
@click.argument("mail")
@click.option("--name", required=True, help="What visitors and colleagues read.")
@click.option(
    "--role", type=click.Choice(["agent", "administrator"]), help="What they may do; the first is administrator."
)
@click.option("--site", metavar="KEY", help="The one site they answer for; all sites when left out.")
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
def create_agent(mail: str, name: str, role: str | None, site: str | None, *, ask: bool) -> None:
    """Make an agent who can sign in with MAIL and print their password, this once."""
    settings = load_settings()
    values = {"mail": mail, "name": name, "role": role, "site": site, "password": _ask(ask=ask)}
    agent = run_verb(settings, "create-agent", values)
    click.echo(
        f"{agent['name']} ({agent['role']}) signs in at {settings.public_url}/console with {agent['mail']}.", err=True
    )
    _show_password(agent["password"])


@click.command("create-administrator")
@click.argument("mail")
@click.option("--name", default="Administrator", show_default=True, help="What others read; an account keeps its own.")
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
def create_administrator(mail: str, name: str, *, ask: bool) -> None:
    """Make an administrator of whoever has the address MAIL, or of somebody new.

    An account keeps its password unless one is asked for. Somebody new gets one, which is printed this once.
    """
    settings = load_settings()
    values = {"mail": mail, "name": name, "password": _ask(ask=ask)}
    made = run_verb(settings, "create-administrator", values)
    click.echo(f"{made['name']} administers {settings.public_url} and signs in with {made['mail']}.", err=True)
    _show_password(made["password"])


@click.command("set-password")
@click.argument("mail")
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
def set_password(mail: str, *, ask: bool) -> None:
    """Give the agent with the address MAIL a new password and sign them out everywhere."""
    answer = run_verb(load_settings(), "set-password", {"mail": mail, "password": _ask(ask=ask)})
    click.echo(f"The password of {mail} is new; they are signed out everywhere.", err=True)
    _show_password(answer["password"])


@click.command("remove-factors")
@click.argument("mail")
def remove_factors(mail: str) -> None:
    """Take every second factor and passkey from the account of MAIL, whose owner has lost them all.

    They are signed out everywhere, told by mail, and sign in with the password alone. Make sure who it is that asks.
    """
    answer = run_verb(load_settings(), "remove-factors", {"mail": mail})
    if answer["removed"]:
        click.echo(f"{mail} signs in with the password alone now, and is signed out everywhere.", err=True)
    else:
        click.echo(f"{mail} has no second factor.", err=True)


def _show_password(password: str | None) -> None:
    """Print a generated password alone on standard output, so that a script can take it."""
    if password is not None:
        click.echo("Their password, which is shown only now:", err=True)
        click.echo(password)
