"""Answers that come by mail: by a real SMTP client and by the webhook, and what strangers try with both."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import smtplib
import socket
from contextlib import AsyncExitStack
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from tests.clients.socket import SocketClient
from tests.clients.state import ClientState
from tests.patience import eventually
from tests.routes.conftest import SHOP
from tests.routes.test_chat_mails import ADA, answered
from widget_server.actions.inbound_mail import HANDS
from widget_server.app import INBOUND
from widget_server.routes.keys import LETTERBOX
from widget_server.routes.office import OFFICE
from widget_server.store.database import StoreUnavailable
from widget_server.store.statement import Statement
from widget_server.store.tables import message
from widget_server.workers.inbound import CONNECTIONS_MAX

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from aiohttp import ClientResponse

    from tests.engines.post_office import PostOffice, ReceivedMail
    from tests.routes.conftest import Browser
    from tests.routes.test_claims import Widget
    from widget_server.settings import Settings

SECRET = "q8Zt2Wn5Lk0Xc7Vb4Ha1Jd6Gf9Sp3YeRu"
DOMAIN = "reply.test"
MESSAGES = Statement(select(message.c.side, message.c.kind, message.c.body).order_by(message.c.no))
DAY = 86_400_000


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a server that takes mail."""
    own = {
        "inbound_domain": DOMAIN,
        "inbound_port": 0,
        "inbound_secret": SecretStr(SECRET),
        "inbound_max_bytes": 800_000,
    }
    return settings.model_copy(update=own)


class Chat:
    """A conversation with an answer that was mailed, and the ways back into it."""

    def __init__(self, browser: Browser, widget: Widget, line: SocketClient, mail: ReceivedMail) -> None:
        self.browser = browser
        self.widget = widget
        self.line = line
        self.mail = mail
        self.reply_to = mail.message["Reply-To"].addresses[0].addr_spec
        inbound = browser.app[INBOUND]
        assert inbound is not None
        self.port = inbound.port

    def answer(self, text: str, *, name: str = "<1@example.com>", sender: str = ADA, **headers: str) -> EmailMessage:
        """A mail as a mail program writes it."""
        made = EmailMessage()
        made["From"] = f"Ada <{sender}>"
        made["To"] = self.reply_to
        made["Message-ID"] = name
        made["Subject"] = f"Re: {self.mail.subject}"
        made["In-Reply-To"] = self.mail.message["Message-ID"]
        for header, value in headers.items():
            made[header.replace("_", "-")] = value
        made.set_content(text)
        return made

    async def send(self, raw: EmailMessage | bytes, *, to: str | None = None, sender: str = ADA) -> tuple[int, str]:
        """Bring it by SMTP; what the server said last."""
        data = raw if isinstance(raw, bytes) else raw.as_bytes()
        return await asyncio.to_thread(self._send, data, to or self.reply_to, sender)

    def _send(self, data: bytes, to: str, sender: str) -> tuple[int, str]:
        try:
            return self._bring(data, to, sender)
        except (smtplib.SMTPServerDisconnected, OSError):
            return 0, "cut off"

    def _bring(self, data: bytes, to: str, sender: str) -> tuple[int, str]:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as server:
            server.ehlo("example.com")
            server.mail(sender)
            code, said = server.rcpt(to)
            if code == 250:
                code, said = server.data(data)
        return code, said.decode()

    async def post(
        self, body: bytes, kind: str = "message/rfc822", *, at: int | None = None, secret: str = SECRET
    ) -> ClientResponse:
        """Bring it by HTTP, signed."""
        stamp = str(self.browser.app[OFFICE].now_ms() // 1000 if at is None else at)
        signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": kind, "Support-Chat-Timestamp": stamp, "Support-Chat-Signature": f"v1={signature}",
        }  # fmt: skip
        return await self.browser.client.post("/inbound/mail", data=body, headers=headers)

    async def said(self) -> list[tuple[str, str]]:
        """All that stands in the conversation, as it is stored."""
        rows = await self.browser.app[OFFICE].engine.database.read(lambda tx: tx.all(MESSAGES))
        return [(side, body) for side, kind, body in rows if kind == "text"][2:]


@pytest.fixture
async def chat(browser: Browser, lines: AsyncExitStack, post_office: PostOffice, clock: Any) -> Chat:
    """A visitor has asked, gone, and was mailed the answer."""
    return Chat(browser, *await answered(browser, lines, post_office, clock))


