"""Public names, tokens and digests, made from the time and random bytes that the caller brings."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from typing import Final

TOKEN_BYTES: Final = 32
"""256 random bits in every token."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_SITE_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{2,39}")


def uuid7(now_ms: int, random: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7) in lower case from ``now_ms`` (UTC) and at least 10 random bytes."""
    value = (now_ms & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def is_uuid(text: str) -> bool:
    """Whether ``text`` is a UUID in the one spelling we store (lower case, with hyphens)."""
    return _UUID.fullmatch(text) is not None


def is_site_key(text: str) -> bool:
    """Whether ``text`` can be the public key of a site: 3 to 40 of a-z, 0-9, ``-``, ``_``."""
    return _SITE_KEY.fullmatch(text) is not None


def token(random: bytes) -> str:
    """A bearer token of 43 characters from exactly 32 random bytes."""
    if len(random) != TOKEN_BYTES:
        raise ValueError("a token takes 32 random bytes")
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()


def is_token(text: str) -> bool:
    """Whether ``text`` has the form of a token; says nothing about who holds it."""
    return _TOKEN.fullmatch(text) is not None


def link_code(random: bytes) -> str:
    """A token that can be typed from a mail: 32 letters and digits from 20 random bytes."""
    return base64.b32encode(random[:20]).decode().lower()


def token_hash(text: str) -> str:
    """What is stored of a token. A plain SHA-256 is enough: 256 random bits cannot be guessed offline."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest(text: str) -> str:
    """A short digest of what was first sent under a client id, so that a repeat with other content is noticed."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
