"""What a mail says is found whatever is in it, in any language; what is built to be a burden is refused."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from widget_server.core.mail_reading import PARTS_MAX, Unreadable, read_answer, recipients_of, text_of_page
from widget_server.core.quotes import without_quotes

HEAD = b"From: Ada <ada@example.com>\r\nMessage-ID: <1@example.com>\r\n"


def mail(body: str, subtype: str = "plain", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = "Ada <ada@example.com>"
    message["Message-ID"] = "<1@example.com>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body, subtype=subtype)
    return message.as_bytes()


@pytest.mark.parametrize(
    "tail",
    [
        "On Thu, 26 Nov 2026 at 12:00, Grace (Shop) <chat@example.org> wrote:\n> It is on its way.\n> Grace",
        "On Thu, 26 Nov 2026 at 12:00, Grace (Shop) <\nchat@example.org> wrote:\n\n> It is on its way.",
        "Am Do., 26. Nov. 2026 um 12:00 Uhr schrieb Grace <chat@example.org>:\n> Es ist unterwegs.",
        "Am 26.11.2026 um 12:00 schrieb Grace:\n> Es ist unterwegs.",
        "Le jeu. 26 nov. 2026 à 12:00, Grace <chat@example.org> a écrit :\n> C'est en route.",
        "El jue, 26 nov 2026 a las 12:00, Grace (<chat@example.org>) escribió:\n> Está en camino.",
        "Il giorno gio 26 nov 2026 alle ore 12:00 Grace <chat@example.org> ha scritto:\n> È in arrivo.",
        "Op do 26 nov 2026 om 12:00 schreef Grace <chat@example.org>:\n> Het is onderweg.",
        "W dniu czw., 26 lis 2026 o 12:00 Grace <chat@example.org> napisał(a):\n> Jest w drodze.",
        "Em qui., 26 de nov. de 2026 às 12:00, Grace <chat@example.org> escreveu:\n> Está a caminho.",
        "في الخميس، 26 نوفمبر 2026 في 12:00 كتب Grace <chat@example.org>:\n> إنه في الطريق.",
        "-----Original Message-----\nFrom: Grace\nSent: Thursday\nTo: Ada\nSubject: Answer",
        "________________________________\nVon: Grace <chat@example.org>\nGesendet: Montag\nAn: Ada\nBetreff: Antwort",
        "De : Grace\nEnvoyé : jeudi\nÀ : Ada\nObjet : Réponse\n\nC'est en route.",
        "From: Grace\nDate: Thursday\nSubject: Answer\nTo: Ada\n\nIt is on its way.",
        "##- Write your answer above this line -##\nYou were answered in the chat.",
        "> ##- Schreiben Sie über dieser Zeile -##\nwhatever a program leaves",
        "-- \nAda Byron\nAnalyst",
        "Sent from my telephone",
        "> It is on its way.\n> Grace",
    ],
)
def test_what_a_mail_program_added_is_cut_in_every_language(tail: str) -> None:
    assert without_quotes(f"Thank you!\n\nWhen exactly?\n\n{tail}") == "Thank you!\n\nWhen exactly?"


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote: it never came.",
        "> When do you want it?\n\nOn Monday.\n\n> And where?\n\nAt home.",
        "From: here\nto there it takes an hour.",
        "On the first of May I am at home.\nAm I to pay?",
        "a -- b\n--c",
        "The form says:\n> Name\nWhat do I write?",
    ],
)
def test_what_somebody_wrote_themselves_stays(text: str) -> None:
    assert without_quotes(text) == text


def test_an_answer_below_the_quotation_is_kept_with_it() -> None:
    text = "On Thu, 26 Nov 2026 at 12:00, Grace <chat@example.org> wrote:\n> When?\n\nOn Monday."
    assert without_quotes(text) == text


def test_where_cutting_would_leave_nothing_the_text_stays() -> None:
    assert without_quotes("> yes") == "> yes"


def test_the_text_is_read_before_the_page_and_the_page_without_its_tags() -> None:
    message = EmailMessage()
    message["From"] = "ada@example.com"
    message.set_content("As text.\n")
    message.add_alternative("<p>As a page.</p>", subtype="html")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="bill.pdf")
    found = read_answer(message.as_bytes())
    assert (found.sender, found.text, found.attachments) == ("ada@example.com", "As text.", ("bill.pdf",))
    page = "<html><head><title>t</title><style>p{}</style></head><body><p>Hello &amp; <b>goodbye</b></p><script>x()"
    page += "</script><div>Second&nbsp;line<br>third</div><blockquote>quoted</blockquote></body></html>"
    assert read_answer(mail(page, "html")).text == "Hello & goodbye\n\nSecond line\nthird"
    assert text_of_page("<p>5 < 6 &lt;b&gt;") == "5 < 6 <b>"


@pytest.mark.parametrize(
    ("charset", "body", "expected"),
    [
        ("iso-8859-1", b"caf\xe9", "café"),
        ("utf-8", b"caf\xe9", "caf\ufffd"),
        ("klingon", "café".encode(), "café"),
        ('"utf-8"', b"a\x00b\x07c", "abc"),
        ("utf-7", b"caf+AOk-", "café"),
        ("rot13", b"abc", "abc"),
        ("base64", b"abc", "abc"),
    ],
)
def test_a_wrong_or_unknown_charset_loses_no_message(charset: str, body: bytes, expected: str) -> None:
    raw = HEAD + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + body
    assert read_answer(raw).text == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (vacation)"},
        {"Precedence": "bulk"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<a.list>"},
        {"Return_Path": "<>"},
    ],
)
def test_what_a_program_sent_is_known(headers: dict[str, str]) -> None:
    assert read_answer(mail("I am away.", **headers)).is_automatic
    assert not read_answer(mail("I am here.", Auto_Submitted="no")).is_automatic


@pytest.mark.parametrize("sender", ["a@x.example, b@x.example", "", "nobody", "a@x.example\r\nFrom: b@x.example"])
def test_a_mail_of_several_senders_has_none(sender: str) -> None:
    found = read_answer(f"From: {sender}\r\n\r\nHello".encode())
    assert found.sender in {"", "nobody"}


def _nested(depth: int) -> bytes:
    levels = (
        f'Content-Type: multipart/mixed; boundary="b{number}"\r\n\r\n--b{number}\r\n'.encode()
        for number in range(depth)
    )
    return HEAD + b"".join(levels) + b"Content-Type: text/plain\r\n\r\nHello"


def _many(count: int) -> bytes:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * count + b"--b--\r\n"


_PARAMETERS = b";" * 1_000_000
_FOLDED = b";\r\n " * 200_000


@pytest.mark.parametrize(
    "raw",
    [
        _nested(30),
        _nested(5_000),
        _many(PARTS_MAX + 1),
        _many(300_000),
        HEAD + b'Content-Type: text/plain; x="' + _PARAMETERS + b"\r\n\r\nHello",
        HEAD + b'Content-Type: text/plain; x="' + _FOLDED + b"\r\n\r\nHello",
        HEAD + b'content-disposition : inline; x="' + _PARAMETERS + b"\n\nHello",
        HEAD + b'Content-Type: text/plain; x="' + b";" * 1_000 + b"\r\n\r\nHello",
    ],
    ids=[
        "nested",
        "nested deeply",
        "parts",
        "a great many parts",
        "a long header",
        "a long folded header",
        "another long header",
        "parameters",
    ],
)
def test_a_mail_built_to_be_a_burden_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_answer(raw)


def test_a_head_that_takes_long_to_read_names_nobody() -> None:
    head = b"To: reply@example.org\r\nContent-Type: multipart/mixed"
    assert recipients_of(head + b"; boundary=b\r\n\r\nHello") == ["reply@example.org"]
    assert recipients_of(head + b'; x="' + b";" * 90_000 + b"\r\n\r\nHello") == []


@pytest.mark.parametrize("charset", ["punycode", "PunyCode", "idna"])
def test_what_calls_itself_encoded_as_the_name_of_a_host_is_read_as_it_stands(charset: str) -> None:
    head = HEAD + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert read_answer(head + b"Hello-" + b"a9" * 100).text == "Hello-" + "a9" * 100


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Subject: " + b"x" * 5_000_000 + b"\r\n\r\nHello",
        HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(50_000)) + b"\r\nHello",
        b"From: " + b"(" * 100_000 + b"\r\n\r\nHello",
        HEAD + b"\r\n" + b"> " * 2_000_000,
        HEAD + b"\r\n" + b"On " * 1_000_000,
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div" * 500_000,
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 200_000,
        HEAD
        + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"=" * 1_000_000,
        HEAD + b"\r\n" + b"\n" * 3_000_000,
        HEAD + b"\r\n" + b"On " + b"a " * 100 + b"\n" * 2 + (b"On " + b"b " * 200 + b"\n") * 5_000,
    ],
    ids=["header", "headers", "comments", "quotes", "on", "tags", "quotations", "base64", "lines", "wrote"],
)
def test_no_mail_costs_more_than_its_length(raw: bytes) -> None:
    # What grows with the square of the length does not end within the time that a test has.
    assert len(read_answer(raw).text) <= 500_000


@settings(max_examples=300)
@given(st.binary(max_size=2_000))
def test_anything_at_all_is_read_or_refused(data: bytes) -> None:
    for raw in (data, HEAD + data, HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + data):
        try:
            found = read_answer(raw)
        except Unreadable:
            continue
        assert "\x00" not in found.text
