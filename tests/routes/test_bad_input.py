"""Bad input over real sockets and requests: its documented code, and everything else untouched."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from sqlalchemy import select

from tests.protocol.samples import SAMPLES
from tests.serving import OTHER, OWN_ORIGIN, SHOP, Served, begin, command, origin_of, serving
from widget_server.protocol.codes import ERRORS, CloseCode
from widget_server.store.statement import Statement
from widget_server.store.tables import metadata, outbox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.clients.socket import SocketClient
    from tests.engines.backends import Backend

pytestmark = pytest.mark.everywhere

HELLO = {"t": "hello", "v": 1}
TOKEN = "A" * 43


class Raw:
    """A socket without manners."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._heard: list[dict[str, Any]] = []

    async def say(self, text: str | dict[str, Any]) -> None:
        await self.socket.send_str(text if isinstance(text, str) else json.dumps(text))

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        while not self._heard:
            received = await self.socket.receive_json(timeout=30)
            self._heard += received if isinstance(received, list) else [received]
        return self._heard.pop(0)

    async def end(self) -> int:
        """The close code, whatever comes before it."""
        while not self.socket.closed:
            await self.socket.receive(timeout=30)
        assert self.socket.close_code is not None
        return self.socket.close_code


@asynccontextmanager
async def raw(served: Served, *, greeted: bool = True) -> AsyncGenerator[Raw]:
    url, headers = f"{served.base}/ws/{SHOP}", {"Origin": origin_of(SHOP)}
    async with served.http.ws_connect(url, headers=headers) as socket:
        line = Raw(socket)
        if greeted:
            await line.say(HELLO)
            assert (await line.hear())["t"] == "welcome"
        yield line


async def everything(served: Served) -> dict[str, list[Any]]:
    """All rows of all tables, except the counter of stamps, and what the workers carry out meanwhile."""
    tables = {name: Statement(select(table)) for name, table in metadata.tables.items() if name != "installation"}
    tables["outbox"] = Statement(select(outbox.c.id, outbox.c.topic, outbox.c.payload))
    return {name: await served.engine.database.read(lambda tx, s=each: tx.all(s)) for name, each in tables.items()}  # type: ignore[misc]  # mypy cannot infer a lambda with a default


class Witness:
    """Somebody who talks undisturbed while others misbehave."""

    def __init__(self, client: SocketClient, channel: str) -> None:
        self.client = client
        self.channel = channel


@pytest.fixture
async def witness(served: Served) -> AsyncGenerator[Witness]:
    """Afterwards the store must be as it was, and the witness must still be connected."""
    async with served.visitor() as client:
        channel = await begin(client)
        before = await everything(served)
        yield Witness(client, channel)
        assert await everything(served) == before
        await client.deliver("still here", channel)
        assert client.closes == []
        assert client.state.violations == []


# --- before the socket opens


@pytest.mark.parametrize(
    ("path", "origin", "status", "name"),
    [
        ("/ws/nobody", origin_of(SHOP), 404, "unknown_site"),
        ("/ws/x'--", origin_of(SHOP), 404, "unknown_site"),
        (f"/ws/{SHOP}", origin_of(OTHER), 403, "foreign_origin"),
        (f"/ws/{SHOP}", "https://shop.test.evil.example", 403, "foreign_origin"),
        (f"/ws/{SHOP}", "http://shop.test", 403, "foreign_origin"),
        (f"/ws/{SHOP}", "null", 403, "foreign_origin"),
        (f"/ws/{SHOP}", None, 403, "foreign_origin"),
        ("/ws/console", origin_of(SHOP), 403, "foreign_origin"),
        ("/ws/console", OWN_ORIGIN, 401, "signed_out"),
    ],
)
async def test_a_handshake_that_is_refused_gets_the_error_shape_before_the_101(
    served: Served, path: str, origin: str | None, status: int, name: str
) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    if origin is not None:
        headers["Origin"] = origin
    async with served.http.get(served.base + path, headers=headers) as response:
        assert response.status == status
        error = (await response.json())["error"]
    assert (error["code"], error["name"]) == (ERRORS[name].number, name)
    assert error["message"]


async def test_our_own_page_may_open_a_sites_socket(served: Served) -> None:
    url = f"{served.base}/ws/{SHOP}"
    async with served.http.ws_connect(url, headers={"Origin": OWN_ORIGIN}) as socket:
        await socket.send_json(HELLO)
        assert (await socket.receive_json())["t"] == "welcome"


async def test_a_session_that_has_expired_opens_no_console(served: Served) -> None:
    staff = await served.staff("Grace")
    served.clock.ahead_ms += 15 * 86_400_000
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await staff.http.ws_connect(f"{served.base}/ws/console", headers={"Origin": OWN_ORIGIN})
    assert caught.value.status == 401


# --- the first frame


