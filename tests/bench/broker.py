"""The limit of a message between two nodes: published in pipelines by one process, received by another."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tests.bench import machine
from tests.bench.pairs import CheckFailed
from tests.bench.served import ROOT

if TYPE_CHECKING:
    from asyncio.subprocess import Process

BYTES = 500
"""About an event with one message."""
PIPELINE = 10
MESSAGES = 40_000
_PATIENCE_SECONDS = 60.0


async def measure(url: str) -> dict[str, float]:
    """µs of both processes for each message, and messages a second.

    Raises:
        CheckFailed: a message was lost.
    """
    receiver = await _start("receive", url)
    try:
        await _line(receiver)
        publisher = await _start("publish", url)
        try:
            published_ns, _ = await _line(publisher)
            received_ns, took_ns = await _line(receiver)
        finally:
            await _end(publisher)
    finally:
        await _end(receiver)
    return {
        "cpu_us": (published_ns + received_ns) / 1000 / MESSAGES,
        "publisher_us": published_ns / 1000 / MESSAGES,
        "receiver_us": received_ns / 1000 / MESSAGES,
        "per_second": MESSAGES / (took_ns / 1e9),
    }


async def _start(what: str, url: str) -> Process:
    machine.pin(machine.SERVER_CPU)
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.peers.pubsub", what, url, str(MESSAGES), str(PIPELINE), str(BYTES)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
    finally:
        machine.pin(machine.LOAD_CPU)


async def _line(process: Process) -> tuple[int, int]:
    """What the process says next: processor time and time, in ns."""
    assert process.stdout is not None
    async with asyncio.timeout(_PATIENCE_SECONDS):
        fields = (await process.stdout.readline()).split()
    if len(fields) != 2:
        raise CheckFailed("a process that speaks with the broker ended before its time")
    return int(fields[0]), int(fields[1])


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
