"""The engines of tests: they work, are told apart from what is not installed, and leave nobody behind."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys

import pytest

from tests.engines.daemon import MissingEngine, find
from tests.engines.nginx import Nginx
from tests.engines.postgresql import PostgreSQL
from tests.engines.redis import Redis

_OWNER = """
import sys
from tests.engines.nginx import Nginx
from tests.engines.postgresql import PostgreSQL
from tests.engines.redis import Redis

with PostgreSQL() as database, Redis() as broker, Nginx(lambda port: f"server {{ listen {port}; }}") as proxy:
    children = [
        int(child)
        for pid in (database.pid, proxy.pid)
        for child in open(f"/proc/{pid}/task/{pid}/children").read().split()
    ]
    print(*[each.folder for each in (database, broker, proxy)], flush=True)
    print(*[each.pid for each in (database, broker, proxy)], *children, flush=True)
    sys.stdin.read()
"""


def test_what_is_missing_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingEngine, match=r"^no-such-engine is not installed; run: sudo apt-get install postgresql "):
        find("no-such-engine", "nor-this")


def test_a_configuration_that_is_wrong_says_what_nginx_said() -> None:
    with pytest.raises(RuntimeError, match="unknown directive"), Nginx(lambda _: "nonsense;"):
        pass


def test_engines_end_with_whoever_started_them_even_when_it_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        folders = owner.stdout.readline().split()
        ends = [os.pidfd_open(int(pid)) for pid in owner.stdout.readline().split()]
        owner.kill()
    try:
        assert len(folders) == 3
        assert len(ends) > 5
        for end in ends:
            assert select.select([end], [], [], 30)[0], "an engine lives on"
    finally:
        for end in ends:
            os.close(end)
        for folder in folders:
            shutil.rmtree(folder)


def test_what_was_written_outlives_a_crash_of_the_server() -> None:
    with PostgreSQL() as server:
        database = server.create_database(migrated=False).rpartition("/")[2]
        server.execute("CREATE TABLE kept AS SELECT 7 AS value", database)
        server.restart(immediate=True)
        assert server.ask(lambda connection: connection.fetchval("SELECT value FROM kept"), database) == 7


def test_a_paused_server_answers_nothing_until_it_goes_on() -> None:
    with Redis() as own, socket.create_connection(("127.0.0.1", own.port)) as line:
        own.pause()
        line.send(b"PING\r\n")
        assert select.select([line], [], [], 0)[0] == []
        own.resume()
        assert line.recv(100) == b"+PONG\r\n"
