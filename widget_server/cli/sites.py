"""`widget-server create-site`."""

from __future__ import annotations

import click

from widget_server.cli.means import run_verb
from widget_server.settings import load_settings


@click.command("create-site")
@click.argument("name")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    metavar="URL",
    help="Where the site's pages are, as in https://www.example.com; may be given more than once.",
)
@click.option("--key", help="Public key to use in the script tag; one is made when left out.")
def create_site(name: str, origins: tuple[str, ...], key: str | None) -> None:
    """Add a website and print the script tag for its pages."""
    settings = load_settings()
    site = run_verb(settings, "create-site", {"name": name, "origins": list(origins), "key": key})
    click.echo(f"Added {site['name']} with the key {site['key']}. Paste this into its pages:", err=True)
    click.echo(script_tag(settings.public_url, site["key"]))


def script_tag(public_url: str, key: str) -> str:
    """Return the tag that puts the widget of a site on a page."""
    return f'<script async src="{public_url}/widget/{key}.js"></script>'