@pytest.mark.everywhere
async def test_a_visitor_answers_a_mail_and_it_stands_in_the_chat_at_once(
    chat: Chat, lines: AsyncExitStack, post_office: PostOffice, clock: Any
) -> None:
    assert "You can answer this mail" in chat.mail.text
    assert len(chat.reply_to.partition("@")[0]) <= 64
    quoted = "\n".join(f"> {line}" for line in chat.mail.text.splitlines())
    made = chat.answer(f"Thank you!\nWhen?\n\nOn Thu, 26 Nov 2026, Grace wrote:\n{quoted}\n")
    assert (await chat.send(made))[0] == 250
    channel = chat.line.state.channels[chat.widget.channel]
    await chat.line.until(lambda: any(each["body"] == "Thank you!\nWhen?" for each in channel.messages.values()))
    written = next(each for each in channel.messages.values() if each["body"] == "Thank you!\nWhen?")
    assert written["author"]["role"] == "visitor"
    # The visitor comes back, and sees what they wrote by mail.
    url = str(chat.browser.client.make_url(f"/ws/{chat.widget.site.key}"))
    state = ClientState("visitor", chat.widget.line.state.token)
    back = await lines.enter_async_context(SocketClient(chat.browser.client.session, url, SHOP, state))
    shown = await back.show(chat.widget.channel)
    assert [each["body"] for each in shown.messages.values()][-1] == "Thank you!\nWhen?"
    # The agent's next answer goes into the same thread of the mail program.
    await back.leave()
    await chat.line.deliver("At noon.", channel=chat.widget.channel)
    clock.ahead_ms += 180_000
    second = await post_office.mail(ADA)
    assert second.message["In-Reply-To"] == chat.mail.message["Message-ID"]


@pytest.mark.everywhere
async def test_the_same_mail_again_is_one_message(chat: Chat) -> None:
    made = chat.answer("Thank you!")
    assert [(await chat.send(made))[0] for _ in range(3)] == [250] * 3
    results = await asyncio.gather(*(chat.send(chat.answer("And?", name="<2@example.com>")) for _ in range(4)))
    assert [code for code, _ in results] == [250] * 4
    assert await chat.said() == [("visitor", "Thank you!"), ("visitor", "And?")]
    staff = await chat.browser.app[OFFICE].engine.database.read(lambda tx: tx.all(MESSAGES))
    assert [body for _, kind, body in staff if kind == "system" and "by_mail" in body] == ['{"event":"by_mail"}'] * 2


def _damaged(token: str) -> str:
    return token[:-3] + ("aaa" if token[-3:] != "aaa" else "bbb")


@pytest.mark.parametrize(
    "change",
    [
        lambda _, local: f"{_damaged(local)}@{DOMAIN}",
        lambda _, local: f"reply+baaaaaaa{local.removeprefix('reply+')[8:]}@{DOMAIN}",
        lambda _, local: f"{local}@other.test",
        lambda _, local: f"{local}@{DOMAIN}.evil.example",
        lambda _, local: f"{local}a@{DOMAIN}",
        lambda _, local: f"postmaster@{DOMAIN}",
        lambda _, local: f"reply+@{DOMAIN}",
        lambda chat, _: f"reply+{chat.stop_token()}@{DOMAIN}",
        lambda _, local: "victim@elsewhere.example",
    ],
    ids=["MAC", "conversation", "domain", "longer domain", "longer", "postmaster", "empty", "stop token", "relay"],
)
async def test_an_address_that_was_not_given_is_refused_before_the_mail_comes(
    chat: Chat, change: Callable[[Any, str], str]
) -> None:
    class WithStop:
        @staticmethod
        def stop_token() -> str:
            return str(chat.mail.message["List-Unsubscribe"]).strip("<> ").rpartition("/")[2]

    local = chat.reply_to.partition("@")[0]
    assert (await chat.send(chat.answer("Hello"), to=change(WithStop, local)))[0] == 550
    assert await chat.said() == []


async def test_an_address_in_other_letters_is_the_same_and_one_that_has_ended_is_none(chat: Chat, clock: Any) -> None:
    assert (await chat.send(chat.answer("Loud."), to=chat.reply_to.upper()))[0] == 250
    clock.ahead_ms += 31 * DAY
    assert (await chat.send(chat.answer("Late.", name="<2@example.com>")))[0] == 550
    assert await chat.said() == [("visitor", "Loud.")]


