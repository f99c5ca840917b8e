"""What strangers of one address may announce, leave unfinished, and ask for: however many visitors they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.uploads import Uploads
from tests.serving import OWN_ORIGIN, SHOP, origin_of, serving
from widget_server.core.ids import token as new_token

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend
    from tests.serving import Served

pytestmark = pytest.mark.everywhere

HOUR_MS = 3_600_000


def stranger(served: Served) -> Uploads:
    """A visitor of whom nothing is stored, as anybody can be again and again."""
    return Uploads(served.http, served.base, origin_of(SHOP), token=new_token(served.clock.random(32)), site=SHOP)


async def told(served: Served, size: int = 5) -> Any:
    """How a stranger's announcement ends: None, or the error."""
    error = (await stranger(served).announce("notes.txt", size))[2]
    return error and error["error"]


async def test_one_address_announces_so_many_megabytes_and_is_told_when_to_come_back(
    tmp_path: Path, backend: Backend
) -> None:
    async with serving(tmp_path / "data", backend, limit_file_megabytes_address="8/hour") as served:
        assert await told(served, 4_000_001) is None
        assert (await told(served, 90_000_000))["name"] == "file_too_large"
        error = await told(served, 3_000_001)
        assert (error["name"], error["retry_after"] <= HOUR_MS) == ("files_limited", True)
        assert "60 min" in error["message"]
        assert await told(served, 3_000_000) is None
        assert (await told(served))["name"] == "files_limited"
        grace = Uploads((await served.staff("Grace")).http, served.agents_base, OWN_ORIGIN)
        assert (await grace.announce("list.csv", 5_000_000))[0] == 201
        served.clock.ahead_ms += HOUR_MS + 1
        assert await told(served, 20_000_000) is None


async def test_what_one_address_leaves_unfinished_is_limited_and_what_ends_makes_room(
    tmp_path: Path, backend: Backend
) -> None:
    async with serving(tmp_path / "data", backend, limit_unfinished_files_address="2/day") as served:
        first, second = stranger(served), stranger(served)
        begun = [(await each.announce("notes.txt", 5))[1] for each in (first, second)]
        assert (await told(served))["name"] == "files_limited"
        await first.patch(begun[0], 0, b"012")
        assert (await told(served))["name"] == "files_limited"
        await first.patch(begun[0], 3, b"34")
        assert await told(served) is None
        assert (await told(served))["name"] == "files_limited"
        assert await second.cancel(begun[1]) == 204
        assert await told(served) is None


@pytest.mark.parametrize("kind", ["guest", "visitor"])
async def test_whoever_guesses_addresses_of_files_is_stopped_as_a_reader_of_pages_is(
    tmp_path: Path, backend: Backend, kind: str
) -> None:
    async with serving(tmp_path / "data", backend, limit_pages="3/hour") as served:
        reader = stranger(served) if kind == "visitor" else Uploads(served.http, served.base, OWN_ORIGIN)
        addresses = ["/files/AAAAAAAAAAAAAAAAAAAAAA", "/files/no-file", "/files/AAAAAAAAAAAAAAAAAAAAAA/small"]
        assert [(await reader.read(address))[0] for address in addresses] == [404] * 3
        assert (await reader.read(addresses[0]))[0] == 429
        grace = Uploads((await served.staff("Grace")).http, served.agents_base, OWN_ORIGIN)
        assert [(await grace.read(addresses[0]))[0] for _ in range(4)] == [404] * 4
