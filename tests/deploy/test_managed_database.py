"""A database as platforms give it: over TLS or not at all, by an address with an option behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from tests.deploy.processes import PROGRAM, Program, bare_environment, free_port, run
from tests.engines.postgresql import PostgreSQL


class EncryptedPostgreSQL(PostgreSQL):
    """It speaks to nobody in the clear."""

    def __init__(self) -> None:
        super().__init__()
        self._settings |= {"ssl": "on", "ssl_cert_file": f"{self.folder}/cert", "ssl_key_file": f"{self.folder}/key"}

    @override
    def prepare(self) -> None:
        super().prepare()
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key"]
        self.run(["openssl", "req", "-x509", *key, "-subj", "/CN=localhost", "-out", "cert"])
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text("hostssl all all 127.0.0.1/32 trust\n", encoding="ascii")


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with EncryptedPostgreSQL() as engine:
        yield engine.create_database(migrated=False)


def environment(tmp_path: Path, url: str) -> dict[str, str]:
    return bare_environment() | {
        "WIDGET_MODE": "production",
        "WIDGET_PUBLIC_URL": "https://chat.example.org",
        "WIDGET_DATA_DIR": str(tmp_path / "data"),
        "WIDGET_DATABASE_URL": url,
        "WIDGET_PORT": str(free_port()),
        "WIDGET_INTERNAL_PORT": str(free_port()),
    }


def test_s3_21_a_database_that_demands_tls_is_used(database_url: str, tmp_path: Path) -> None:
    given = environment(tmp_path, f"{database_url}?sslmode=require")
    with Program([PROGRAM, "serve", "--migrate"], given, cwd=tmp_path, log=tmp_path / "log") as server:
        server.until_it_says("Serving ")
        made = run("create-site", "Shop", "--origin", "https://shop.test", environment=given, cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        kept = run("backup", str(tmp_path / "kept"), environment=given, cwd=tmp_path)
        assert kept.returncode == 0, kept.stderr
        assert server.stop() == 0


def test_what_the_database_refuses_is_told_in_a_line(database_url: str, tmp_path: Path) -> None:
    refused = run("migrate", environment=environment(tmp_path, f"{database_url}?sslmode=disable"), cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.count("\n") == 1
    assert "no encryption" in refused.stderr