async def test_an_address_ends_when_the_visitor_has_another_one(chat: Chat, lines: AsyncExitStack) -> None:
    url = str(chat.browser.client.make_url(f"/ws/{chat.widget.site.key}"))
    state = ClientState("visitor", chat.widget.line.state.token)
    line = await lines.enter_async_context(SocketClient(chat.browser.client.session, url, SHOP, state))
    about = {"mail": "new@example.com", "name": "Ada", "attributes": {}}
    await line.ask({"t": "contact", "ref": line.state.ref(), **about})
    assert (await chat.send(chat.answer("Hello")))[0] == 550


async def test_who_was_passed_the_mail_does_not_write_in_the_visitors_name(chat: Chat) -> None:
    code, said = await chat.send(chat.answer("Cancel it.", sender="eve@evil.example"), sender="eve@evil.example")
    assert (code, "from the address" in said) == (550, True)
    assert (await chat.send(chat.answer("Mine.", sender="ADA@example.com"), sender="bounces@lists.example"))[0] == 250
    assert await chat.said() == [("visitor", "Mine.")]


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Autoreply": "yes"}, {"List_Id": "<a.b>"}],
)
async def test_what_a_program_sent_is_thrown_away_and_never_answered(
    chat: Chat, post_office: PostOffice, headers: dict[str, str]
) -> None:
    before = len(post_office.mails)
    assert (await chat.send(chat.answer("I am away.", **headers)))[0] == 250
    assert (await chat.send(chat.answer("Could not be delivered."), sender=""))[0] == 250
    assert await chat.said() == []
    assert len(post_office.mails) == before


async def test_hostile_mails_end_as_refused_or_harmless(chat: Chat) -> None:
    ours = f"From: {ADA}\r\nTo: {chat.reply_to}\r\n".encode()
    nested = b"".join(
        f'Content-Type: multipart/mixed; boundary="b{number}"\r\n\r\n--b{number}\r\n'.encode() for number in range(500)
    )
    assert (await chat.send(ours + nested))[0] == 554
    many = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 1_000
    assert (await chat.send(ours + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + many))[0] == 554
    assert (await chat.send(ours + b"\r\n" + (b"x" * 70 + b"\r\n") * 15_000))[0] == 552
    assert (await chat.send(ours + b"\r\n"))[0] == 550
    assert (await chat.send(f"To: {chat.reply_to}\r\n\r\nNobody wrote this.".encode()))[0] == 550
    both = f"From: {ADA}, eve@evil.example\r\n\r\nTwo wrote this.".encode()
    assert (await chat.send(both))[0] == 550
    assert await chat.said() == []
    markup = ours + b"Message-ID: <1@x>\r\n Bcc: eve@evil.example\r\n\r\n<script>alert(1)</script>\x00\x07 \xed\x9f\xbf"
    assert (await chat.send(markup))[0] == 250
    smuggled = ours + b"\r\nfirst\r\n\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<victim@elsewhere.example>\r\n"
    assert (await chat.send(smuggled))[0] == 250
    bodies = [body for _, body in await chat.said()]
    assert bodies[0] == "<script>alert(1)</script> \ud7ff"
    assert len(bodies) == 2


async def test_a_mail_of_far_too_many_lines_is_cut_off_and_holds_nobody_up(chat: Chat) -> None:
    lines = f"From: {ADA}\r\n\r\n".encode() + b"\r\n" * 100_000
    assert (await chat.send(lines))[0] != 250
    assert await chat.said() == []
    assert (await chat.send(chat.answer("Hello")))[0] == 250


async def test_a_long_answer_is_cut_and_attachments_are_named(chat: Chat) -> None:
    made = chat.answer("word " * 2_000)
    made.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="bill https://evil.example/.pdf")
    assert (await chat.send(made))[0] == 250
    ((_, body),) = await chat.said()
    assert len(body) <= 4_000
    assert body.endswith("[…]\n\n[Attachments were left out: bill evil example/.pdf]")


