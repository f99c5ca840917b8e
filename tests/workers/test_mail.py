"""Handing mails to a server: encrypted between machines, refused for good or for now."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.actions.works import NOW, StillClock
from tests.engines.post_office import PostOffice
from widget_server.actions import links
from widget_server.actions.community import CommunityReader
from widget_server.actions.links import Purpose, do_set_token
from widget_server.actions.mailing import Letter, Mail, post
from widget_server.actions.outbox import Entry
from widget_server.core.errors import Refused
from widget_server.core.reply_addresses import ReplyAddresses
from widget_server.web.languages import Languages
from widget_server.workers.answers import Answers
from widget_server.workers.letters import Letters, Sender
from widget_server.workers.mail import Post, Smtp
from widget_server.workers.outbox import Impossible, Later, Needless, Outbox
from widget_server.workers.workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path

    from widget_server.store.database import Database, Transaction

ADA = "ada@example.com"
FAR = "127.0.0.2"
"""As good as another machine: only 127.0.0.1 is our own."""
LETTER = Letter(ADA, "Hello", "text", "<p>html</p>", "en", None, NOW)


def message(to: str = ADA) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "chat@example.org", to, "Hello"
    made.set_content("text")
    return made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the loopback with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(each)) for each in ("127.0.0.1", FAR)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "post.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusts(certificate: Path) -> ssl.SSLContext:
    """What believes it."""
    return ssl.create_default_context(cafile=str(certificate))


async def test_between_machines_mail_is_encrypted_by_starttls(tls: ssl.SSLContext, trusts: ssl.SSLContext) -> None:
    with PostOffice(tls, host=FAR) as office:
        await Smtp(office.url, trusts=trusts).carry(LETTER, message())
        assert [mail.is_encrypted for mail in office.mails] == [True]


async def test_between_machines_nothing_is_sent_that_is_not_encrypted() -> None:
    with PostOffice(host=FAR) as office:
        with pytest.raises(Later, match=r"^The mail server cannot be reached \(SMTPException\)\.$"):
            await Smtp(office.url).carry(LETTER, message())
        assert office.mails == []


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(tls: ssl.SSLContext) -> None:
    with PostOffice(tls, host=FAR) as office:
        with pytest.raises(Later, match="cannot be reached"):
            await Smtp(office.url).carry(LETTER, message())
        assert office.mails == []


async def test_smtps_speaks_tls_from_the_beginning(tls: ssl.SSLContext, trusts: ssl.SSLContext) -> None:
    with PostOffice(tls, wrapped=True) as office:
        await Smtp(office.url, trusts=trusts).carry(LETTER, message())
        assert len(office.mails) == 1
        with pytest.raises(Later, match="cannot be reached"):
            await Smtp(office.url).carry(LETTER, message())


async def test_on_our_own_machine_plain_smtp_will_do(post_office: PostOffice) -> None:
    await Smtp(post_office.url).carry(LETTER, message())
    assert [mail.is_encrypted for mail in post_office.mails] == [False]


async def test_an_address_in_any_script_is_written_as_it_is(send: Post, post_office: PostOffice) -> None:
    payload: dict[str, Any] = {
        "mail": "approved",
        "to": "josé@bücher.example",
        "language": "",
        "link": None,
        "facts": {},
    }
    await send.send(entry(**payload))
    mail = await post_office.mail("josé@xn--bcher-kva.example")
    assert f"To: {mail.to}\r\n".encode() in mail.raw


async def test_a_login_is_shown_and_a_wrong_one_is_told_by_its_number_alone(
    tls: ssl.SSLContext, trusts: ssl.SSLContext
) -> None:
    with PostOffice(tls, host=FAR, login=("chat", "hunter2")) as office:
        await Smtp(office.url, trusts=trusts).carry(LETTER, message())
        assert len(office.mails) == 1
        with pytest.raises(Later) as caught:
            await Smtp(office.url.replace("hunter2", "hunter3"), trusts=trusts).carry(LETTER, message())
        assert str(caught.value) == "The mail server refuses to work for us (535)."


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ("550 ada is secret", Impossible, "The mail server refuses the recipient (550)."),
        ("553 ada is secret", Impossible, "The mail server refuses the recipient (553)."),
        ("450 ada is secret", Later, "The mail server refuses the recipient (450)."),
        ("421 ada is secret", Later, None),
    ],
)
async def test_s2_25_refused_for_good_is_given_up_and_refused_for_now_is_not(
    post_office: PostOffice, answer: str, kind: type[Exception], text: str | None
) -> None:
    post_office.answers[ADA] = answer
    with pytest.raises(kind) as caught:
        await Smtp(post_office.url).carry(LETTER, message())
    assert "secret" not in str(caught.value)
    assert text is None or str(caught.value) == text
    assert post_office.mails == []


async def test_a_server_that_is_not_there_is_tried_again(post_office: PostOffice) -> None:
    post_office.stop()
    with pytest.raises(Later, match="cannot be reached"):
        await Smtp(post_office.url).carry(LETTER, message())
    post_office.start()


def answers_of(database: Database) -> Answers:
    return Answers(database, ReplyAddresses(b"secret", None), "https://chat.test", 30)


@pytest.fixture
async def send(database: Database, post_office: PostOffice) -> AsyncGenerator[Post]:
    """What the outbox hands its mails to."""
    clock = StillClock()
    workshop = Workshop("mail")
    letters = Letters(Languages(), Sender("https://chat.test", "chat@chat.test", ""))
    yield Post(
        database,
        clock,
        CommunityReader(database, clock),
        letters,
        Smtp(post_office.url),
        workshop,
        answers_of(database),
    )
    await workshop.close()


def entry(**payload: Any) -> Entry:
    return Entry(1, "mail", payload, NOW, 1, None, None, None)


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"mail": "nothing", "to": ADA, "language": "", "link": None, "facts": {}},
        {"mail": "reset", "to": ADA, "language": "", "link": None, "facts": 7},
        {"mail": "approved", "to": "a@b.c\r\nBcc: x@y.z", "language": "", "link": None, "facts": {}},
        {"mail": "approved", "to": "a@b.c,x@y.z", "language": "", "link": None, "facts": {}},
    ],
)
async def test_what_describes_no_mail_is_given_up(send: Post, payload: dict[str, Any], post_office: PostOffice) -> None:
    with pytest.raises(Impossible):
        await send.send(entry(**payload))
    assert post_office.mails == []


async def test_without_a_mail_server_nothing_waits_for_one(database: Database) -> None:
    clock = StillClock()
    workshop = Workshop("mail")
    letters = Letters(Languages(), Sender("https://chat.test", "chat@chat.test", ""))
    silent = Post(database, clock, CommunityReader(database, clock), letters, None, workshop, answers_of(database))
    with pytest.raises(Needless, match=r"^Mail is switched off\.$"):
        await silent.send(entry())
    await workshop.close()


async def post_reset(database: Database) -> int:
    """Have a mail with a link sent; the link's key."""

    async def write(tx: Transaction) -> int:
        made = await links.make(tx, Purpose.RESET, now_ms=NOW, address=ADA)
        await post(tx, Mail.RESET, to=ADA, language="", now_ms=NOW, link_id=made)
        return made

    return await database.write(write)


