"""Guessing passwords becomes slower and slower, and never locks an owner out (S22).

Every failure doubles the pause before the next attempt is looked at, so that the pause has grown to a whole window
when the window's allowance is used up; the first few, as by a tired person, cost nothing. Failures are counted for the
address of the account, whether it exists or not, and for the client's network address. A browser that has signed in to
the account before carries a *mark*, and is counted apart from both: nobody else's guesses slow its owner down.

Where several nodes have a broker they count there, so that more nodes are not more attempts; each also remembers what
it saw itself, and goes by that when the broker does not answer.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from typing import TYPE_CHECKING, Final

import limits

from widget_server.core.errors import TryLater
from widget_server.core.text import fold_mail
from widget_server.hub.ledger import BrokerLost
from widget_server.web.clients import limit_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.hub.ledger import Ledger

_log = logging.getLogger(__name__)

_FREE_BELOW_MS: Final = 3_000
"""Pauses shorter than this are not worth telling."""
_KEYS_MAX: Final = 20_000


# As `_wait_here` and `_count_here` do it: a number ends with its window, so its time to live tells when it was raised.
_ATTEMPT: Final = """
local window, allowance, free = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = 0
for _, key in ipairs(KEYS) do
  local count = tonumber(redis.call('GET', key) or '0')
  local pause = math.floor(window / 2 ^ math.max(0, allowance - count))
  if count > 0 and pause >= free then
    wait = math.max(wait, pause - window + redis.call('PTTL', key))
  end
end
if wait > 0 then
  return wait
end
for _, key in ipairs(KEYS) do
  redis.call('INCR', key)
  redis.call('PEXPIRE', key, window)
end
return 0
"""

_SUCCESS: Final = """
redis.call('DEL', KEYS[1])
for i = 2, #KEYS do
  if tonumber(redis.call('GET', KEYS[i]) or '0') > 0 then
    redis.call('DECR', KEYS[i])
  end
end
return 0
"""


class SignInThrottle:
    """The failures of one installation.

    Args:
        rate: as in the settings: attempts in a window.
        secret: the installation's key, which makes the marks.
        now_ms: any clock in ms that does not jump.
        ledger: where several nodes count together.
    """

    def __init__(self, rate: str, secret: bytes, now_ms: Callable[[], int], ledger: Ledger | None = None) -> None:
        strictest = min(limits.parse_many(rate), key=lambda item: item.amount / item.get_expiry())
        self._allowance = strictest.amount
        self._window_ms = strictest.get_expiry() * 1000
        self._key = hashlib.sha256(b"known browser\x00" + secret).digest()
        self._now_ms = now_ms
        self._ledger = ledger
        self._failures: dict[str, tuple[int, int]] = {}
        """How many, and when the last one was. Accounts stand here as digests: what is typed can be anything."""

    async def attempt(self, mail: str, address: str, mark: str | None) -> None:
        """Refuse an attempt that comes too early, and count every other one as a failure until it has succeeded.

        Counted beforehand, so that many attempts at once cannot slip through before the first has failed.

        Args:
            mail: as typed.
            address: of the client.
            mark: what the browser carries from an earlier sign-in.

        Raises:
            TryLater: ``rate_limited``.
        """
        keys = self._keys(mail, address, mark)
        wait = await self._wait_of_all_nodes(keys)
        if wait is None:
            wait = self._wait_here(keys)
        if wait > 0:
            raise TryLater("rate_limited", wait)
        self._count_here(keys)

    async def succeeded(self, mail: str, address: str, mark: str | None) -> str:
        """Return the mark that the browser shall carry from now on, and forget the failures of the account.

        Those of the network address stay, without this one: a guesser may own an account too.
        """
        keys = self._keys(mail, address, mark)
        account, *others = keys
        self._failures.pop(account, None)
        for key in others:
            count, last = self._failures.get(key, (1, 0))
            self._failures[key] = (count - 1, last)
        if self._ledger is not None:
            try:
                await self._ledger.ask(_SUCCESS, _names(keys))
            except BrokerLost as error:
                _log.warning("A success was not told to the other nodes: %s", error)
        return mark if mark and self._is_mark(mail, mark) else self._new_mark(mail)

    async def _wait_of_all_nodes(self, keys: tuple[str, ...]) -> int | None:
        """How long (ms) to wait as all nodes count together, else 0 and it is counted; None: they cannot be asked."""
        if self._ledger is None:
            return None
        try:
            wait = await self._ledger.ask(_ATTEMPT, _names(keys), self._window_ms, self._allowance, _FREE_BELOW_MS)
        except BrokerLost as error:
            _log.warning("Attempts to sign in are counted by this node alone: %s", error)
            return None
        return int(wait)

    def _wait_here(self, keys: tuple[str, ...]) -> int:
        now = self._now_ms()
        return max(0, *(self._allowed_at(key) - now for key in keys))

    def _count_here(self, keys: tuple[str, ...]) -> None:
        now = self._now_ms()
        for key in keys:
            count, last = self._failures.pop(key, (0, 0))
            self._failures[key] = (count + 1 if now - last < self._window_ms else 1, now)
        while len(self._failures) > _KEYS_MAX:
            del self._failures[next(iter(self._failures))]

    def _keys(self, mail: str, address: str, mark: str | None) -> tuple[str, ...]:
        if mark and self._is_mark(mail, mark):
            return (f"browser {mark}",)
        account = hashlib.blake2b(fold_mail(mail).encode("utf-8", "replace"), digest_size=16).hexdigest()
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
        return hmac.digest(self._key, f"{nonce}\x00{fold_mail(mail)}".encode("utf-8", "replace"), "sha256").hex()


def _names(keys: tuple[str, ...]) -> list[str]:
    return [f"sign-in {key}" for key in keys]
