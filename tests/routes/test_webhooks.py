"""G20, S32: every acknowledged message's event arrives, in order for its channel, signed, and told to nobody else."""

from __future__ import annotations

import asyncio
import hmac
import random
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from tests.clients.state import fresh_id
from tests.patience import PATIENCE_SECONDS, until_read
from tests.routes.grants import grant_administrator
from tests.routes.programs import Program, program_of
from tests.routes.sinks import LOCAL, Sink, sink
from tests.serving import OTHER, SHOP, begin, serving
from widget_server.actions import deliveries
from widget_server.actions.deliveries import ATTEMPTS, signature
from widget_server.actions.outbox import pause_ms
from widget_server.core.scopes import Scope
from widget_server.store.statement import Statement
from widget_server.store.tables import outbox, webhook, webhook_delivery

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.engines.backends import Backend
    from tests.serving import Served

MESSAGES = ["message.created", "message.edited", "message.removed"]
EVERYTHING = [*MESSAGES, "conversation.created", "conversation.changed", "contact.changed"]
STORED = Statement(select(webhook.c.secret))
DELIVERIES = Statement(select(webhook_delivery.c.payload, webhook_delivery.c.problem))
OUTBOX = Statement(select(outbox.c.topic, outbox.c.payload))


@asynccontextmanager
async def served_out(backend: Backend, tmp_path: Path, **settings: Any) -> AsyncGenerator[tuple[Served, Program]]:
    """An installation that may reach this machine, and a program that may do everything in it."""
    async with serving(tmp_path / "served", backend, outgoing_allowed=LOCAL, **settings) as served:
        staff = await served.staff("Ada")
        await grant_administrator(served, staff)
        yield served, await program_of(served, staff)


async def hook(program: Program, target: Sink, topics: list[str], site: str | None = SHOP) -> str:
    """Make a webhook; its id."""
    made = await program.call("POST", "/webhooks", {"url": target.url, "topics": topics, "site": site})
    target.secret = made["secret"]
    return str(made["id"])


async def states(program: Program, public_id: str) -> list[str]:
    """How far its deliveries are, the newest first."""
    found = (await program.call("GET", f"/webhooks/{public_id}/deliveries"))["deliveries"]
    return [row["state"] for row in found]


def seqs(events: list[dict[str, Any]], channel: str) -> list[int]:
    return [each["data"]["seq"] for each in events if each["conversation"] == channel]


