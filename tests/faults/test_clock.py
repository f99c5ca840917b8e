"""A node whose wall clock jumps by a day while people talk: nothing is reordered, lost or closed by it (G19)."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.load import Load

if TYPE_CHECKING:
    from tests.faults.stage import Stage

_SOURCE = Path(__file__).with_name("moved_clock.c")
_DAY_SECONDS = 86_400


@pytest.fixture
def jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that moves the clock of what is started from now on."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a C compiler is needed to move a clock; run: sudo apt-get install gcc libc6-dev")
    library, place = tmp_path / "moved_clock.so", tmp_path / "ahead"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
    place.write_bytes(struct.pack("q", 0))
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("CLOCK_JUMP_FILE", str(place))
    return place


def _move(place: Path, seconds: int) -> None:
    with place.open("r+b", buffering=0) as file:
        file.write(struct.pack("q", seconds))


@pytest.mark.only("nodes")
@pytest.mark.parametrize("seconds", [_DAY_SECONDS, -_DAY_SECONDS])
async def test_g19_a_clock_that_jumps_by_a_day_reorders_and_ends_nothing(
    stage: Stage, jump: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    async with stage.serve() as cluster:
        # Both have begun with a clock that moves; the other one keeps its time.
        await cluster.kill(1)
        monkeypatch.delenv("LD_PRELOAD")
        await cluster.start(1)
        load = Load(stage)
        await load.begin(cluster.for_visitors, cluster.for_agents)
        await load.runs()
        stage.times.begin()
        _move(jump, seconds)
        await load.runs()
        stage.times.end()
        recovered = await load.recovered(stage.times.began)
        late = await stage.visitor(cluster.for_visitors)
        late_ack = await late.deliver("after the jump")
        await load.end()
        assert all(client.closes == [] for client in stage.clients)
        await stage.conclude(f"clock moved by {seconds} s", recovered)
        await cluster.ready()
    stamp = late.state.channels[late_ack["channel"]].messages[late_ack["seq"]]["at"]
    before = load.chats[0].own.messages[1]["at"]
    assert (stamp > before) == (seconds > 0), "the clock did not jump"
