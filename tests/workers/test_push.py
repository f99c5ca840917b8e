"""Web push: sealed for the browser alone, signed for its push service, and sent only where somebody still listens."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import insert, select, update

from tests.actions.works import NOW, StillClock
from tests.clients.push import push_service, raw
from widget_server.actions import outbox
from widget_server.actions.outbox import put
from widget_server.actions.push_lines import (
    FAILURES_MAX,
    LINES_MAX,
    TOPIC,
    Signer,
    do_close_line,
    do_open_line,
    list_lines,
)
from widget_server.actions.sealing import Sealer
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.web_push import encoded
from widget_server.ops.outgoing import Outgoing
from widget_server.store.statement import Statement
from widget_server.store.tables import identity, notice, person, push_line, session
from widget_server.web.languages import Languages
from widget_server.workers.letters import Letters, Sender
from widget_server.workers.outbox import Outbox
from widget_server.workers.push import Pushes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.clients.push import PushService
    from widget_server.store.database import Database, Transaction

SECRET = b"a key of forty-eight bytes, which is long enough"
TOLD = Statement(select(notice.c.pushed_at).where(notice.c.id == 7))
ROWS = Statement(select(push_line.c.endpoint, push_line.c.sealed_keys, push_line.c.used_at, push_line.c.failures))
PERSON = 1


class Place:
    """A worker with one member who has two sessions, and a push service on this machine."""

    def __init__(self, database: Database, service: PushService, outgoing: Outgoing) -> None:
        self.db = database
        self.service = service
        self.clock = StillClock()
        self.sealer = Sealer(SECRET, self.clock.random)
        self.signer = Signer(SECRET, "mailto:chat@example.org")
        letters = Letters(Languages(), Sender("https://chat.example.org", "chat@example.org", ""))
        self.pushes = Pushes(database, self.clock, self.sealer, self.signer, outgoing, letters)
        self.outbox = Outbox(database, self.clock, {TOPIC: self.pushes.send})

    async def is_noted(self) -> bool:
        """Whether the notice is marked as told in this way."""
        row = await self.db.read(lambda tx: tx.one(TOLD))
        assert row is not None
        return row[0] is not None

    async def change(self, **values: Any) -> None:
        """Let the notice be otherwise."""
        await self.db.write(lambda tx: tx.run(Statement(update(notice).where(notice.c.id == 7).values(**values))))

    async def open(self, name: str = "line", session_id: int = 1) -> None:
        await do_open_line(self.db, self.sealer, PERSON, session_id, self.service.wanted(name), self.clock.now)

    async def lines(self) -> list[str]:
        found = await list_lines(self.db, self.sealer, PERSON, self.clock.now)
        return [line.endpoint.rpartition("/")[2] for line in found]

    async def wake(self) -> None:
        """Have a notice told, and the worker do what is due."""
        payload = {"person": PERSON, "notice": 7}
        await self.db.write(lambda tx: put(tx, TOPIC, payload, now_ms=self.clock.now, person_id=PERSON))
        await self.beat()

    async def beat(self) -> None:
        await self.outbox.beat()
        await self.outbox.settle()

    async def end_session(self, session_id: int) -> None:
        ended = update(session).where(session.c.id == session_id).values(ended_at=self.clock.now)
        await self.db.write(lambda tx: tx.run(Statement(ended)))


@asynccontextmanager
async def at_place(database: Database, allowed: str = "127.0.0.0/8") -> AsyncGenerator[Place]:
    outgoing = Outgoing([ip_network(allowed)])
    async with push_service() as service:
        for key in (1, 2):
            await begin_session(database, key)
        await begin_notice(database)
        await outgoing.start()
        try:
            yield Place(database, service, outgoing)
        finally:
            await outgoing.close()


async def begin_notice(database: Database) -> None:
    """What the first person is to be told, at an address that is theirs."""
    known = insert(identity).values(
        person_id=PERSON, kind="mail", value="ada@example.org", created_at=NOW, confirmed_at=NOW
    )
    told = insert(notice).values(
        id=7, person_id=PERSON, kind="warning", details='{"text":"Be kind"}', created_at=NOW, stamp=1
    )
    for statement in (Statement(known), Statement(told)):
        await database.write(partial(run, statement))


async def run(statement: Statement, tx: Transaction) -> int:
    return await tx.run(statement)


async def begin_session(database: Database, key: int) -> None:
    """A person and a session with the same key; the second session is the first one's too."""
    made = insert(person).values(id=key, public_id=f"person {key}", kind="member", created_at=NOW, stamp=1)
    await database.write(lambda tx: tx.run(Statement(made)))
    opened = insert(session).values(
        id=key, token_hash=f"hash {key}", person_id=PERSON, created_at=NOW, seen_at=NOW, expires_at=NOW + 90_000_000,
        stamp=1,
    )  # fmt: skip
    await database.write(lambda tx: tx.run(Statement(opened)))


