"""`widget-server create-agent` and `set-password`."""

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


@click.command("set-password")
@click.argument("mail")
@click.option("--ask", is_flag=True, help="Ask for the password instead of making one.")
def set_password(mail: str, *, ask: bool) -> None:
    """Give the agent with the address MAIL a new password and sign them out everywhere."""
    answer = run_verb(load_settings(), "set-password", {"mail": mail, "password": _ask(ask=ask)})
    click.echo(f"The password of {mail} is new; they are signed out everywhere.", err=True)
    _show_password(answer["password"])


def _show_password(password: str | None) -> None:
    """Print a generated password alone on standard output, so that a script can take it."""
    if password is not None:
        click.echo("Their password, which is shown only now:", err=True)
        click.echo(password)
