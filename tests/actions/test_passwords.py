"""Hashing gives way to everything else that the server does."""

from __future__ import annotations

import os
import sys
import threading

import pytest
from argon2 import PasswordHasher

from widget_server.actions.passwords import Passwords


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a priority of its own")
async def test_s19_hashing_has_threads_of_its_own_that_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    here, priorities = threading.get_native_id(), {}
    real = PasswordHasher.hash

    def watched(hasher: PasswordHasher, password: str) -> str:
        own = threading.get_native_id()
        priorities[own] = os.getpriority(os.PRIO_PROCESS, own)
        return real(hasher, password)

    monkeypatch.setattr(PasswordHasher, "hash", watched)
    passwords = Passwords(memory_kib=8, passes=1)
    try:
        await passwords.hash("plum tree over river")
    finally:
        passwords.close()
    assert here not in priorities
    assert set(priorities.values()) == {os.getpriority(os.PRIO_PROCESS, here) + 10}