def once(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As a receiver takes them. A moved clock ends what a courier has in hand, and the other node sends it again."""
    return list({event["id"]: event for event in events}.values())


async def come_back(served: Served, target: Sink, holds: Any) -> None:
    """Let time pass until it holds: what was not taken is tried again after longer and longer pauses."""
    async with asyncio.timeout(2 * PATIENCE_SECONDS):
        while not holds():
            served.clock.ahead_ms += 4_600_000
            seen = len(target.tried) + 1
            try:
                async with asyncio.timeout(1.5):
                    await target.until_tried(seen)
            except TimeoutError:
                continue


@pytest.mark.everywhere
async def test_g20_every_acked_message_arrives_in_order_at_a_sink_that_fails_half_the_time(
    backend: Backend, tmp_path: Path
) -> None:
    chance = random.Random(4)
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        await hook(program, target, ["message.created"])
        target.answer = lambda _: chance.choice([200, 500])
        acked: dict[str, list[int]] = {}
        for number in range(3):
            async with served.visitor() as visitor:
                channel = await begin(visitor, f"Number {number}")
                acked[channel] = [1]
                for more in range(3):
                    acked[channel].append((await visitor.deliver(f"More {more}", channel))["seq"])
        for channel, numbers in acked.items():
            numbers.append((await program.send(channel))["seq"])
        total = sum(map(len, acked.values()))
        await come_back(served, target, lambda: len(once(target.taken)) >= total)
        for channel, numbers in acked.items():
            assert seqs(once(target.taken), channel) == numbers
        ids = [event["id"] for event in target.tried]
        assert len(set(ids)) == total
        assert len(ids) > total


@pytest.mark.everywhere
async def test_g20_everything_that_was_asked_for_is_told_as_whole_states(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        await hook(program, target, EVERYTHING)
        async with served.visitor() as visitor:
            channel = await begin(visitor, "Hello")
            await visitor.ask({"t": "contact", "ref": visitor.state.ref(), "name": "Zoë"})
        own = await program.send(channel, "On its way")
        await program.call("PUT", f"/conversations/{channel}/messages/{own['seq']}", {"body": "Here", "revision": 1})
        await program.call("PUT", f"/conversations/{channel}/status", {"status": "resolved"})
        await program.send(channel, "One more thing")
        await target.until(lambda: len(target.taken) >= 8)
        told = [event["topic"] for event in target.taken if event["topic"] != "contact.changed"]
        assert told == [
            "conversation.created", "message.created", "message.created", "message.edited", "conversation.changed",
            "message.created", "conversation.changed",
        ]  # fmt: skip
        of_channel = [event for event in target.taken if "conversation" in event]
        assert {event["conversation"] for event in of_channel} == {channel}
        assert {event["site"] for event in target.taken} == {SHOP}
        states = [event["data"]["status"] for event in target.taken if event["topic"] == "conversation.changed"]
        assert states == ["resolved", "open"]
        (contact,) = [event["data"] for event in target.taken if event["topic"] == "contact.changed"]
        assert contact["name"] == "Zoë"
        (edited,) = [event["data"] for event in target.taken if event["topic"] == "message.edited"]
        assert (edited["body"], edited["revision"], edited["author"]["name"]) == ("Here", 1, "Ada")
        headers = target.headers[0]
        assert headers["Content-Type"] == "application/json"
        assert headers["Support-Chat-Attempt"] == "1"
        assert "Cookie" not in headers


async def test_s46_no_note_is_told_unless_it_was_asked_for_by_name(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target, sink() as staff_target:
        await hook(program, target, EVERYTHING)
        async with served.visitor() as visitor:
            channel = await begin(visitor, "Hello")
        note = {"client_id": fresh_id(), "body": "A difficult one", "after_seq": 1}
        await program.call("POST", f"/conversations/{channel}/notes", note)
        stored = await served.engine.database.read(lambda tx: tx.all(OUTBOX))
        assert "note.created" not in {row[0] for row in stored}
        await hook(program, staff_target, ["note.created"])
        second = {"client_id": fresh_id(), "body": "Another one"}
        await program.call("POST", f"/conversations/{channel}/notes", second)
        await program.call("PUT", f"/conversations/{channel}/status", {"status": "pending"})
        await staff_target.until(lambda: len(staff_target.taken) >= 1)
        await target.until(lambda: any(each["topic"] == "conversation.changed" for each in target.taken))
        (told,) = staff_target.taken
        assert (told["topic"], told["conversation"], told["data"]["body"]) == ("note.created", channel, "Another one")
        assert "difficult" not in str(target.taken)
        assert "Another" not in str(target.taken)


async def test_s46_a_program_asks_for_nothing_that_it_may_not_read(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, _), sink() as target:
        staff = await served.staff("Grace")
        await grant_administrator(served, staff)
        few = await program_of(served, staff, [Scope.WEBHOOKS_WRITE, Scope.CONVERSATIONS_READ])
        for topic in ("message.created", "note.created"):
            wanted = {"url": target.url, "topics": ["conversation.created", topic], "site": SHOP}
            assert await few.refused("POST", "/webhooks", wanted) == (422, "bad_choice")
        only = await program_of(served, staff, [Scope.WEBHOOKS_WRITE])
        wanted = {"url": target.url, "topics": ["conversation.created"], "site": SHOP}
        assert (await only.refused("POST", "/webhooks", wanted))[0] in {404, 422}
        agent = await program_of(served, await served.staff("Linus", SHOP))
        assert await agent.refused("POST", "/webhooks", wanted) == (404, "not_found")
        own = await program_of(served, staff, tuple(Scope), site=SHOP)
        for site in (OTHER, None):
            assert await own.refused("POST", "/webhooks", wanted | {"site": site}) == (404, "not_found")


async def test_s46_a_program_sends_nowhere_else_what_it_may_not_read(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (_, program), sink() as target, sink() as thief:
        public_id = await hook(program, target, ["message.created", "note.created"])
        # The same person's, without the notes.
        scopes = [Scope.WEBHOOKS_WRITE, Scope.MESSAGES_READ, Scope.TOKENS_READ]
        tokens = await program.call("POST", "/tokens", {"name": "Less", "scopes": [str(scope) for scope in scopes]})
        other = Program(program.http, program.base, tokens["token"])
        path = f"/webhooks/{public_id}"
        assert await other.refused("PATCH", path, {"url": thief.url}) == (422, "bad_choice")
        assert (await other.call("PATCH", path, {"is_active": True}))["url"] == target.url
        only = {"url": thief.url, "topics": ["message.created"]}
        assert (await other.call("PATCH", path, only))["topics"] == ["message.created"]


async def test_s46_what_waited_when_its_topic_was_taken_out_is_not_told(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        target.answer = lambda _: 500
        public_id = await hook(program, target, ["message.created", "note.created"])
        async with served.visitor() as visitor:
            channel = await begin(visitor, "Hello")
        note = {"client_id": fresh_id(), "body": "A difficult one", "after_seq": 1}
        await program.call("POST", f"/conversations/{channel}/notes", note)
        await target.until(lambda: {event["topic"] for event in target.tried} == {"message.created", "note.created"})
        await program.call("PATCH", f"/webhooks/{public_id}", {"topics": ["message.created"]})
        target.tried.clear()
        target.answer = lambda _: 200
        rows = (await program.call("GET", f"/webhooks/{public_id}/deliveries"))["deliveries"]
        for row in rows:
            await program.call("POST", f"/webhooks/{public_id}/deliveries/{row['id']}/retry")
        await target.until_tried(1)
        await until_read(lambda: states(program, public_id), lambda found: set(found) == {"done"})
        assert [event["topic"] for event in target.tried] == ["message.created"]


@pytest.mark.only("sqlite", "postgresql")
async def test_g20_what_waits_for_a_webhook_that_is_switched_off_is_kept(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        public_id = await hook(program, target, ["message.created"])
        target.held = asyncio.Event()
        async with served.visitor() as visitor:
            channel = await begin(visitor, "1")
            for number in range(2, 6):
                await visitor.deliver(str(number), channel)
        await until_read(lambda: states(program, public_id), lambda found: found.count("waiting") >= 5)
        # Its courier is under way with the first one.
        await target.until(lambda: target.arrived >= 1)
        await program.call("PATCH", f"/webhooks/{public_id}", {"is_active": False})
        target.held.set()
        await until_read(lambda: states(program, public_id), lambda found: found.count("waiting") <= 4)
        await program.call("POST", f"/webhooks/{public_id}/ping")
        assert seqs(target.taken, channel) == [1]
        await program.call("PATCH", f"/webhooks/{public_id}", {"is_active": True})
        # The ping belongs to no conversation and comes between them.
        await target.until(lambda: len(seqs(target.taken, channel)) >= 5)
        assert seqs(target.taken, channel) == [1, 2, 3, 4, 5]


async def test_s46_of_a_message_that_was_removed_no_text_leaves(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        target.answer = lambda _: 500
        await hook(program, target, MESSAGES)
        async with served.visitor() as visitor:
            channel = await begin(visitor, "Hello")
        await target.until(lambda: len(target.tried) >= 1)
        own = await program.send(channel, "A slip of the tongue")
        await program.call("DELETE", f"/conversations/{channel}/messages/{own['seq']}")
        target.answer = lambda _: 200
        await come_back(served, target, lambda: len(target.taken) >= 3)
        assert [event["topic"] for event in target.taken] == ["message.created", "message.created", "message.removed"]
        assert "slip" not in str(target.taken)
        assert target.taken[-1]["data"]["removed"] is True
        rows = await served.engine.database.read(lambda tx: tx.all(DELIVERIES))
        assert "Hello" not in str(rows)


async def test_nothing_is_written_where_nobody_wants_to_know(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        public_id = await hook(program, target, EVERYTHING)
        await program.call("PATCH", f"/webhooks/{public_id}", {"is_active": False})
        async with served.visitor() as visitor:
            channel = await begin(visitor, "Hello")
        async with served.visitor(site=OTHER) as visitor:
            await begin(visitor, "Hello")
        await program.send(channel)
        rows = await served.engine.database.read(lambda tx: tx.all(OUTBOX))
        assert {row[0] for row in rows} == {"conversation.created"}
        await program.call("PATCH", f"/webhooks/{public_id}", {"is_active": True, "topics": ["message.created"]})
        await program.send(channel, "Now")
        await target.until(lambda: len(target.taken) >= 1)
        assert [event["data"]["body"] for event in target.taken] == ["Now"]


async def test_s32_a_slow_address_delays_no_other(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as slow, sink() as quick:
        slow.held = asyncio.Event()
        await hook(program, slow, ["message.created"])
        await hook(program, quick, ["message.created"])
        async with served.visitor() as visitor:
            channel = await begin(visitor, "Hello")
            for _ in range(4):
                await visitor.deliver("More", channel)
        await quick.until(lambda: len(quick.taken) >= 5)
        assert slow.taken == []
        slow.held.set()
        await slow.until(lambda: len(slow.taken) >= 5)
        assert seqs(slow.taken, channel) == [1, 2, 3, 4, 5]


async def test_g20_what_is_never_taken_is_given_up_within_a_day_and_can_be_sent_again(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ATTEMPTS", 3)
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        target.answer = lambda _: 503
        public_id = await hook(program, target, ["message.created"])
        async with served.visitor() as visitor:
            await begin(visitor, "Hello")

        async def state() -> dict[str, Any]:
            return dict((await program.call("GET", f"/webhooks/{public_id}/deliveries"))["deliveries"][0])

        await target.until(lambda: len(target.tried) >= 1)
        await come_back(served, target, lambda: len(target.tried) >= 3)
        given_up = await until_read(state, lambda found: found["state"] != "waiting")
        assert (given_up["state"], given_up["problem"], given_up["status"]) == ("dead", "it answered 503", 503)
        target.answer = lambda _: 200
        await program.call("POST", f"/webhooks/{public_id}/deliveries/{given_up['id']}/retry")
        await target.until(lambda: len(target.taken) >= 1)
        assert target.taken[0]["id"] == given_up["event"]
        assert len({event["id"] for event in target.tried}) == 1


def test_s32_all_pauses_together_are_less_than_a_day() -> None:
    pauses = [pause_ms(attempt, 255) for attempt in range(1, ATTEMPTS)]
    assert pauses == sorted(pauses)
    assert sum(pauses) < 24 * 3_600_000
    assert pause_ms(3, 0) < pause_ms(3, 255)


async def test_s32_an_address_that_says_it_is_gone_is_believed(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        target.answer = lambda _: 410
        public_id = await hook(program, target, ["message.created"])
        async with served.visitor() as visitor:
            await begin(visitor, "Hello")
        await target.until(lambda: len(target.tried) >= 1)
        await until_read(lambda: states(program, public_id), lambda found: found[0] == "dead")


async def test_s32_the_secret_is_told_once_kept_sealed_and_used(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        public_id = await hook(program, target, ["message.created"])
        assert target.secret.startswith("whsec_")
        shown = await program.fetch("GET", f"/webhooks/{public_id}")
        assert target.secret not in await shown.text()
        ((stored,),) = await served.engine.database.read(lambda tx: tx.all(STORED))
        assert target.secret not in stored
        await program.call("POST", f"/webhooks/{public_id}/ping")
        await target.until(lambda: len(target.taken) >= 1)
        assert (target.taken[0]["topic"], target.taken[0]["data"]) == ("webhook.ping", {})


def test_s32_the_sample_of_the_document_knows_what_is_from_us() -> None:
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    now = int(time.time())
    good = f"v1={signature('whsec_a', now, b'{}')}"
    is_genuine = names["is_genuine"]
    assert is_genuine("whsec_a", str(now), good, b"{}")
    assert not is_genuine("whsec_a", str(now), good, b"[]")
    assert not is_genuine("whsec_b", str(now), good, b"{}")
    old = f"v1={signature('whsec_a', now - 301, b'{}')}"
    assert not is_genuine("whsec_a", str(now - 301), old, b"{}")
    assert not is_genuine("whsec_a", "soon", good, b"{}")


def test_s32_the_signature_covers_the_time_and_the_body() -> None:
    first = signature("whsec_a", 1_700_000_000, b"{}")
    assert first == hmac.new(b"whsec_a", b"1700000000.{}", "sha256").hexdigest()
    assert len({first, signature("whsec_a", 1_700_000_001, b"{}"), signature("whsec_a", 1_700_000_000, b"[]"),
                signature("whsec_b", 1_700_000_000, b"{}")}) == 4  # fmt: skip


async def test_s31_an_address_inside_is_refused_when_it_is_set_and_when_it_is_called(
    backend: Backend, tmp_path: Path
) -> None:
    async with serving(tmp_path / "served", backend) as served, sink() as target:
        staff = await served.staff("Ada")
        await grant_administrator(served, staff)
        program = await program_of(served, staff)
        for url in (target.url, "http://169.254.169.254/", "ftp://example.com/", "https://a:b@example.com/"):
            wanted = {"url": url, "topics": ["message.created"], "site": SHOP}
            assert await program.refused("POST", "/webhooks", wanted) == (422, "bad_url")
        # A name is asked for when it is called: this one leads inside.
        wanted = {"url": "http://localhost:8080/", "topics": ["message.created"], "site": SHOP}
        public_id = (await program.call("POST", "/webhooks", wanted))["id"]
        await program.call("POST", f"/webhooks/{public_id}/ping")

        async def problem() -> Any:
            rows = (await program.call("GET", f"/webhooks/{public_id}/deliveries"))["deliveries"]
            return rows[0]["problem"] if rows else None

        assert await until_read(problem) == "this address may not be reached"
        assert target.tried == []


async def test_a_webhook_of_every_site_is_told_of_each(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        await hook(program, target, ["message.created"], site=None)
        for site in (SHOP, OTHER):
            async with served.visitor(site=site) as visitor:
                await begin(visitor, "Hello")
        await target.until(lambda: len(target.taken) >= 2)
        assert {event["site"] for event in target.taken} == {SHOP, OTHER}


async def test_what_waits_for_a_webhook_that_is_taken_away_is_given_up(backend: Backend, tmp_path: Path) -> None:
    async with served_out(backend, tmp_path) as (served, program), sink() as target:
        target.answer = lambda _: 500
        public_id = await hook(program, target, ["message.created"])
        async with served.visitor() as visitor:
            await begin(visitor, "Hello")
        await target.until(lambda: len(target.tried) >= 1)
        await program.call("DELETE", f"/webhooks/{public_id}")
        assert await program.refused("GET", f"/webhooks/{public_id}") == (404, "not_found")
        assert (await program.call("GET", "/webhooks"))["webhooks"] == []
        ((_, problem),) = await served.engine.database.read(lambda tx: tx.all(DELIVERIES))
        assert problem == "the webhook was removed"


@pytest.mark.only("sqlite", "postgresql")
async def test_g20_a_restart_between_commit_and_sending_loses_nothing(backend: Backend, tmp_path: Path) -> None:
    async with sink() as target:
        target.answer = lambda _: 500
        async with served_out(backend, tmp_path) as (served, program):
            await hook(program, target, ["message.created"])
            async with served.visitor() as visitor:
                channel = await begin(visitor, "Hello")
                await visitor.deliver("And more", channel)
        target.answer = lambda _: 200
        async with serving(tmp_path / "served", backend, outgoing_allowed=LOCAL) as again:
            await come_back(again, target, lambda: len(target.taken) >= 2)
        assert seqs(target.taken, channel) == [1, 2]
