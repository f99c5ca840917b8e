"""A node on its way out: it takes nobody new, and sends everybody away also while they go on writing (G15)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import WSServerHandshakeError

from tests.serving import SHOP, origin_of
from widget_server import app as app_module
from widget_server.app import NODE
from widget_server.protocol.codes import CloseCode

if TYPE_CHECKING:
    from tests.serving import Served


async def test_g15_a_stopping_server_takes_no_new_line(served: Served) -> None:
    served.desk.draining = True
    headers = {"Origin": origin_of(SHOP)}
    with pytest.raises(WSServerHandshakeError) as refused:
        await served.http.ws_connect(f"{served.base}/ws/{SHOP}", headers=headers)
    assert refused.value.status == 503
    async with served.http.post(f"{served.base}/stream/{SHOP}", headers=headers, data='{"t":"hello","v":1}') as answer:
        assert (await answer.json())["error"]["name"] == "draining"


async def test_g15_clients_are_sent_away_although_writes_never_cease(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "_ANSWERING_S", 0.1)
    monkeypatch.setattr(served.engine.committer, "drained", asyncio.Event().wait)
    url = f"{served.base}/ws/{SHOP}"
    async with served.http.ws_connect(url, headers={"Origin": origin_of(SHOP)}) as socket:
        leaving = asyncio.create_task(served.app[NODE].drain())
        async for _ in socket:
            """Nothing is told before the end."""
        assert socket.close_code == CloseCode.RESTART
        await leaving
    monkeypatch.undo()
