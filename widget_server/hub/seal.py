"""By what nodes know each other: whoever shares the broker may publish there too, and is not believed.

What a node says is sealed for the name under which it is said. Saying it again there is all that somebody else can do;
events, marks and pictures are made to be repeated. Nothing is hidden: who may listen at the broker reads it.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b, sha256
from typing import Final

_BYTES: Final = 16
LONGEST: Final = 4 * 1024 * 1024
"""No node says anything longer."""


class Seal:
    """The installation's.

    :param secret: what all nodes of the installation know and nobody else does.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = sha256(b"between nodes\x00" + secret).digest()

    def close(self, name: bytes, data: bytes) -> bytes:
        """What is to be published under ``name``."""
        return self._tag(name, data) + data

    def open(self, name: bytes, sealed: bytes) -> bytes | None:
        """What a node of the installation said under ``name``; None where it was none."""
        if len(sealed) > LONGEST:
            return None
        data = sealed[_BYTES:]
        return data if hmac.compare_digest(self._tag(name, data), sealed[:_BYTES]) else None

    def pseudonym(self, name: str) -> str:
        """A name that tells nothing to who has not the key, however few names there can be."""
        return blake2b(name.encode("utf-8", "replace"), digest_size=_BYTES, key=self._key).hexdigest()

    def _tag(self, name: bytes, data: bytes) -> bytes:
        tag = blake2b(name, digest_size=_BYTES, key=self._key)
        # No name contains it, so that no other pair of name and data looks the same.
        tag.update(b"\x00")
        tag.update(data)
        return tag.digest()
