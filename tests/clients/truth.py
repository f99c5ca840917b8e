"""What the client did, written down before it does it, so that no crash on either side can hide a message."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from pathlib import Path


class Deeds(NamedTuple):
    """The content of a truth file: bodies by client id, and the first acknowledged number by client id."""

    sent: dict[str, str]
    acked: dict[str, int]


class TruthFile:
    """An append-only file of JSON lines, flushed line by line. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def will_send(self, client_id: str, body: str) -> None:
        """Note a message before it is sent; noting it again is harmless."""
        self._note({"sent": client_id, "body": body})

    def was_acked(self, client_id: str, seq: int) -> None:
        """Note an acknowledgement."""
        self._note({"acked": client_id, "seq": seq})

    def _note(self, line: dict[str, str | int]) -> None:
        if self._file is None:
            raise ValueError("the truth file is closed")
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def read_truth(path: Path) -> Deeds:
    """Read a truth file back."""
    sent: dict[str, str] = {}
    acked: dict[str, int] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if "sent" in line:
            sent[line["sent"]] = line["body"]
        else:
            acked.setdefault(line["acked"], line["seq"])
    return Deeds(sent, acked)
