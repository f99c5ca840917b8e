"""An ordinary disk, where every sync takes 2 ms longer: what it costs the server, beside a commit for each message."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import load
from tests.bench.bench import RESULTS, Part
from tests.bench.own_talk import own_on_sqlite
from tests.bench.parts.talks import SECONDS, talk_columns, talk_once
from tests.bench.table import Found, at_least, at_most, ratios, section

if TYPE_CHECKING:
    from tests.bench.bench import Bench
    from tests.bench.record import Record

SLOWER_MS = 2
_SOURCE = Path(__file__).parent.parent / "slow_sync.c"
_TOGETHER = "widget-server"
_ALONE = "the same, one message a commit"


async def _measure(bench: Bench) -> None:
    shim = _compiled()
    async with own_on_sqlite() as own:
        slow = {"LD_PRELOAD": str(shim), "SLOW_SYNC_US": str(SLOWER_MS * 1000)}
        ways = [own.variant(_TOGETHER, slow), own.variant(_ALONE, slow, commit_batch_max=1)]
        async for _ in bench.rounds():
            for way in ways:
                await bench.case(way.name, talk_once(way, load.saturated, SECONDS * bench.scale))


def _compiled() -> Path:
    """The library that slows every sync down.

    Raises:
        FileNotFoundError: there is no C compiler.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("no C compiler; run: apt-get install gcc libc6-dev")
    RESULTS.mkdir(parents=True, exist_ok=True)
    library = RESULTS / "slow_sync.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
    return library


def _tell(record: Record) -> Found:
    faster = ratios(record.values(_TOGETHER, "per_second"), record.values(_ALONE, "per_second"))
    syncs = [p99 / SLOWER_MS for p99 in record.values(_TOGETHER, "p99_ms")]
    goals = [
        at_least(f"syncs {SLOWER_MS} ms slower: ≥ 40 times the messages of one commit each", faster, 40),
        at_most(f"syncs {SLOWER_MS} ms slower: p99 ≤ 6 syncs", syncs, 6, ".1f"),
    ]
    title = f"Every sync {SLOWER_MS} ms slower: {load.PAIRS} pairs, {load.IN_FLIGHT} messages under way in each"
    return section(record, title, "server", talk_columns(_ALONE)), goals


PARTS = [Part("disk", _measure, _tell)]