async def test_while_the_store_cannot_be_used_the_sender_keeps_the_mail(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = chat.browser.app[OFFICE].engine.database

    async def fail(*_: object) -> None:
        raise StoreUnavailable("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(database, "write", fail)
        assert (await chat.send(chat.answer("Hello")))[0] == 451
        broken.setattr(database, "read", fail)
        assert (await chat.send(chat.answer("Hello")))[0] == 451
        assert (await chat.post(chat.answer("Hello").as_bytes())).status == 503
    assert (await chat.send(chat.answer("Hello")))[0] == 250
    assert await chat.said() == [("visitor", "Hello")]


async def test_one_connection_too_many_is_turned_away_and_one_mail_has_one_recipient(chat: Chat) -> None:
    def fill() -> tuple[bytes, int]:
        held = [socket.create_connection(("127.0.0.1", chat.port), timeout=30) for _ in range(CONNECTIONS_MAX)]
        try:
            for each in held:
                assert each.recv(100).startswith(b"220 ")
            with socket.create_connection(("127.0.0.1", chat.port), timeout=30) as late:
                return late.recv(100), 0
        finally:
            for each in held:
                each.close()

    assert (await asyncio.to_thread(fill))[0].startswith(b"421 ")

    def two() -> tuple[int, int]:
        with smtplib.SMTP("127.0.0.1", chat.port, timeout=30) as server:
            server.ehlo("example.com")
            server.mail(ADA)
            return server.rcpt(chat.reply_to)[0], server.rcpt(chat.reply_to)[0]

    assert await asyncio.to_thread(two) == (250, 452)


async def test_strangers_who_send_by_http_and_do_not_end_hold_a_few_mails_and_no_more(chat: Chat) -> None:
    begun, end = asyncio.Semaphore(0), asyncio.Event()

    async def endless() -> AsyncGenerator[bytes]:
        yield b"From: "
        begun.release()
        await end.wait()

    headers = {"Content-Type": "message/rfc822"}
    client = chat.browser.client
    strangers = [
        asyncio.create_task(client.session.post(client.make_url("/inbound/mail"), data=endless(), headers=headers))
        for _ in range(HANDS)
    ]
    for _ in strangers:
        await begun.acquire()
    await eventually(chat.browser.app[LETTERBOX].hands.locked)
    assert (await chat.post(chat.answer("By HTTP.").as_bytes())).status == 503
    end.set()
    assert {answer.status for answer in await asyncio.gather(*strangers)} == {401}
    assert (await chat.post(chat.answer("By HTTP.").as_bytes())).status == 204


@pytest.mark.everywhere
async def test_a_provider_hands_mails_over_by_http(chat: Chat) -> None:
    raw = chat.answer("By HTTP.").as_bytes()
    assert (await chat.post(raw)).status == 204
    told = json.dumps({"to": chat.reply_to, "raw": chat.answer("As JSON.", name="<2@example.com>").as_string()})
    assert (await chat.post(told.encode(), "application/json")).status == 204
    assert (await chat.send(chat.answer("By HTTP.")))[0] == 250
    assert await chat.said() == [("visitor", "By HTTP."), ("visitor", "As JSON.")]


async def test_what_is_handed_over_is_signed_lately_with_the_secret(chat: Chat) -> None:
    raw = chat.answer("Hello").as_bytes()
    now = chat.browser.app[OFFICE].now_ms() // 1000
    assert (await chat.post(raw, secret="x" * 40)).status == 401
    assert (await chat.post(raw, at=now - 400)).status == 401
    assert (await chat.post(raw, at=now + 400)).status == 401
    assert (await chat.browser.client.post("/inbound/mail", data=raw)).status == 401
    assert (await chat.post(raw, "text/plain")).status == 415
    assert (await chat.post(b"{}", "application/json")).status == 400
    assert (await chat.post(b"From: a@b.example\r\nTo: nobody@reply.test\r\n\r\nHello")).status == 404
    assert (await chat.post(chat.answer("Hello", sender="eve@evil.example").as_bytes())).status == 403
    assert (await chat.post(b"x" * 900_000)).status == 413
    assert await chat.said() == []


async def test_s42_neither_an_address_nor_a_mail_is_in_the_log(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await chat.send(chat.answer("A secret matter."))
    await chat.send(chat.answer("Another matter.", sender="eve@evil.example", name="<2@example.com>"))
    await chat.send(chat.answer("Hello"), to=f"{chat.reply_to}x")
    lines = "\n".join(f"{each.getMessage()} {vars(each)}" for each in caplog.records if each.name != "mail.log")
    assert "Took an answer by mail." in lines
    for told in ("matter", ADA, "evil", chat.reply_to.partition("@")[0]):
        assert told not in lines