@pytest.fixture
async def place(database: Database) -> AsyncGenerator[Place]:
    async with at_place(database) as place:
        yield place


async def test_what_is_due_reaches_the_browser_and_only_it_can_read_it(place: Place) -> None:
    await place.open()
    await place.wake()
    (taken,) = place.service.taken
    assert place.service.read(taken.body) == {
        "title": "A moderator has warned you",
        "body": "Be kind",
        "path": "notices/7",
        "tag": "notice-7",
        "lang": "en",
        "dir": "ltr",
    }
    assert b"kind" not in taken.body
    assert (taken.headers["Content-Encoding"], taken.headers["TTL"], taken.headers["Topic"]) == (
        "aes128gcm", "86400", "notice-7",
    )  # fmt: skip
    assert await place.is_noted()


async def test_the_push_service_can_tell_who_sends(place: Place) -> None:
    await place.open()
    await place.wake()
    scheme, _, rest = place.service.taken[0].headers["Authorization"].partition(" ")
    fields = dict(each.strip().split("=", 1) for each in rest.split(","))
    assert (scheme, fields["k"]) == ("vapid", place.signer.public_key)
    point = raw(fields["k"])
    key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": encoded(point[1:33]), "y": encoded(point[33:])})
    claims = jwt.decode(fields["t"], key, algorithms=["ES256"]).claims
    assert claims["aud"] == place.service.base
    assert claims["sub"] == "mailto:chat@example.org"
    assert 0 < claims["exp"] - NOW // 1000 <= 86_400


async def test_every_node_signs_with_the_same_key_and_another_installation_with_another() -> None:
    keys = [Signer(secret, "mailto:a@example.org").public_key for secret in (SECRET, SECRET, b"another" * 8)]
    assert keys[0] == keys[1] != keys[2]


async def test_a_long_text_fits_into_what_push_services_take(place: Place) -> None:
    await place.change(details=orjson.dumps({"text": "\U0001f98a" * 5_000}).decode())
    await place.open()
    await place.wake()
    (taken,) = place.service.taken
    assert len(taken.body) <= 4_096
    assert place.service.read(taken.body)["body"].startswith("\U0001f98a" * 60)


async def test_all_browsers_are_woken_and_none_of_a_session_that_ended(place: Place) -> None:
    await place.open("laptop", 1)
    await place.open("phone", 2)
    assert await place.lines() == ["laptop", "phone"]
    await place.end_session(2)
    await place.wake()
    assert len(place.service.taken) == 1
    assert await place.lines() == ["laptop"]


async def test_a_session_that_ran_out_wakes_nobody(place: Place) -> None:
    await place.open()
    place.clock.now += 90_000_000
    await place.wake()
    assert place.service.taken == []


@pytest.mark.parametrize("how", ["seen_at", "mailed_at", "pushed_at"])
async def test_what_was_told_otherwise_meanwhile_is_not_sent(place: Place, how: str) -> None:
    await place.open()
    await place.change(**{how: NOW})
    await place.wake()
    assert place.service.taken == []


