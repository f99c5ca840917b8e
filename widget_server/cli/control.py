"""Asking a running server, through the control socket in its data directory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import click
import orjson

from widget_server.ops.listening import is_answered
from widget_server.settings import OperatorError, Settings

_BASE = "http://control"


@asynccontextmanager
async def asking(settings: Settings) -> AsyncGenerator[aiohttp.ClientSession]:
    """Open a client of the control socket for the length of the block; paths are relative to it.

    Raises:
        OperatorError: no server answers, or it went away in the middle.
    """
    if not is_answered(settings.control_socket):
        raise OperatorError(f"no server runs on {settings.data_dir}; start it, or set WIDGET_DATA_DIR to where it does")
    connector = aiohttp.UnixConnector(str(settings.control_socket))
    # A conversation that is followed may be silent for hours.
    patience = aiohttp.ClientTimeout(total=None)
    try:
        async with aiohttp.ClientSession(_BASE, connector=connector, timeout=patience) as session:
            yield session
    except (aiohttp.ClientError, orjson.JSONDecodeError) as error:
        raise OperatorError(f"the server did not answer to the end ({type(error).__name__}); try again") from error


async def read_answer(response: aiohttp.ClientResponse) -> Any:
    """Return the decoded answer.

    Raises:
        click.ClickException: the server refused; the text is its sentence.
    """
    if response.content_type != "application/json":
        raise click.ClickException("the server failed; its log says why")
    answer = orjson.loads(await response.read())
    if "error" in answer:
        raise click.ClickException(answer["error"]["message"])
    return answer