async def test_a_socket_that_says_nothing_is_closed_in_time(served: Served, witness: Witness) -> None:
    async with raw(served, greeted=False) as line:
        served.clock.ahead_ms += 11_000
        assert await line.end() == CloseCode.HELLO_TIMEOUT


@pytest.mark.parametrize(
    ("frame", "name", "code"),
    [
        ({"t": "ping"}, "hello_first", CloseCode.MALFORMED),
        ({"t": "search", "ref": 1, "text": "x"}, "hello_first", CloseCode.MALFORMED),
        ("nonsense", "malformed", CloseCode.MALFORMED),
        ({"t": "hello", "v": 0}, "unsupported_version", CloseCode.UPGRADE_REQUIRED),
        ({"t": "hello", "v": 1, "token": "short"}, "token_ended", CloseCode.SIGNED_OUT),
        ({"t": "hello", "v": 1, "token": TOKEN, "name": "x"}, "malformed", CloseCode.MALFORMED),
    ],
)
async def test_a_first_frame_that_is_wrong_is_told_why_and_ends_the_line(
    served: Served, witness: Witness, frame: str | dict[str, Any], name: str, code: int
) -> None:
    async with raw(served, greeted=False) as line:
        await line.say(frame)
        answer = await line.hear()
        assert (answer["name"], answer["code"]) == (name, ERRORS[name].number)
        assert await line.end() == code


async def test_a_token_nobody_has_written_with_is_welcomed_as_nobody(served: Served, witness: Witness) -> None:
    async with served.visitor() as visitor:
        token = visitor.state.token
    async with raw(served, greeted=False) as line:
        await line.say({**HELLO, "token": token})
        assert (await line.hear())["person"] is None


async def test_a_visitor_who_ends_their_token_is_signed_out_everywhere(served: Served) -> None:
    async with served.visitor() as visitor, served.visitor(None) as other:
        await begin(visitor)
        other.state.token = visitor.state.token
        await other.leave()
        other.connect()
        await other.until(lambda: other.state.person is not None)
        assert (await command(visitor, "sign_out"))["t"] == "done"
        await visitor.until(lambda: bool(visitor.closes))
        await other.until(lambda: len(other.closes) > 0)
        assert [code for code, _ in visitor.closes + other.closes] == [CloseCode.SIGNED_OUT] * 2
        token = visitor.state.token
        async with raw(served, greeted=False) as line:
            await line.say({**HELLO, "token": token})
            assert (await line.hear())["name"] == "token_ended"
            assert await line.end() == CloseCode.SIGNED_OUT
        async with served.http.post(
            f"{served.base}/frames/{SHOP}",
            json={"frames": []},
            headers={"Origin": origin_of(SHOP), "Authorization": f"Bearer {token}"},
        ) as response:
            assert response.status == 401
            assert (await response.json())["error"]["name"] == "token_ended"
        await other.leave()


# --- an open line


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "malformed"),
        ("{", "malformed"),
        ("[]", "malformed"),
        ('{"t":"dance"}', "unknown_frame"),
        ('{"t":"history","ref":1}', "malformed"),
        ('{"t":"history","ref":1,"channel":"x","before":1}', "malformed"),
        ('{"t":"contact","ref":1,"attributes":{"n":NaN}}', "malformed"),
        ('{"t":"search","ref":1,"text":"\\ud800"}', "malformed"),
        ("[" * 60_000, "too_deep"),
        ('{"a":' * 12_000, "too_deep"),
    ],
)
async def test_a_frame_that_cannot_be_read_costs_only_itself(
    served: Served, witness: Witness, text: str, name: str
) -> None:
    async with raw(served) as line:
        await line.say(text)
        answer = await line.hear()
        assert (answer["t"], answer["name"], answer["code"]) == ("error", name, ERRORS[name].number)
        await line.say({"t": "ping"})
        assert await line.hear() == {"t": "pong"}


@pytest.mark.parametrize(
    ("body", "name"),
    [("", "empty_message"), (" \n", "empty_message"), ("x" * 4001, "message_too_long"), ("a\x00", "bad_text")],
)
async def test_s1_09_a_message_that_cannot_be_taken_is_refused_and_nothing_is_stored(
    served: Served, witness: Witness, body: str, name: str
) -> None:
    async with raw(served) as line:
        for place in ("start", "channel"):
            send = {"t": "send", "ref": 7, "client_id": witness.channel, place: witness.channel, "body": body}
            await line.say(send)
            answer = await line.hear()
            assert (answer["name"], answer["ref"]) == (name, 7)


async def test_a_binary_frame_ends_the_line(served: Served, witness: Witness) -> None:
    async with raw(served) as line:
        await line.socket.send_bytes(b'{"t":"ping"}')
        assert (await line.hear())["name"] == "malformed"
        assert await line.end() == aiohttp.WSCloseCode.UNSUPPORTED_DATA


