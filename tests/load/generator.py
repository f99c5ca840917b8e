"""One generator's process: reads its task, brings everybody in, waits for the word, and tells what it saw.

In come one JSON line (the task) and later ``go``; out go JSON lines: ``in`` when everybody has come, ``now`` twice a
second, and ``done``.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from dataclasses import fields
from typing import Any

import orjson
import uvloop

from tests.bench import machine
from tests.load.crowd import Crowd, Task

_TELL_SECONDS = 0.5
_FILES = 65_536


async def main() -> None:
    """Do the one task."""
    machine.allow_files(_FILES)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_fail)
    known = orjson.loads(await loop.run_in_executor(None, sys.stdin.readline))
    task = Task(**{each.name: known[each.name] for each in fields(Task)})
    crowd = Crowd(task)
    deeds = crowd.schedule()
    await crowd.come()
    said = sum(deed.kind in {"visitor_says", "agent_says"} for deed in deeds)
    _tell({"t": "in", "connections": crowd.connections, "offered": said / task.seconds})
    await loop.run_in_executor(None, sys.stdin.readline)
    gc.collect()
    gc.freeze()
    before = crowd.tally.delivered
    told = begin = time.monotonic()

    def tell() -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            _tell({"t": "now", "seconds": told - begin, **_seen(crowd)})

    await crowd.perform(deeds, tell)
    seen = _seen(crowd)
    seen["delivered_per_second"] = (crowd.tally.delivered - before) / task.seconds
    _tell({"t": "done", "seconds": time.monotonic() - begin, **seen})
    crowd.leave()


def _seen(crowd: Crowd) -> dict[str, Any]:
    histograms = {"acks": crowd.acks, "deliveries": crowd.deliveries, "returns": crowd.returns, "lag": crowd.lag}
    return {
        "tally": crowd.tally.as_json(),
        **{name: list(histogram.counts.items()) for name, histogram in histograms.items()},
    }


def _fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What fails where nobody waits for it ends the generator: its figures would mean nothing."""
    loop.default_exception_handler(context)
    os._exit(1)


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    uvloop.run(main())
