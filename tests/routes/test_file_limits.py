"""What decoding may take, counted by the system for the process that does it; and what all files together may."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.routes.test_hostile_files import HOSTILE, encoded
from widget_server.actions import pictures
from widget_server.core.pictures import shape_of

if TYPE_CHECKING:
    pass

_MEASURE = """
import json, resource, subprocess, sys
ended = subprocess.run(sys.argv[1:], stdin=sys.stdin.buffer, capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([ended.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""
_STARTED_BYTES = 60_000_000
"""What an interpreter with the library takes before it has read anything."""
_HONEST = {
    "the largest JPEG": encoded("JPEG", (5000, 5000)),
    "the largest PNG": encoded("PNG", (3000, 3000)),
    "the largest WebP": encoded("WEBP", (2400, 2080)),
}


@pytest.mark.parametrize("what", [*_HONEST, *(what for what, file in HOSTILE.items() if shape_of(file.data))])
async def test_s30_a_decode_takes_two_seconds_and_a_hundred_megabytes_at_most(what: str) -> None:
    data = _HONEST.get(what) or HOSTILE[what].data
    shape = shape_of(data)
    assert shape is not None
    program = Path(pictures.__file__).with_name("decoding.py")
    command = [sys.executable, "-c", _MEASURE, sys.executable, "-I", str(program), shape.kind, "bounded", "2048"]
    measured = await asyncio.to_thread(subprocess.run, command, input=data, capture_output=True, check=True)
    code, seconds, occupied = json.loads(measured.stdout)
    # The system counts whole seconds, and ends the process with the tick that follows.
    assert seconds < 2.5
    assert occupied < 100_000_000 + _STARTED_BYTES
    if what in _HONEST:
        assert code == 0
