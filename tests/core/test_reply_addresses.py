"""An address by which a mail is answered opens one conversation, for one address and some time, and cannot be made."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.reply_addresses import ReplyAddresses, read_token

NOW = 1_795_000_000_000
DAY = 86_400_000
ADA = "ada@example.com"
OURS = ReplyAddresses(b"a secret", "Reply.Example.org")


def address(channel_id: int = 7, to: str = ADA) -> str:
    made = OURS.make(channel_id, to, now_ms=NOW, days=30)
    assert made is not None
    return made


@given(st.integers(1, 2**48 - 1))
def test_what_was_made_is_read_in_any_letters_and_fits_a_local_part(channel_id: int) -> None:
    made = address(channel_id)
    assert len(made.partition("@")[0]) <= 64
    for written in (made, made.upper(), made.title()):
        reply = OURS.read(written)
        assert reply is not None
        assert reply.channel_id == channel_id
        assert OURS.is_genuine(reply, "Ada@EXAMPLE.com", now_ms=NOW + 29 * DAY)
        assert not OURS.is_genuine(reply, ADA, now_ms=NOW + 31 * DAY)
        assert not OURS.is_genuine(reply, "eve@example.com", now_ms=NOW)
        assert not OURS.is_genuine(reply, ADA, now_ms=NOW, use=b"stop")
        assert not ReplyAddresses(b"another", "reply.example.org").is_genuine(reply, ADA, now_ms=NOW)


@given(st.data())
def test_no_other_token_is_genuine(data: st.DataObject) -> None:
    token = address().partition("@")[0].removeprefix("reply+")
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
    changed = read_token(token[:at] + letter + token[at + 1 :])
    is_same = letter == token[at]
    assert (changed is not None and OURS.is_genuine(changed, ADA, now_ms=NOW)) == is_same


@given(st.text(max_size=80))
def test_anything_else_is_no_address_of_ours(text: str) -> None:
    for written in (text, f"reply+{text}@reply.example.org", f"{text}@reply.example.org"):
        reply = OURS.read(written)
        assert reply is None or not OURS.is_genuine(reply, ADA, now_ms=NOW)


def test_without_a_domain_there_is_none() -> None:
    nowhere = ReplyAddresses(b"a secret", None)
    assert nowhere.make(7, ADA, now_ms=NOW, days=30) is None
    assert nowhere.read(address()) is None


def test_what_ends_the_mails_answers_none() -> None:
    stop = read_token(OURS.stop_token(7, ADA, now_ms=NOW, days=30))
    assert stop is not None
    assert OURS.is_genuine(stop, ADA, now_ms=NOW, use=b"stop")
    assert not OURS.is_genuine(stop, ADA, now_ms=NOW)
