"""The calls that docs/api.md shows are made, as they stand there, and none is refused."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.routes.grants import grant_administrator
from tests.routes.programs import program_of
from tests.routes.test_community_api import begin as begin_thread
from tests.serving import begin, serving

if TYPE_CHECKING:
    from tests.engines.backends import Backend

PAGE = Path(__file__).parents[2] / "docs/api.md"
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def calls(base: str) -> str:
    """All of them, to a served installation, by a token that is there already."""
    shown = "".join(_SHELL.findall(PAGE.read_text()))
    text = re.sub(r"^export TOKEN=.*$", "", shown, flags=re.MULTILINE)
    return text.replace("https://chat.example.org", base).replace(
        "curl ", "curl --silent --show-error --fail-with-body "
    )


@pytest.mark.only("sqlite")
async def test_s2_29_every_call_that_the_page_shows_is_answered(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend) as served:
        async with served.visitor() as visitor:
            channel = await begin(visitor)
        ada = await served.staff("Ada")
        await grant_administrator(served, ada)
        program = await program_of(served, ada)
        await program.call("POST", "/boards", {"name": "Plants"})
        thread = await begin_thread(program, "plants", tags=["roses"])
        (tmp_path / "notes.txt").write_text("Water them.\n")
        known = {"TOKEN": program.token, "ID": channel, "THREAD": str(thread["number"])}
        shell = await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", calls(served.agents_base),
            cwd=tmp_path, env=os.environ | known, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await shell.communicate()
        assert shell.returncode == 0, said.decode()
        told = (await program.call("GET", f"/conversations/{channel}/messages"))["messages"]
        assert [(each["body"], [file["name"] for file in each.get("files", ())]) for each in told[1:]] == [
            ("On its way.", []), ("", ["notes.txt"]),
        ]  # fmt: skip
        assert said.endswith(b'"more":false}'), said.decode()
