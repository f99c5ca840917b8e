"""The same input gets the same verdict, and leaves the same behind, whichever database is underneath.

Both are served side by side and are told the same things; what they answer and what they hold then is compared.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from tests.engines.backends import PostgreSQLBackend, SQLiteBackend
from tests.protocol.samples import CHANNEL, OTHER, SAMPLES
from tests.serving import OWN_ORIGIN, SHOP, begin, command, follow, origin_of, serving
from widget_server.app import create_control
from widget_server.protocol.codes import ERRORS
from widget_server.routes.office import OFFICE
from widget_server.store.statement import Statement
from widget_server.store.tables import canned_reply, contact, message, person, revision, site

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    import aiohttp

    from tests.engines.postgresql import PostgreSQL
    from tests.serving import Served, Staff
    from widget_server.store.database import Row

TEXTS: Final = (
    "", " ", "\x00", "a\x00b", "\x01\x1f\x7f", "\ud800", "a\udfff", "\ufffe", "\U0001ffff", "%", "_", "\\", "%_\\%",
    "'; DROP TABLE message --", '"', "\u0130I\u0131i", "STRA\u1e9eE", "\u00dcber", "e\u0301 \u00e9", "\u202etxt\u202c",
    "\u200b", "\U0001f9d1\u200d\U0001f680", "\ufdfa" * 50, "x" * 41, "x" * 201, "x" * 4000, "x" * 4001,
    "\U0001f9e1" * 4000, "{}", "null", "-1", "9" * 30, "1e400", "2999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59+14:00",
)  # fmt: skip
NUMBERS: Final = (
    -(2**80), -(2**63) - 1, -(2**63), -(2**31), -1, 0, 1, 2, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53, 2**63 - 1,
    2**63, 2**64, 2**80, 1.5, -0.0, 1e300,
)  # fmt: skip
HELD = {
    "messages": Statement(
        select(message.c.seq, message.c.side, message.c.body, message.c.parent, message.c.after_seq).order_by(
            message.c.no
        )
    ),
    "revisions": Statement(
        select(revision.c.revision, revision.c.body).order_by(revision.c.message_no, revision.c.revision)
    ),
    "contacts": Statement(select(contact.c.name, contact.c.mail, contact.c.attributes, contact.c.context)),
    "people": Statement(select(person.c.kind, person.c.name).order_by(person.c.id)),
    "replies": Statement(select(canned_reply.c.shortcut, canned_reply.c.body).order_by(canned_reply.c.id)),
    "sites": Statement(select(site.c.name).order_by(site.c.id)),
}
NOTES: Final = "01926b3a-8a70-7cc2-8f00-0123456789ff"
_FRESH: Final = (f"01926b3a-8a70-7cc2-8f01-{number:012x}" for number in count())


class House(NamedTuple):
    """One of the two installations, with a conversation that has a note."""

    served: Served
    staff: Staff
    token: str
    names: dict[str, str]
    """Made-up names of the samples, and what they are here."""

    async def held(self) -> dict[str, list[Row]]:
        """What it holds, without what is drawn by lot or by the clock."""
        database = self.served.engine.database
        return {name: await database.read(lambda tx, s=each: tx.all(s)) for name, each in HELD.items()}  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    def own(self, frame: Any) -> Any:
        """The frame with this installation's names."""
        text = json.dumps(frame)
        for made_up, name in self.names.items():
            text = text.replace(made_up, name)
        return text

    @asynccontextmanager
    async def line(self, side: str) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
        """A greeted socket."""
        http, key, base, origin = self.served.http, SHOP, self.served.base, origin_of(SHOP)
        hello: dict[str, Any] = {"t": "hello", "v": 1, "token": self.token}
        if side == "agent":
            http, key, origin = self.staff.http, "console", OWN_ORIGIN
            del hello["token"]
        async with http.ws_connect(f"{base}/ws/{key}", headers={"Origin": origin}) as socket:
            await socket.send_json(hello)
            told = await socket.receive_json(timeout=30)
            assert (told[0] if isinstance(told, list) else told)["t"] == "welcome"
            yield socket

    async def verdict(self, side: str, frame: dict[str, Any]) -> str:
        """What is answered to a frame on a line of its own, without what is drawn by lot or by the clock."""
        async with self.line(side) as socket:
            await socket.send_str(self.own(frame))
            is_answered = "ref" in frame
            if not is_answered:
                await socket.send_str('{"t":"ping"}')
            while True:
                received = await socket.receive(timeout=30)
                if not isinstance(received.data, str):
                    return f"closed with {socket.close_code}"
                told = json.loads(received.data)
                for each in told if isinstance(told, list) else [told]:
                    if each["t"] == "error":
                        assert ERRORS[each["name"]].number < 5000, (frame, each)
                        return f"error {each['name']}"
                    if each["t"] == "pong" or (is_answered and each.get("ref") == frame["ref"]):
                        return f"{each['t']} {each.get('seq')} {len(each.get('hits', ()))}"