@pytest.mark.parametrize("size", [65_537, 65 * 1024, 300_000])
async def test_a_frame_that_is_too_large_ends_the_line(served: Served, witness: Witness, size: int) -> None:
    async with raw(served) as line:
        await line.say('{"t":"ping"}' + " " * (size - 12))
        assert await line.end() == CloseCode.TOO_LARGE


async def test_a_frame_of_exactly_the_limit_is_taken(served: Served) -> None:
    async with raw(served) as line:
        await line.say('{"t":"ping"}' + " " * (65_536 - 12))
        assert await line.hear() == {"t": "pong"}


async def test_every_kind_of_frame_said_out_of_place_leaves_the_server_well(served: Served, witness: Witness) -> None:
    for sample in SAMPLES:
        async with raw(served) as line:
            await line.say(sample)
            await line.say({"t": "ping"})
            answer = await line.hear()
            while answer["t"] == "error":
                assert ERRORS[answer["name"]].number < 5000, answer
                if answer["name"] == "hello_twice":
                    break
                answer = await line.hear()


async def test_numbers_beyond_every_store_are_refused_and_not_our_own_error(served: Served, witness: Witness) -> None:
    place = {"ref": 1, "channel": witness.channel}
    async with raw(served) as line:
        for frame in (
            {"t": "history", **place, "before": 2**53},
            {"t": "edit", **place, "seq": 2**63, "revision": 1, "body": "x"},
            {"t": "send", **place, "client_id": witness.channel, "body": "x", "parent": 2**80},
        ):
            await line.say(frame)
            assert (await line.hear())["name"] == "malformed"


async def test_an_inbox_page_that_nobody_was_given_is_malformed(served: Served) -> None:
    async with served.console(await served.staff("Grace")) as console:
        for before in ("x", "1", "1.x", "9" * 30 + ".1", "-1.2", "\u0661.1", "\u00b2.1"):
            answer = await command(console, "inbox", view={"status": "open", "who": "all"}, before=before)
            assert answer["name"] == "malformed"


@pytest.mark.parametrize(
    "until", [None, "", "soon", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2026-12-01T00:00:00"]
)
async def test_a_snooze_without_a_time_that_can_be_is_refused(served: Served, until: str | None) -> None:
    async with served.visitor() as visitor, served.console(await served.staff("Grace")) as console:
        name = await begin(visitor)
        answer = await command(console, "status", channel=name, status="snoozed", until=until)
        assert answer["name"] == "bad_value"
        answer = await command(console, "status", channel=name, status="open", until="2030-01-01T00:00:00Z")
        assert answer["name"] == "bad_value"


# --- limits


async def test_a_limit_is_told_with_a_time_and_loses_nothing(tmp_path: Path, backend: Backend) -> None:
    limits = {"limit_messages_connection": "3/10seconds"}
    async with serving(tmp_path / "data", backend, **limits) as served, served.visitor() as visitor:
        name = await begin(visitor)
        sent = [await visitor.send(f"{n}", name) for n in range(5)]
        await visitor.until(lambda: len(visitor.state.errors) == 3)
        limited, *held = visitor.state.errors
        assert (limited["name"], limited["ref"]) == ("rate_limited", sent[2].ref)
        assert 0 < limited["retry_after"] <= 10_000
        assert [error["name"] for error in held] == ["held_back", "held_back"]
        served.clock.ahead_ms += 10_001
        visitor._resend()
        await visitor.until(lambda: visitor.state.outbox == {} or len(visitor.state.errors) > 3)
        served.clock.ahead_ms += 10_001
        await visitor.until(lambda: visitor.state.channels[name].last == 6)
        bodies = [body for _, _, body, *_ in visitor.state.channels[name].lists()]
        assert bodies == ["Hello", "0", "1", "2", "3", "4"]


async def test_one_new_visitor_counts_once_however_many_messages_wait(tmp_path: Path, backend: Backend) -> None:
    limits = {"limit_new_visitors_address": "2/hour"}
    async with serving(tmp_path / "data", backend, **limits) as served:
        for _ in range(2):
            async with served.visitor() as visitor:
                sent = [await visitor.send(f"{n}") for n in range(10)]
                await visitor.until(lambda each=sent: all(pending.ack for pending in each))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        async with served.visitor() as visitor:
            await visitor.send("one too many")
            await visitor.until(lambda: bool(visitor.state.errors))
            assert visitor.state.errors[0]["name"] == "rate_limited"


async def test_an_address_may_hold_only_so_many_sockets(tmp_path: Path, backend: Backend) -> None:
    async with serving(tmp_path / "data", backend, sockets_per_address=2) as served:
        async with raw(served), raw(served), served.http.get(f"{served.base}/livez") as response:
            assert response.status == 200
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                async with raw(served):
                    pass
            assert caught.value.status == 503
        async with raw(served):
            pass


# --- posts and streams


async def post(served: Served, path: str, data: bytes, **headers: str) -> tuple[int, Any]:
    named = {"Origin": origin_of(SHOP), "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in named.items() if value}
    async with served.http.post(served.base + path, data=data, headers=sent) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("data", "status", "name"),
    [
        (b"", 400, "malformed"),
        (b"{", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b"{}", 400, "malformed"),
        (b'{"frames":{}}', 400, "malformed"),
        (b'{"frames":null}', 400, "malformed"),
        (b'{"frames":["\xff"]}', 400, "malformed"),
        (b'{"frames":[' + b",".join([b'{"t":"ping"}'] * 51) + b"]}", 400, "malformed"),
        (b"[" * 60_000, 400, "malformed"),
        (b'{"frames":[' + b" " * 70_000 + b"]}", 413, "too_large"),
    ],
)
async def test_a_post_that_cannot_be_read_is_refused_as_a_whole(
    served: Served, witness: Witness, data: bytes, status: int, name: str
) -> None:
    answer = await post(served, f"/frames/{SHOP}", data)
    assert answer[0] == status
    assert answer[1]["error"]["name"] == name


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("1", "malformed"),
        ("null", "malformed"),
        ('{"t":"dance"}', "unknown_frame"),
        ('{"t":"close","channel":"01926b3a-8a70-7cc2-8f00-0123456789ab"}', "malformed"),
        ('{"t":"history","ref":1,"channel":"x","before":123456789012345678901234567890}', "malformed"),
        ('{"t":"contact","ref":1,"attributes":{"n":NaN}}', "malformed"),
        ("[" * 100 + "]" * 100, "too_deep"),
    ],
)
async def test_a_bad_frame_in_a_post_costs_only_itself(served: Served, witness: Witness, frame: str, name: str) -> None:
    status, answer = await post(served, f"/frames/{SHOP}", b'{"frames":[%s,{"t":"ping"}]}' % frame.encode())
    assert status == 200
    assert [each.get("name", each["t"]) for each in answer["frames"]] == [name, "pong"]