async def find(database: Database, code: str, now_ms: int = NOW) -> int:
    return (await database.read(lambda tx: links.find(tx, code, Purpose.RESET, now_ms=now_ms))).id


async def test_s20_of_two_mails_with_the_same_link_the_newer_one_opens_and_the_older_nothing(
    database: Database, send: Post, post_office: PostOffice
) -> None:
    made = await post_reset(database)
    payload = {"mail": "reset", "to": ADA, "language": "", "link": made, "facts": {}}
    for _ in range(2):
        await send.send(entry(**payload))
    older, newer = [await post_office.mail(ADA) for _ in range(2)]
    assert older.message["Message-ID"] != newer.message["Message-ID"]
    assert await find(database, newer.code) == made
    with pytest.raises(Refused, match="link_ended"):
        await find(database, older.code)


async def test_a_link_that_a_newer_one_has_ended_is_not_mailed(
    database: Database, send: Post, post_office: PostOffice
) -> None:
    for _ in range(2):
        await post_reset(database)
    worker = Outbox(database, StillClock(), {"mail": send.send})
    await worker.beat()
    await worker.settle()
    assert len(post_office.mails) == 1
    await find(database, post_office.mails[0].code)


async def test_s20_the_time_of_a_link_begins_with_its_mail(database: Database) -> None:
    made = await post_reset(database)
    later = NOW + 5 * 3_600_000
    code = await do_set_token(database, made, lambda count: b"x" * count, now_ms=later)
    assert code is not None
    assert await find(database, code, later + 3_599_999) == made
    with pytest.raises(Refused, match="link_ended"):
        await find(database, code, later + 3_600_000)


async def test_closing_the_workshop_ends_what_hangs_in_it() -> None:
    workshop = Workshop("mail")
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hang() -> None:
        loop.call_soon_threadsafe(began.set)
        await asyncio.Event().wait()

    waiting = asyncio.create_task(workshop.do(hang()))
    await began.wait()
    await workshop.close()
    await workshop.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
