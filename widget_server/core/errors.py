"""The one tree of errors that a caller may meet.

    ProductError
    ├── Malformed        the frame or request itself is wrong: fix the program
    ├── Refused          not found or not allowed (the two look the same outside)
    ├── Unacceptable     what was written cannot be taken: fix the text
    └── TryLater         nothing is wrong with it: send the same again after ``retry_after_ms``

Each carries ``name``, a key of ``protocol.codes.ERRORS``, where number, HTTP status and the sentence for a person
stand.
"""

from __future__ import annotations


class ProductError(Exception):
    """Something a caller must react to. ``name`` is the key in the code file, ``facts`` fill its sentence."""

    def __init__(self, name: str, **facts: str | int) -> None:
        super().__init__(name)
        self.name = name
        self.facts = facts

    def __str__(self) -> str:
        facts = ", ".join(f"{key}={value}" for key, value in self.facts.items())
        return f"{self.name}({facts})" if facts else self.name


class Malformed(ProductError):
    """The frame or request does not follow the protocol; sending it again cannot help."""


class Refused(ProductError):
    """The thing does not exist for this caller, or the caller may not do this."""


class Unacceptable(ProductError):
    """The content cannot be taken as it is; the person can change it and send it as something new."""


class TryLater(ProductError):
    """A passing state of the server. The same request may be sent again after ``retry_after_ms``."""

    def __init__(self, name: str, retry_after_ms: int, **facts: str | int) -> None:
        super().__init__(name, **facts)
        self.retry_after_ms = retry_after_ms
