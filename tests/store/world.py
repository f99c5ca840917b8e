"""The least that messages need: a site, two people, a conversation with its staff channel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from sqlalchemy import insert, select

from tests.clients.state import fresh_id
from widget_server.core.errors import ProductError
from widget_server.core.ids import digest
from widget_server.protocol.effects import Sent
from widget_server.store.committer import Committer
from widget_server.store.records import Author, ChangeMessage, Committed, RaiseMarks, SendMessage, Side
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, conversation, message, person, site

if TYPE_CHECKING:
    from sqlalchemy import Table

    from widget_server.store.database import Database, Row, Transaction

NOW = 1_795_000_000_000


class World(NamedTuple):
    """Keys and names of what was made."""

    site: int
    visitor: Author
    agent: Author
    channel: int
    channel_name: str
    staff: int
    staff_name: str


async def _insert(tx: Transaction, table: Table, **values: Any) -> int:
    key = table.primary_key.columns.values()[0]
    row = await tx.one(Statement(insert(table).values(**values).returning(key)))
    assert row is not None
    return int(row[0])


async def _person(tx: Transaction, kind: str, name: str | None) -> Author:
    public_id = fresh_id()
    key = await _insert(tx, person, public_id=public_id, kind=kind, name=name, created_at=NOW, stamp=await tx.stamp())
    return Author(key, public_id, name)


async def build_world(database: Database) -> World:
    """Make it in one transaction."""

    async def work(tx: Transaction) -> World:
        stamp = await tx.stamp()
        site_id = await _insert(tx, site, key=fresh_id(), name="Shop", created_at=NOW, stamp=stamp)
        visitor = await _person(tx, "visitor", None)
        agent = await _person(tx, "agent", "Grace")
        common = {"site_id": site_id, "creator_id": visitor.id, "created_at": NOW, "stamp": stamp}
        names = fresh_id(), fresh_id()
        key = await _insert(tx, channel, public_id=names[0], kind="conversation", client_id="c", **common)
        staff = await _insert(tx, channel, public_id=names[1], kind="staff", client_id="s", beside_id=key, **common)
        await _insert(
            tx,
            conversation,
            channel_id=key,
            staff_id=staff,
            site_id=site_id,
            visitor_id=visitor.id,
            activity_at=NOW,
            stamp=stamp,
        )
        return World(site_id, visitor, agent, key, names[0], staff, names[1])

    return await database.write(work)


_BODIES = Statement(
    select(message.c.channel_id, message.c.seq, message.c.body).order_by(message.c.channel_id, message.c.seq)
)


async def stored(database: Database) -> list[Row]:
    """(channel, seq, body) of every message."""
    return await database.read(lambda tx: tx.all(_BODIES))


class Desk:
    """A committer with somebody who writes: what was answered and published, in the order in which it happened."""

    def __init__(self, database: Database, world: World, **options: Any) -> None:
        self.world = world
        self.log: list[str] = []
        self.published: list[Committed] = []
        self.fatal: list[BaseException] = []
        self.committer = Committer(database, self._sink, fatal=self.fatal.append, **options)

    async def __aenter__(self) -> Self:
        self.committer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.committer.stop()

    def _sink(self, committed: Committed) -> None:
        self.log.append("published")
        self.published.append(committed)

    def _answering(self, what: str) -> tuple[asyncio.Future[Any], Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def done(outcome: Any) -> None:
            self.log.append(f"answered {what}")
            future.set_result(outcome)

        return future, done

    def send(
        self,
        body: str,
        side: Side = "visitor",
        client_id: str | None = None,
        channel: int | None = None,
        *,
        parent: int | None = None,
        author: Author | None = None,
    ) -> asyncio.Future[Any]:
        """Queue a message; the future gets the outcome."""
        future, done = self._answering(body)
        if author is None:
            author = self.world.visitor if side == "visitor" else self.world.agent
        self.committer.submit(
            SendMessage(
                self.world.channel if channel is None else channel,
                author,
                side,
                client_id or fresh_id(),
                digest(body),
                "text",
                body,
                parent,
                None,
                NOW,
                done,
            )
        )
        return future

    def change(self, seq: int, revision: int, body: str | None, *, author: Author | None = None, since: int = 0) -> Any:
        """Queue an edit, or with ``body`` None a removal."""
        future, done = self._answering(f"change of {seq}")
        who = author or self.world.visitor
        change = ChangeMessage(self.world.channel, who, "visitor", seq, revision, body, since, 15, NOW, done)
        self.committer.submit(change)
        return future

    def receipt(self, side: Side, delivered: int, seen: int) -> None:
        """Queue a receipt."""
        person_id = self.world.agent.id if side == "agent" else 0
        self.committer.submit(RaiseMarks(self.world.channel, side, person_id, delivered, seen))

    @property
    def versions(self) -> list[tuple[int, int]]:
        """(from, to) of every published event of the conversation."""
        return [
            (event.from_version, event.to_version)
            for committed in self.published
            for event in committed.events
            if event.channel_id == self.world.channel
        ]


def sent(outcome: Any) -> Sent:
    """The outcome, which is expected to be good."""
    assert isinstance(outcome, Sent), outcome
    return outcome


def refused(outcome: Any) -> str:
    """The name of the refusal, which is expected."""
    assert isinstance(outcome, ProductError), outcome
    return outcome.name
