"""PostgreSQL's own programs: run with the password out of everybody's sight, and followed by what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from widget_server.settings import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TABLE = re.compile(r'(?:dumping contents of table|processing data for table) "?(?:\w+"?\."?)?(\w+)"?')


def run_program(
    name: str, url: str, arguments: Sequence[str], rows: Mapping[str, int], advance: Callable[[int], None]
) -> None:
    """Run a program of PostgreSQL's client package on a database, to its end.

    Args:
        name: as ``pg_dump``.
        url: of the database.
        arguments: besides the database and ``--verbose``.
        rows: how many rows each table has.
        advance: called with the rows of a table when the program has come to its end.

    Raises:
        OperatorError: the program is not installed, or it failed; its last line is told.
    """
    if shutil.which(name) is None:
        raise OperatorError(f"{name} is not installed; run: apt-get install postgresql-client")
    parts = urlsplit(url)
    environment = {**os.environ, "LC_ALL": "C"}
    if parts.password is not None:
        environment["PGPASSWORD"] = unquote(parts.password)
    where = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@", 1)).geturl()
    command = [name, "--verbose", *arguments, f"--dbname={where}"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, errors="replace") as program:
        said = _follow(program, rows, advance)
    if program.returncode != 0:
        raise OperatorError(f"{name} failed: {said}")


def _follow(program: subprocess.Popen[str], rows: Mapping[str, int], advance: Callable[[int], None]) -> str:
    """Read what the program says; what it said of a failure, or else last."""
    under_way = 0
    failure = last = ""
    assert program.stderr is not None  # noqa: S101 - it was asked for
    for line in program.stderr:
        last = line.strip() or last
        if not failure and "error:" in line:
            failure = line.strip()
        found = _TABLE.search(line)
        if found:
            advance(under_way)
            under_way = rows.get(found[1], 0)
    advance(under_way)
    return failure or last