async def test_it_is_said_in_the_language_of_whom_it_is_for(place: Place) -> None:
    speaks = update(person).where(person.c.id == PERSON).values(language="ar")
    await place.db.write(lambda tx: tx.run(Statement(speaks)))
    await place.open()
    await place.wake()
    told = place.service.read(place.service.taken[0].body)
    assert (told["lang"], told["dir"]) == ("ar", "rtl")


@pytest.mark.parametrize("status", [404, 410])
async def test_a_line_that_is_no_more_is_forgotten(place: Place, status: int) -> None:
    place.service.status = status
    await place.open()
    await place.wake()
    assert await place.lines() == []
    assert not await place.is_noted()


async def test_a_busy_push_service_is_asked_again_later(place: Place) -> None:
    place.service.status = 429
    await place.open()
    await place.wake()
    assert not await place.is_noted()
    place.service.status = 201
    place.clock.now += outbox.pause_ms(1, 255)
    await place.beat()
    assert (len(place.service.taken), await place.is_noted()) == (2, True)


async def test_one_browser_that_took_it_is_not_told_again_for_the_others_sake(place: Place) -> None:
    await place.open("good", 1)
    wanted = place.service.wanted()._replace(endpoint="http://127.0.0.1:9/closed")
    await do_open_line(place.db, place.sealer, PERSON, 2, wanted, NOW)
    await place.wake()
    place.clock.now += outbox.pause_ms(1, 255)
    await place.beat()
    assert len(place.service.taken) == 1


async def test_a_browser_that_never_answers_is_given_up(place: Place) -> None:
    place.service.status = 400
    await place.open()
    for _ in range(FAILURES_MAX - 1):
        await place.wake()
    assert await place.lines() == ["line"]
    await place.wake()
    assert await place.lines() == []


async def test_s31_nothing_is_sent_to_an_address_inside(database: Database) -> None:
    async with at_place(database, allowed="192.0.2.0/24") as place:
        await place.open()
        await place.wake()
        assert place.service.taken == []


async def test_who_signs_in_in_the_same_browser_takes_its_line_over(place: Place) -> None:
    await place.open()
    await do_open_line(place.db, place.sealer, 2, 2, place.service.wanted(), NOW)
    assert await place.lines() == []


async def test_opening_a_line_again_is_harmless_and_there_are_not_endlessly_many(place: Place) -> None:
    for number in range(LINES_MAX):
        await place.open(f"line-{number}")
    await place.open("line-3")
    with pytest.raises(Unacceptable) as refused:
        await place.open("another")
    assert refused.value.name == "too_many"
    assert len(await place.lines()) == LINES_MAX


async def test_lines_of_ended_sessions_make_room(place: Place) -> None:
    for number in range(LINES_MAX):
        await place.open(f"line-{number}", 2)
    await place.end_session(2)
    await place.open("fresh")
    assert await place.lines() == ["fresh"]


async def test_only_its_owner_closes_a_line(place: Place) -> None:
    await place.open()
    (line,) = await list_lines(place.db, place.sealer, PERSON, NOW)
    with pytest.raises(Refused):
        await do_close_line(place.db, 2, line.id)
    await do_close_line(place.db, PERSON, line.id)
    assert await place.lines() == []


async def test_keys_that_are_none_are_refused(place: Place) -> None:
    wanted = place.service.wanted()._replace(p256dh="BA")
    with pytest.raises(Unacceptable) as refused:
        await do_open_line(place.db, place.sealer, PERSON, 1, wanted, NOW)
    assert refused.value.name == "bad_push_line"


async def test_a_dump_of_the_store_opens_nothing(place: Place) -> None:
    await place.open()
    ((_, keys, _, _),) = await place.db.read(lambda tx: tx.all(ROWS))
    assert encoded(place.service.auth) not in keys