@pytest.mark.parametrize(
    ("path", "headers", "status", "name"),
    [
        (f"/frames/{SHOP}", {"Authorization": ""}, 401, "signed_out"),
        (f"/frames/{SHOP}", {"Authorization": "Basic eDp5"}, 401, "signed_out"),
        (f"/frames/{SHOP}", {"Authorization": "Bearer short"}, 401, "token_ended"),
        (f"/frames/{SHOP}", {"Origin": origin_of(OTHER)}, 403, "foreign_origin"),
        (f"/frames/{SHOP}", {"Origin": ""}, 403, "foreign_origin"),
        ("/frames/nobody", {}, 404, "unknown_site"),
        (f"/stream/{SHOP}", {"Origin": origin_of(OTHER)}, 403, "foreign_origin"),
        ("/stream/nobody", {}, 404, "unknown_site"),
        ("/frames/console", {"Origin": origin_of(SHOP)}, 403, "foreign_origin"),
        ("/frames/console", {"Origin": OWN_ORIGIN}, 401, "signed_out"),
        ("/frames/console", {"Origin": OWN_ORIGIN, "Content_Type": "text/plain"}, 403, "forged"),
        ("/stream/console", {"Origin": OWN_ORIGIN}, 401, "signed_out"),
    ],
)
async def test_a_post_from_nowhere_is_refused(
    served: Served, witness: Witness, path: str, headers: dict[str, str], status: int, name: str
) -> None:
    answer = await post(served, path, b'{"frames":[]}', **headers)
    assert (answer[0], answer[1]["error"]["name"]) == (status, name)


@pytest.mark.parametrize(
    ("hello", "name", "code"),
    [
        (b"nonsense", "malformed", CloseCode.MALFORMED),
        (b'{"t":"ping","x":1}', "malformed", CloseCode.MALFORMED),
        (b'{"t":"search","ref":1,"text":"x"}', "hello_first", CloseCode.MALFORMED),
        (b'{"t":"hello","v":0}', "unsupported_version", CloseCode.UPGRADE_REQUIRED),
        (b'{"t":"hello","v":1,"token":"short"}', "token_ended", CloseCode.SIGNED_OUT),
    ],
)
async def test_a_stream_that_begins_wrong_is_told_why_and_ends(
    served: Served, witness: Witness, hello: bytes, name: str, code: int
) -> None:
    headers = {"Origin": origin_of(SHOP), "Content-Type": "application/json"}
    async with served.http.post(f"{served.base}/stream/{SHOP}", data=hello, headers=headers) as response:
        lines = [json.loads(line) for line in (await response.read()).splitlines() if line]
    assert lines[0]["name"] == name
    assert lines[-1] == {"t": "closed", "code": code}
