"""The numbers of all nodes, in Redis. They end by themselves, and losing them loses nothing that matters."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Sequence
from typing import Any, Final

from widget_server.hub.ledger import BrokerLost
from widget_server.hub.redis_pipe import Pipe
from widget_server.hub.seal import Seal

ANSWER_S: Final = 0.5


class RedisLedger:
    """Implements :class:`widget_server.hub.ledger.Ledger`.

    :param prefix: of all keys of the installation.
    :param seal: the installation's.
    """

    def __init__(self, pipe: Pipe, prefix: str, seal: Seal) -> None:
        self._pipe = pipe
        self._prefix = prefix
        self._seal = seal
        self.alone = 0
        """How often a node had to go by what it knows itself."""

    def request(self, script: str, names: Sequence[str], *arguments: int) -> Future[Any]:
        """See :class:`~widget_server.hub.ledger.Ledger`."""
        try:
            answer = self._pipe.request("EVAL", script, len(names), *map(self._key, names), *arguments)
        except BrokerLost:
            self.alone += 1
            raise
        answer.add_done_callback(self._count)
        return answer

    async def ask(self, script: str, names: Sequence[str], *arguments: int) -> Any:
        """See :class:`~widget_server.hub.ledger.Ledger`."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self.request(script, names, *arguments)
        except TimeoutError:
            raise BrokerLost("the broker took too long") from None

    def _count(self, answer: Future[Any]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            self.alone += 1

    def _key(self, name: str) -> str:
        """Names hold addresses and tokens of people, which are nobody's business there."""
        return f"{self._prefix}n:{self._seal.pseudonym(name)}"
