"""Both ends of the limit between nodes: redis.asyncio with hiredis, published in pipelines, received as it comes.

Prints processor time and time in ns: the receiver ``0 0`` once it listens, and each end when it is done.
"""

from __future__ import annotations

import sys
import time

import uvloop
from redis.asyncio import Redis

_CHANNEL = "bench"


async def publish(url: str, messages: int, pipeline: int, size: int) -> None:
    """Publish ``messages`` of ``size`` bytes, ``pipeline`` in each turn."""
    data = b"x" * size
    async with Redis.from_url(url) as redis:
        await redis.publish("nobody", data)
        begin_cpu, begin = time.process_time_ns(), time.perf_counter_ns()
        for _ in range(messages // pipeline):
            async with redis.pipeline(transaction=False) as pipe:
                for _ in range(pipeline):
                    pipe.execute_command("PUBLISH", _CHANNEL, data)
                await pipe.execute()
        _tell(begin_cpu, begin)


async def receive(url: str, messages: int) -> None:
    """Receive them all."""
    async with Redis.from_url(url) as redis, redis.pubsub() as listener:
        await listener.subscribe(_CHANNEL)
        await listener.get_message(timeout=10)
        sys.stdout.write("0 0\n")
        sys.stdout.flush()
        begin_cpu, begin, left = time.process_time_ns(), time.perf_counter_ns(), messages
        async for message in listener.listen():
            left -= message["type"] == "message"
            if not left:
                break
        _tell(begin_cpu, begin)


def _tell(begin_cpu: int, begin: int) -> None:
    sys.stdout.write(f"{time.process_time_ns() - begin_cpu} {time.perf_counter_ns() - begin}\n")


if __name__ == "__main__":
    what, url, messages, pipeline, size = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    uvloop.run(publish(url, messages, pipeline, size) if what == "publish" else receive(url, messages))
