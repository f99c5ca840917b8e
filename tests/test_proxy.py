"""The proxy that mangles frames does so by its seed alone."""

from __future__ import annotations

from typing import Any

from tests.proxy import Mangling


def sends(count: int) -> list[dict[str, Any]]:
    return [{"t": "send", "ref": number} for number in range(count)]


def mangled(mangling: Mangling, frames: list[dict[str, Any]]) -> list[Any]:
    held: list[dict[str, Any]] = []
    return [*mangling.mangle(frames, held, Mangling.UP), *held]


def test_the_same_seed_makes_the_same_faults() -> None:
    one, other = (mangled(Mangling(7, drop=0.2, double=0.2, delay=0.2), sends(50)) for _ in range(2))
    assert one == other != sends(50)


def test_a_late_frame_comes_behind_its_successor() -> None:
    late = mangled(Mangling(3, drop=0, double=0, delay=0.5), sends(50))
    assert sorted(frame["ref"] for frame in late) == list(range(50))
    assert late != sends(50)


def test_frames_of_a_resume_are_left_alone() -> None:
    resume = [{"t": kind} for kind in ("head", "messages", "synced")]
    held: list[dict[str, Any]] = []
    assert Mangling(1, drop=1, double=0, delay=0).mangle(resume, held, Mangling.DOWN) == resume
