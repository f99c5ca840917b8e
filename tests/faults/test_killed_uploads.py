"""kill -9 in the middle of an upload: what counted is there, it goes on from there, and the file is whole and one."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.clients.installation import SITE_KEY, SITE_ORIGIN, make_installation
from tests.clients.server import ServerProcess
from tests.clients.state import fresh_id
from tests.clients.uploads import Uploads
from widget_server.core.ids import token as new_token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

_SEED = 2026
_BLOCK = 100_000
_KILLS = 5


@pytest.mark.timeout(300)
async def test_an_upload_goes_on_after_the_server_was_killed_wherever_that_was(tmp_path: Path) -> None:
    chance = random.Random(_SEED)
    # Text of one kind everywhere would not tell a part in a wrong place.
    data = "".join(f"{number:09}\n" for number in range(1_500_000)).encode()
    installation = await make_installation(tmp_path)
    key = fresh_id()
    async with ServerProcess(installation) as server, aiohttp.ClientSession() as http:
        uploads = Uploads(http, server.base, SITE_ORIGIN, token=new_token(chance.randbytes(32)), site=SITE_KEY)
        _, address, _ = await uploads.announce("numbers.txt", len(data), key)
        offset: int | None = 0
        for _ in range(_KILLS):
            assert offset is not None
            answered = offset + chance.randrange(1, (len(data) - offset) // 4)
            assert (await uploads.patch(address, offset, io.BytesIO(data[offset:answered])))[0] == 204
            dies_at = answered + chance.randrange((len(data) - answered) // 4)

            async def until_killed(start: int = answered, end: int = dies_at) -> AsyncGenerator[bytes]:
                for at in range(start, end, _BLOCK):
                    yield data[at : min(at + _BLOCK, end)]
                await server.kill()
                yield b"never"

            try:
                await uploads.patch(address, answered, until_killed())
            except aiohttp.ClientError:
                await server.start()
            offset = await uploads.offset(address)
            assert offset is not None
            # What was acknowledged stays; of what was not, some may.
            assert answered <= offset <= dies_at
        assert offset is not None
        assert (await uploads.announce("numbers.txt", len(data), key))[1] == address
        assert (await uploads.patch(address, offset, io.BytesIO(data[offset:])))[0] == 204
        assert (await uploads.state(address))["state"] == "ready"
        assert (await uploads.read(address))[2] == data
        assert (await uploads.patch(address, len(data), b"x"))[0] == 409
