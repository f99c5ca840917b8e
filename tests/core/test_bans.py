"""Whether somebody is banned: by account, by session, and by address, in whatever clothes it comes."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.bans import Ban, BanBook, check_network, is_within
from widget_server.core.errors import Unacceptable

NOW = 1_000


def ban(key: int, kind: str, ends_at: int | None = None, **whom: object) -> Ban:
    known: dict[str, object] = {"person_id": None, "token_hash": None, "network": None} | whom
    return Ban(key, kind, site_id=0, reason="spam", ends_at=ends_at, **known)  # type: ignore[arg-type]


def test_s0_18_a_ban_holds_for_everybody_who_is_that_person() -> None:
    book = BanBook([ban(1, "account", person_id=5)], {1: [5, 8]})
    assert book.find(person_id=5, now_ms=NOW)
    assert book.find(person_id=8, now_ms=NOW)
    assert book.find(person_id=6, now_ms=NOW) is None
    assert book.find(now_ms=NOW) is None


def test_a_ban_of_a_session_meets_its_token_and_its_visitor() -> None:
    book = BanBook([ban(1, "session", person_id=5, token_hash="t")])
    assert book.find(token_hash="t", now_ms=NOW)
    assert book.find(person_id=5, now_ms=NOW)
    assert book.find(token_hash="u", person_id=6, now_ms=NOW) is None


def test_a_ban_ends_by_itself() -> None:
    book = BanBook([ban(1, "account", NOW, person_id=5)])
    assert book.find(person_id=5, now_ms=NOW - 1)
    assert book.find(person_id=5, now_ms=NOW) is None


def test_the_one_that_ended_does_not_hide_the_one_that_holds() -> None:
    book = BanBook([ban(1, "account", NOW, person_id=5), ban(2, "account", person_id=5)])
    found = book.find(person_id=5, now_ms=NOW)
    assert found is not None
    assert found.id == 2


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        (" 192.0.2.7/24 ", "192.0.2.0/24"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("2001:db8::1/32", "2001:db8::/32"),
    ],
)
def test_a_range_is_stored_in_one_spelling(typed: str, stored: str) -> None:
    assert check_network(typed) == stored


@pytest.mark.parametrize("typed", ["", "x", "0.0.0.0/0", "1.0.0.0/7", "::/0", "192.0.2.1/33", "192.0.2.0/24/8", "1e3"])
def test_a_slip_of_the_pen_is_no_range(typed: str) -> None:
    with pytest.raises(Unacceptable, match="bad_network"):
        check_network(typed)


@pytest.mark.parametrize("address", ["192.0.2.9", "::ffff:192.0.2.9", "[::ffff:192.0.2.9]", "::ffff:c000:209"])
def test_ipv4_in_the_clothes_of_ipv6_is_ipv4(address: str) -> None:
    book = BanBook([ban(1, "network", network="192.0.2.0/24")])
    assert book.find(address=address, now_ms=NOW)
    assert is_within(address, "192.0.2.0/24")


@pytest.mark.parametrize("address", ["", "unix", "192.0.3.9", "2001:db8::1", "::c000:209"])
def test_who_is_elsewhere_is_not_met(address: str) -> None:
    assert BanBook([ban(1, "network", network="192.0.2.0/24")]).find(address=address, now_ms=NOW) is None


addresses = st.ip_addresses()
networks = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(8, 32)),
    st.tuples(st.ip_addresses(v=6), st.integers(16, 128)),
).map(lambda wanted: ipaddress.ip_network(wanted, strict=False))


@given(addresses, st.lists(networks, max_size=6), st.booleans(), st.integers(0, 2**128))
def test_the_book_finds_what_the_ranges_say(
    address: ipaddress.IPv4Address, ranges: list[ipaddress.IPv4Network], is_inside: bool, offset: int
) -> None:
    if ranges and is_inside:
        address = ranges[0][offset % ranges[0].num_addresses]
    stored = [check_network(str(each)) for each in ranges]
    book = BanBook([ban(key, "network", network=each) for key, each in enumerate(stored)])
    assert (book.find(address=str(address), now_ms=NOW) is not None) == any(
        is_within(str(address), each) for each in stored
    )
