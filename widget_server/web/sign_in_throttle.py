"""Guessing passwords becomes slower and slower, and never locks an owner out (S22).

Every failure doubles the pause before the next attempt is looked at, so that the pause has grown to a whole window
when the window's allowance is used up; the first few, as by a tired person, cost nothing. Failures are counted for the
address of the account, whether it exists or not, and for the client's network address. A browser that has signed in to
the account before carries a *mark*, and is counted apart from both: nobody else's guesses slow its owner down.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

import limits

from widget_server.core.errors import TryLater
from widget_server.core.text import fold
from widget_server.web.clients import limit_key

if TYPE_CHECKING:
    from collections.abc import Callable

_FREE_BELOW_MS: Final = 3_000
"""Pauses shorter than this are not worth telling."""
_KEYS_MAX: Final = 20_000


class SignInThrottle:
    """The failures of one installation, in memory.

    Args:
        rate: as in the settings: attempts in a window.
        secret: the installation's key, which makes the marks.
        now_ms: UTC time in ms.
    """

    def __init__(self, rate: str, secret: bytes, now_ms: Callable[[], int]) -> None:
        strictest = min(limits.parse_many(rate), key=lambda item: item.amount / item.get_expiry())
        self._allowance = strictest.amount
        self._window_ms = strictest.get_expiry() * 1000
        self._key = hashlib.sha256(b"known browser\x00" + secret).digest()
        self._now_ms = now_ms
        self._failures: dict[str, tuple[int, int]] = {}
        """How many, and when the last one was. Accounts stand here as digests: what is typed can be anything."""

    def check(self, mail: str, address: str, mark: str | None) -> None:
        """Refuse an attempt that comes too early.

        Args:
            mail: as typed.
            address: of the client.
            mark: what the browser carries from an earlier sign-in.

        Raises:
            TryLater: ``rate_limited``.
        """
        now = self._now_ms()
        wait = max(self._allowed_at(key) - now for key in self._keys(mail, address, mark))
        if wait > 0:
            raise TryLater("rate_limited", wait)

    def attempted(self, mail: str, address: str, mark: str | None) -> None:
        """Count a failure beforehand, so that many attempts at once cannot slip through before the first has failed."""
        now = self._now_ms()
        for key in self._keys(mail, address, mark):
            count, last = self._failures.pop(key, (0, 0))
            self._failures[key] = (count + 1 if now - last < self._window_ms else 1, now)
        while len(self._failures) > _KEYS_MAX:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, mail: str, address: str, mark: str | None) -> str:
        """Return the mark that the browser shall carry from now on, and forget the failures of the account.

        Those of the network address stay, without this one: a guesser may own an account too.
        """
        account, *others = self._keys(mail, address, mark)
        self._failures.pop(account, None)
        for key in others:
            count, last = self._failures.get(key, (1, 0))
            self._failures[key] = (count - 1, last)
        return mark if mark and self._is_mark(mail, mark) else self._new_mark(mail)

    def _keys(self, mail: str, address: str, mark: str | None) -> tuple[str, ...]:
        if mark and self._is_mark(mail, mark):
            return (f"browser {mark}",)
        account = hashlib.blake2b(fold(mail).encode("utf-8", "replace"), digest_size=16).hexdigest()
        return (f"account {account}", f"address {limit_key(address)}")

    def _allowed_at(self, key: str) -> int:
        count, last = self._failures.get(key, (0, 0))
        pause = self._window_ms >> max(0, self._allowance - count)
        return last + pause if count and pause >= _FREE_BELOW_MS else 0

    def _new_mark(self, mail: str) -> str:
        nonce = secrets.token_urlsafe(16)
        return f"{nonce}.{self._signature(mail, nonce)}"

    def _is_mark(self, mail: str, mark: str) -> bool:
        nonce, _, signature = mark.partition(".")
        return hmac.compare_digest(self._signature(mail, nonce).encode(), signature.encode("utf-8", "replace"))

    def _signature(self, mail: str, nonce: str) -> str:
        return hmac.digest(self._key, f"{nonce}\x00{fold(mail)}".encode("utf-8", "replace"), "sha256").hex()
