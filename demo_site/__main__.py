"""`python -m demo_site --site-key KEY`: serve the shop on 127.0.0.1."""

from __future__ import annotations

import errno
import sys

import click
from aiohttp import web

from demo_site.shop import make_app


@click.command()
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535), help="Port on 127.0.0.1.")
@click.option("--widget-url", default="http://localhost:8080", show_default=True, help="Where the chat server is.")
@click.option("--site-key", required=True, help="Public key of the site, from `widget-server create-site`.")
def main(port: int, widget_url: str, site_key: str) -> None:
    """Serve a made-up shop whose pages carry the chat widget."""
    try:
        # 127.0.0.1 and not localhost: browsers take the two for two sites, as shop and chat are in real life.
        web.run_app(make_app(widget_url, site_key), host="127.0.0.1", port=port, print=None, access_log=None)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        click.echo(f"port {port} on 127.0.0.1 is taken; stop what uses it, or set DEMO_PORT", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