@asynccontextmanager
async def _house(served: Served) -> AsyncGenerator[House]:
    staff = await served.staff("Grace")
    async with served.visitor() as visitor, served.console(staff) as console:
        channel = await begin(visitor, "\u00dcber 100% plum_\\ \u0130stanbul stra\u00dfe")
        _, notes = await follow(console, channel)
        await console.deliver("a note", notes)
        assert (await command(visitor, "edit", channel=channel, seq=1, revision=1, body="100% PLUM_\\ \u00fcber"))["t"]
        yield House(served, staff, str(visitor.state.token), {CHANNEL: channel, NOTES: notes})


@pytest.fixture
async def houses(tmp_path: Path, empty_store: Path, postgresql: PostgreSQL) -> AsyncGenerator[list[House]]:
    """One on SQLite, one on PostgreSQL."""
    async with AsyncExitStack() as stack:
        made = []
        for backend in (SQLiteBackend(empty_store), PostgreSQLBackend(postgresql)):
            stack.callback(backend.close)
            served = await stack.enter_async_context(serving(tmp_path / backend.kind, backend))
            made.append(await stack.enter_async_context(_house(served)))
        yield made


def _mutated(value: Any) -> Iterator[Any]:
    """The same with one part of it replaced by something hostile."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in {"t", "ref", "channel"}:
                for other in _mutated(part):
                    yield {**value, name: other}
    elif isinstance(value, bool):
        yield from (None, "true", 1)
    elif isinstance(value, str):
        yield from TEXTS
    elif isinstance(value, int):
        yield from NUMBERS


async def agree(houses: list[House], side: str, frame: dict[str, Any]) -> None:
    """Tell it to both and compare."""
    if frame.get("client_id") == OTHER:
        frame = {**frame, "client_id": next(_FRESH)}
    verdicts = await asyncio.gather(*(house.verdict(side, frame) for house in houses))
    assert len(set(verdicts)) == 1, (frame, verdicts)


_SEND: Final = {"t": "send", "ref": 1, "client_id": OTHER, "channel": CHANNEL, "body": "Hello"}
_FRAMES: Final = {
    **{sample["t"]: sample for sample in SAMPLES if sample["t"] not in {"hello", "send", "close", "ping", "sign_out"}},
    "send": {**_SEND, "parent": 1},
    "send a note": {**_SEND, "channel": NOTES, "after_seq": 1},
    "start": {"t": "send", "ref": 1, "client_id": OTHER, "start": OTHER, "body": "Hello"},
}


@pytest.mark.parametrize("kind", _FRAMES)
async def test_every_hostile_part_of_every_frame_gets_one_verdict(houses: list[House], kind: str) -> None:
    for side in ("visitor", "agent"):
        for frame in (_FRAMES[kind], *_mutated(_FRAMES[kind])):
            await agree(houses, side, frame)
    one, other = [await house.held() for house in houses]
    assert one == other


async def test_a_search_finds_the_same(houses: list[House]) -> None:
    for text in ("plum", "PLUM", "100%", "%", "_", "plum_", "m_\\", "\\", "\u00fcber", "\u00dcBER", "nothing"):
        await agree(houses, "agent", {"t": "search", "ref": 1, "text": text})


@pytest.mark.parametrize("field", ["token", "inbox", "inbox_epoch", "v"])
async def test_a_hostile_greeting_gets_one_verdict(houses: list[House], field: str) -> None:
    for value in (*TEXTS, *NUMBERS):
        greeting = json.dumps({"t": "hello", "v": 1, field: value})
        verdicts = []
        for house in houses:
            url, headers = f"{house.served.base}/ws/{SHOP}", {"Origin": origin_of(SHOP)}
            async with house.served.http.ws_connect(url, headers=headers) as socket:
                await socket.send_str(greeting)
                answer = await socket.receive_json(timeout=30)
                assert answer.get("code", 0) < 5000, (value, answer)
                verdicts.append((answer["t"], answer.get("name")))
        assert len(set(verdicts)) == 1, (value, verdicts)


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


@pytest.mark.parametrize(
    "path", ["/widget/{}.js", "/widget/frame/{}", "/ws/{}", "/stream/{}", "/frames/{}", "/static/{}"]
)
async def test_a_hostile_address_gets_one_verdict(houses: list[House], path: str) -> None:
    method = "POST" if path in {"/stream/{}", "/frames/{}"} else "GET"
    for text in TEXTS:
        statuses = []
        for house in houses:
            url = house.served.base + path.format(_encoded(text))
            headers = {"Origin": origin_of(SHOP), "Content-Type": "application/json"}
            async with house.served.http.request(method, url, data=b'{"frames":[]}', headers=headers) as response:
                statuses.append(response.status)
        assert statuses[0] == statuses[1] < 500, (text, statuses)


_CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "own name": ("PUT", "/console/api/me", {"name": "Ada"}),
    "canned reply": ("POST", "/console/api/canned", {"shortcut": "hi", "body": "Hello"}),
    "site": ("POST", "/console/api/sites", {"name": "Plum", "allowed_origins": "https://plum.test"}),
    "settings of a site": ("PUT", f"/console/api/sites/{SHOP}", {"name": "Shop", "greeting": "Hi", "accent": "#000"}),
    "canned reply that is not there": ("PUT", "/console/api/canned/999999999999999", {"shortcut": "x", "body": "x"}),
}


@pytest.mark.parametrize("call", _CALLS)
async def test_hostile_parts_of_a_call_get_one_verdict(houses: list[House], call: str) -> None:
    method, path, good = _CALLS[call]
    for body in (good, *_mutated(good), *({**good, name: number} for name in good for number in NUMBERS)):
        answers = []
        for house in houses:
            staff = house.staff
            async with staff.http.get(f"{house.served.base}/console/api/me") as response:
                csrf = (await response.json())["csrf"]
            headers = {"X-CSRF": csrf, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
            async with staff.http.request(
                method, house.served.base + path, data=json.dumps(body), headers=headers
            ) as response:
                told = await response.json()
                answers.append((response.status, told.get("error", {}).get("name"), told.get("name")))
        assert answers[0] == answers[1], (body, answers)
        assert answers[0][0] < 500, (body, answers)
    one, other = [await house.held() for house in houses]
    assert one == other


@pytest.mark.parametrize(
    ("verb", "good"),
    [
        ("create-agent", {"mail": "eve@example.com", "name": "Eve", "password": "plum tree over river", "site": SHOP}),
        ("set-password", {"mail": "grace@chat.test", "password": "plum tree over river"}),
        ("create-site", {"name": "Plum", "origins": ["https://plum.test"], "key": "plum"}),
    ],
)
async def test_hostile_parts_of_an_operators_verb_get_one_verdict(
    houses: list[House], verb: str, good: dict[str, Any]
) -> None:
    async with AsyncExitStack() as stack:
        controls = [
            await stack.enter_async_context(TestClient(TestServer(create_control(house.served.app))))
            for house in houses
        ]
        for values in (good, *_mutated(good)):
            answers = []
            for control in controls:
                # The command line says it so: what is no text in UTF-8 it cannot say.
                said = json.dumps(values, ensure_ascii=False).encode(errors="replace")
                response = await control.post(f"/verbs/{verb}", data=said)
                told = await response.json()
                answers.append((response.status, told.get("error", {}).get("name")))
            assert answers[0] == answers[1], (values, answers)
            assert answers[0][0] < 500, (values, answers)
        for text in TEXTS[1:]:
            found = [(await control.get(f"/follow/{_encoded(text)}")).status for control in controls]
            assert found[0] == found[1] in {400, 404}, (text, found)


async def test_a_hostile_sign_in_gets_one_verdict(houses: list[House]) -> None:
    for text in TEXTS:
        statuses = []
        for house in houses:
            office = house.served.app[OFFICE]
            binding = house.served.clock.token()
            form = {"email": text, "password": "x", "csrf": office.csrf.token(binding)}
            body = "&".join(f"{name}={_encoded(value)}" for name, value in form.items())
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
            async with house.served.http.post(
                f"{house.served.base}/sign-in",
                data=body,
                headers={**headers, "Cookie": f"form={binding}"},
                allow_redirects=False,
            ) as response:
                statuses.append(response.status)
            house.served.clock.ahead_ms += 3_600_000
        assert statuses == [401, 401], (text, statuses)
