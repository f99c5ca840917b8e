"""Numbers that all nodes share for a while: what somebody has used of an allowance, how often somebody has failed."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from typing import Any, Protocol


class BrokerLost(Exception):
    """The broker did not answer; the caller goes on with what this node knows by itself."""


class Ledger(Protocol):
    """Runs small scripts where the numbers are, so that what they read and write belongs together."""

    def request(self, script: str, names: Sequence[str], *arguments: int) -> Future[Any]:
        """The answer of a script, which finds the numbers called ``names`` in ``KEYS`` and ``arguments`` in ``ARGV``.

        :param names: of numbers of this installation, in whatever characters.
        :raises BrokerLost: at once, or by the future.
        """
        ...

    async def ask(self, script: str, names: Sequence[str], *arguments: int) -> Any:
        """The same, awaited for as long as somebody who signs in can wait.

        :raises BrokerLost: there is no answer in time.
        """
        ...
