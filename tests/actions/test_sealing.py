"""Sealed secrets open with the installation's key, at their own place, unchanged, and never else."""

from __future__ import annotations

import secrets

import pytest

from widget_server.actions.sealing import Sealer, Unopenable

PLACE = "totp of person 7"


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"k" * 32, secrets.token_bytes)


def test_s0_15_what_is_stored_shows_nothing_and_opens_again(sealer: Sealer) -> None:
    sealed = sealer.seal("plum tree", PLACE)
    assert "plum" not in sealed
    assert sealed != sealer.seal("plum tree", PLACE)
    assert sealer.open(sealed, PLACE) == "plum tree"


def test_it_opens_with_no_other_key_and_at_no_other_place(sealer: Sealer) -> None:
    sealed = sealer.seal("plum tree", PLACE)
    with pytest.raises(Unopenable):
        Sealer(b"l" * 32, secrets.token_bytes).open(sealed, PLACE)
    with pytest.raises(Unopenable):
        sealer.open(sealed, "totp of person 8")


@pytest.mark.parametrize("change", [lambda s: s[:-4], lambda s: "", lambda s: s[2:], lambda s: "1.", lambda s: "1.ä"])
def test_s18_what_was_changed_does_not_open(sealer: Sealer, change: object) -> None:
    assert callable(change)
    with pytest.raises(Unopenable):
        sealer.open(change(sealer.seal("plum tree", PLACE)), PLACE)


def test_every_changed_character_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal("plum tree", PLACE)
    # The last letter before the padding has bits that stand for nothing.
    for at in range(2, len(sealed.rstrip("=")) - 1):
        other = "A" if sealed[at] != "A" else "B"
        with pytest.raises(Unopenable):
            sealer.open(sealed[:at] + other + sealed[at + 1 :], PLACE)
