"""A board with members who are told of what happens there, and the workers that tell them, without a server."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from tests.actions.crowd import make_member
from tests.actions.works import Works, at_work, beside
from tests.clients.state import fresh_id
from widget_server.actions.boards import BoardText, do_open_board
from widget_server.actions.community import CommunityReader
from widget_server.actions.notices import do_see
from widget_server.actions.outbox import access_due
from widget_server.actions.passwords import Passwords
from widget_server.actions.posts import Replied, Reply, do_reply
from widget_server.actions.rendering import source_of
from widget_server.actions.sealing import Sealer
from widget_server.actions.threads import Opening, Thread, do_begin_thread
from widget_server.actions.watching import Thing, do_set_level
from widget_server.core.notifying import DELAY_MS, Level
from widget_server.core.reply_addresses import ReplyAddresses
from widget_server.store.statement import Statement
from widget_server.store.tables import board, notice, outbox, person
from widget_server.web.languages import Languages
from widget_server.workers.answers import Answers
from widget_server.workers.letters import Letters, Sender
from widget_server.workers.mail import Post, Smtp
from widget_server.workers.notice_mails import NoticeMails
from widget_server.workers.outbox import Outbox
from widget_server.workers.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from widget_server.actions.accounts import Account
    from widget_server.store.database import Database

BASE: Final = "https://chat.test"
PLANTS: Final = BoardText("Plants", "", "", "everyone", "members", "members", "nested")
_SECRET: Final = secrets.token_bytes(32)


class Node:
    """The workers of one node."""

    def __init__(self, works: Works, mail_url: str, workshop: Workshop) -> None:
        self.works = works
        self.sealer = Sealer(_SECRET, secrets.token_bytes)
        engine = works.engine
        letters = Letters(Languages(), Sender(BASE, "Chat <chat@chat.test>", "[Plum]"))
        post = Post(
            engine.database,
            works.clock,
            CommunityReader(engine.database, works.clock),
            letters,
            Smtp(mail_url),
            workshop,
            Answers(engine.database, ReplyAddresses(_SECRET, None), BASE, 30),
        )
        self.mails = NoticeMails(engine, post, self.sealer, BASE)
        self.outbox = Outbox(engine.database, works.clock, self.mails.handlers)

    async def carry_out(self) -> None:
        """Carry out whatever is due, and what comes of it."""
        now = self.works.clock.now
        while any(await access_due(self.works.engine.database, self.mails.handlers, now_ms=now)):
            await self.outbox.beat()
            await self.outbox.settle()


class Club:
    """Members of a board; Ada opened it."""

    def __init__(self, node: Node, passwords: Passwords) -> None:
        self.node = node
        self.works = node.works
        self.engine = node.works.engine
        self.passwords = passwords
        self.ada: Account

    async def member(self, name: str) -> Account:
        """Make a member."""
        return await make_member(self.engine.database, self.passwords, name)

    async def set_level(self, who: Account, kind: Any, name: str, level: Level | None) -> None:
        """Choose as the page does."""
        await do_set_level(self.engine, who.actor, Thing(kind, name), level)

    async def begin(
        self, who: Account, body: str = "First.", *, title: str = "Ferns", tags: tuple[str, ...] = ()
    ) -> int:
        """Begin a thread; its number."""
        opening = Opening(title, "discussion", await source_of(self.engine, body, 1000), tags)
        thread = await do_begin_thread(self.engine, who, "plants", opening, fresh_id())
        assert isinstance(thread, Thread)
        return thread.number

    async def reply(self, who: Account, number: int, body: str = "Water it.", parent: int = 1) -> int:
        """Answer in it; the answer's place."""
        source = await source_of(self.engine, body, 1000)
        replied = await do_reply(self.engine, who, number, Reply(parent, source), fresh_id())
        assert isinstance(replied, Replied)
        return replied.seq

    async def told(self, who: Account) -> list[str]:
        """The kinds of what somebody was told, in order."""
        rows = await self.all(select(notice.c.kind).where(notice.c.person_id == who.person_id).order_by(notice.c.id))
        return [row[0] for row in rows]

    async def see_all(self, who: Account) -> None:
        """Open everything that somebody was told."""
        for (key,) in await self.all(select(notice.c.id).where(notice.c.person_id == who.person_id)):
            await do_see(self.engine, who.actor, key)

    async def all(self, statement: Any) -> list[Any]:
        """Read rows."""
        return await self.engine.database.read(lambda tx: tx.all(Statement(statement)))

    async def change(self, statement: Any) -> None:
        """Change rows past the actions."""
        await self.engine.database.write(lambda tx: tx.run(Statement(statement)))

    async def close_board(self, readers: str = "moderators") -> None:
        """Let others read the board no more."""
        await self.change(update(board).values(readers=readers))

    async def set_zone(self, who: Account, zone: str) -> None:
        """Choose a zone."""
        await self.change(update(person).where(person.c.id == who.person_id).values(zone=zone))

    async def waiting(self, topic: str) -> int:
        """How many rows of a topic wait in the outbox."""
        return len(await self.all(select(outbox.c.id).where(outbox.c.topic == topic, outbox.c.done_at.is_(None))))

    async def put(self, table: Any, **values: Any) -> None:
        """Insert a row past the actions."""
        await self.change(insert(table).values(**values))

    async def after_the_delay(self) -> None:
        """Let the time of a mail at once come, and carry out what is due."""
        self.works.clock.now += DELAY_MS
        await self.node.carry_out()


@asynccontextmanager
async def club_of(database: Database, mail_url: str) -> AsyncGenerator[Club]:
    """A club on an empty store."""
    workshop, passwords = Workshop("mail"), Passwords(memory_kib=8, passes=1)
    async with at_work(database) as works:
        club = Club(Node(works, mail_url, workshop), passwords)
        club.ada = await club.member("Ada")
        await do_open_board(club.engine, club.ada.actor, PLANTS)
        yield club
    passwords.close()
    await workshop.close()


@asynccontextmanager
async def another_node(club: Club, mail_url: str) -> AsyncGenerator[Node]:
    """One more node on the club's store, at the same time of the day."""
    workshop = Workshop("mail")
    async with beside(club.engine.database) as works:
        works.clock.now = club.works.clock.now
        yield Node(works, mail_url, workshop)
    await workshop.close()
