"""Public names, tokens and digests."""

from __future__ import annotations

import secrets
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core import ids

times = st.integers(0, 2**48 - 1)
ten_bytes = st.binary(min_size=10, max_size=10)


@given(times, ten_bytes)
def test_a_uuid_is_of_version_7_and_carries_its_time(now: int, random: bytes) -> None:
    made = ids.uuid7(now, random)
    parsed = uuid.UUID(made)
    assert str(parsed) == made
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == now
    assert ids.is_uuid(made)


@given(times, times, ten_bytes, ten_bytes)
def test_uuids_sort_by_their_time(one: int, other: int, r1: bytes, r2: bytes) -> None:
    if one < other:
        assert ids.uuid7(one, r1) < ids.uuid7(other, r2)


def test_no_two_names_are_the_same() -> None:
    assert len({ids.uuid7(1, secrets.token_bytes(10)) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01926B3A-8A70-7CC2-8F00-0123456789AB",
        "01926b3a8a707cc28f000123456789ab",
        "{01926b3a-8a70-7cc2-8f00-0123456789ab}",
        "01926b3a-8a70-7cc2-8f00-0123456789ab\n",
        "01926b3a-8a70-7cc2-0f00-0123456789ab",
        "01926b3a-8a70-0cc2-8f00-0123456789ab",
        "\u06601926b3a-8a70-7cc2-8f00-0123456789ab",
    ],
)
def test_only_the_one_spelling_of_a_uuid_is_taken(text: str) -> None:
    assert not ids.is_uuid(text)


@given(st.binary(min_size=32, max_size=32))
def test_a_token_has_43_characters_that_need_no_escaping(random: bytes) -> None:
    made = ids.token(random)
    assert len(made) == 43
    assert ids.is_token(made)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_token_takes_exactly_256_bits(length: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        ids.token(bytes(length))


@given(st.text(max_size=60))
def test_what_is_no_token_is_told_without_an_exception(text: str) -> None:
    assert ids.is_token(text) == (len(text) == 43 and all(c.isascii() and (c.isalnum() or c in "-_") for c in text))


def test_a_tokens_hash_does_not_contain_the_token() -> None:
    made = ids.token(secrets.token_bytes(32))
    assert made not in ids.token_hash(made)
    assert ids.token_hash(made) == ids.token_hash(made)
    assert len(ids.token_hash(made)) == 64


@pytest.mark.parametrize("key", ["abc", "shop-1", "a_b", "0" * 40])
def test_a_site_key_is_short_and_plain(key: str) -> None:
    assert ids.is_site_key(key)


@pytest.mark.parametrize("key", ["", "ab", "a" * 41, "-abc", "Shop", "shop/../x", "shop\n", "café1"])
def test_what_cannot_be_a_site_key_is_refused(key: str) -> None:
    assert not ids.is_site_key(key)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_digest_tells_other_content_apart(one: str, other: str) -> None:
    assert (ids.digest(one) == ids.digest(other)) == (one == other)
    assert len(ids.digest(one)) == 16
