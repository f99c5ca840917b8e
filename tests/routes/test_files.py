"""Files by the public way in: sent in pieces, bound to a message once, and read by whoever may read that."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.clients.state import fresh_id
from tests.clients.uploads import Uploads
from tests.serving import OTHER, OWN_ORIGIN, SHOP, origin_of
from widget_server.core.ids import token as new_token

if TYPE_CHECKING:
    from tests.clients.socket import SocketClient
    from tests.clients.state import Frame
    from tests.serving import Served, Staff

TEXT = b"Plums are ripe.\n" * 500


def picture(width: int = 900, height: int = 600) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "purple").save(written, "PNG")
    return written.getvalue()


async def ask(client: SocketClient, frame: Frame) -> Frame:
    """Send a frame under a reference of its own, and return the answer."""
    return await client.ask({"ref": client.state.ref(), **frame})


def visitors(served: Served, token: str | None = None, site: str = SHOP) -> Uploads:
    held = token or new_token(served.clock.random(32))
    return Uploads(served.http, served.base, origin_of(site), token=held, site=site)


def staffs(served: Served, staff: Staff) -> Uploads:
    return Uploads(staff.http, served.agents_base, OWN_ORIGIN)


@pytest.mark.everywhere
async def test_a_visitors_first_write_may_be_a_picture_and_it_goes_with_the_first_message(served: Served) -> None:
    token = new_token(served.clock.random(32))
    uploads = visitors(served, token)
    sent = await uploads.send("Plum tree.png", picture())
    assert (sent["state"], sent["name"], sent["kind"]) == ("ready", "Plum tree.webp", "picture")
    assert (sent["type"], sent["width"], sent["height"]) == ("image/webp", 900, 600)
    async with served.visitor(token) as ada:
        message = {"t": "send", "client_id": fresh_id(), "start": fresh_id(), "body": "", "files": [sent["id"]]}
        ack = await ask(ada, dict(message))
        assert ack["t"] == "ack", ack
        assert (await ask(ada, dict(message)))["seq"] == ack["seq"]
        shown = await ada.show(ack["channel"])
        (held,) = shown.messages.values()
        assert (held["kind"], [file["id"] for file in held["files"]]) == ("file", [sent["id"]])
        again = {"t": "send", "client_id": fresh_id(), "channel": ack["channel"], "body": "x", "files": [sent["id"]]}
        assert (await ask(ada, again))["name"] == "no_such_file"
    status, headers, body = await uploads.read(sent["address"])
    assert (status, headers["Content-Type"], Image.open(io.BytesIO(body)).size) == (200, "image/webp", (900, 600))
    status, _, small = await uploads.read(f"{sent['address']}/small")
    assert (status, Image.open(io.BytesIO(small)).size) == (200, (640, 427))


async def test_s12_a_file_is_read_by_whoever_may_read_its_message_and_by_nobody_once_it_is_removed(
    served: Served,
) -> None:
    token = new_token(served.clock.random(32))
    uploads, stranger = visitors(served, token), visitors(served)
    sent = await uploads.send("plums.txt", TEXT)
    agent = staffs(served, await served.staff("Grace"))
    elsewhere = staffs(served, await served.staff("Mary", OTHER))
    guest = Uploads(served.http, served.base, OWN_ORIGIN)
    for somebody in (stranger, agent, elsewhere, guest):
        assert (await somebody.read(sent["address"]))[0] == 404
    assert (await uploads.read(sent["address"]))[2] == TEXT
    async with served.visitor(token) as ada:
        ack = await ask(
            ada, {"t": "send", "client_id": fresh_id(), "start": fresh_id(), "body": "Look", "files": [sent["id"]]}
        )
        assert (await agent.read(sent["address"]))[2] == TEXT
        assert (await uploads.read(sent["address"]))[2] == TEXT
        for somebody in (stranger, elsewhere, guest):
            assert (await somebody.read(sent["address"]))[0] == 404
        await ask(ada, {"t": "remove", "channel": ack["channel"], "seq": ack["seq"]})
    for somebody in (uploads, agent):
        assert (await somebody.read(sent["address"]))[0] == 404


async def test_an_agents_file_reaches_the_visitor_and_not_the_visitors_of_another_site(served: Served) -> None:
    staff = await served.staff("Grace")
    agent = staffs(served, staff)
    async with served.visitor() as ada, served.console(staff) as console:
        ack = await ada.deliver("Have you a list?")
        sent = await agent.send("list.csv", b"a,b\n1,2\n", channel=ack["channel"])
        assert sent["type"] == "text/csv"
        frame = {"t": "send", "client_id": fresh_id(), "channel": ack["channel"], "body": "Here", "files": [sent["id"]]}
        assert (await ask(console, frame))["t"] == "ack"
        token = ada.state.token
    assert (await visitors(served, token).read(sent["address"]))[2] == b"a,b\n1,2\n"
    assert (await visitors(served, token, OTHER).read(sent["address"]))[0] == 404


async def test_an_upload_goes_on_where_it_was_cut_and_the_same_key_is_the_same_file(served: Served) -> None:
    uploads, key = visitors(served), fresh_id()
    _, address, _ = await uploads.announce("plums.txt", len(TEXT), key)
    assert (await uploads.announce("plums.txt", len(TEXT), key))[1] == address
    assert (await uploads.patch(address, 0, TEXT[:1000]))[1]["Upload-Offset"] == "1000"
    assert await uploads.offset(address) == 1000
    assert (await uploads.patch(address, 0, TEXT[:1000]))[0] == 409
    assert (await uploads.patch(address, 1000, TEXT[1000:]))[0] == 204
    assert (await uploads.state(address))["state"] == "ready"
    assert (await uploads.read(address))[2] == TEXT
    assert (await uploads.announce("other.txt", 7, fresh_id()))[1] != address


async def test_a_part_is_read_by_its_range(served: Served) -> None:
    uploads = visitors(served)
    address = (await uploads.send("plums.txt", TEXT))["address"]
    status, headers, body = await uploads.read(address, Range="bytes=10-19")
    assert (status, headers["Content-Range"], body) == (206, f"bytes 10-19/{len(TEXT)}", TEXT[10:20])
    assert (await uploads.read(address, Range="bytes=-5"))[2] == TEXT[-5:]
    assert (await uploads.read(address, Range=f"bytes={len(TEXT)}-"))[0] == 416


@pytest.mark.parametrize(("megabytes", "limits"), [(20, (10, 20_000_000)), (0, (0, 0))])
async def test_welcome_says_how_many_files_are_taken_and_how_large(
    served: Served, monkeypatch: pytest.MonkeyPatch, megabytes: int, limits: tuple[int, int]
) -> None:
    works = served.engine.files
    assert works is not None
    monkeypatch.setattr(works, "terms", works.terms._replace(megabytes=megabytes))
    async with served.visitor() as ada:
        assert ada.state.welcome is not None
        said = ada.state.welcome["limits"]
        assert (said["files"], said["file_bytes"]) == limits
