"""Addresses by which a mail is answered: each opens one conversation, for one address, for some time.

``reply+TOKEN@DOMAIN``: the token is the conversation's key, when it ends, and a MAC over both and over the address that
was written to. It has small letters and digits alone: mail servers change the case as they like (RFC 5321 §2.4).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final, NamedTuple

from widget_server.core.text import fold_mail

_PREFIX: Final = "reply+"
_KEY_BYTES: Final = 6
_END_BYTES: Final = 4
"""Hours since 1970."""
_MAC_BYTES: Final = 12
_BYTES: Final = _KEY_BYTES + _END_BYTES + _MAC_BYTES
_CHARS: Final = -(-_BYTES * 8 // 5)
_HOUR_MS: Final = 3_600_000
_DAY_HOURS: Final = 24


class Reply(NamedTuple):
    """What an address says, before it is known whether it is genuine."""

    channel_id: int
    ends_at: int
    """UTC ms."""
    mac: bytes
    said: bytes
    """What the MAC is over, beside the address."""


class ReplyAddresses:
    """Makes and reads them.

    Args:
        secret: the installation's key.
        domain: behind the ``@``; None: nobody can answer by mail.
    """

    def __init__(self, secret: bytes, domain: str | None) -> None:
        self._key = hashlib.sha256(b"reply addresses\x00" + secret).digest()
        self._domain = domain.lower() if domain else None

    @property
    def takes_mail(self) -> bool:
        """Whether mails can be answered."""
        return self._domain is not None

    def make(self, channel_id: int, address: str, *, now_ms: int, days: int) -> str | None:
        """Return where a mail to ``address`` is answered; None where it cannot be.

        Args:
            channel_id: the conversation.
            address: to which the mail goes.
            now_ms: UTC time in ms.
            days: for so many.
        """
        return (
            None
            if self._domain is None
            else f"{_PREFIX}{self._token(channel_id, address, now_ms, days)}@{self._domain}"
        )

    def stop_token(self, channel_id: int, address: str, *, now_ms: int, days: int) -> str:
        """Return what ends the mails about a conversation: good for nothing else."""
        return self._token(channel_id, address, now_ms, days, b"stop")

    def thread_id(self, channel_id: int, seq: int) -> str:
        """Return the name of a conversation's mail up to message ``seq``, for ``Message-ID``: the same every time."""
        said = b"thread\x00" + channel_id.to_bytes(8, "big")
        return f"chat.{hmac.digest(self._key, said, 'sha256')[:_MAC_BYTES].hex()}.{seq}"

    def read(self, address: str) -> Reply | None:
        """Return what an address of ours says; None for any other."""
        local, at, domain = address.rpartition("@")
        if not at or self._domain is None or domain.lower() != self._domain:
            return None
        prefix, token = local[: len(_PREFIX)].lower(), local[len(_PREFIX) :]
        return read_token(token) if prefix == _PREFIX else None

    def is_genuine(self, reply: Reply, address: str, *, now_ms: int, use: bytes = b"reply") -> bool:
        """Whether we made it for a conversation with this visitor's address, and it has not ended."""
        expected = self._mac(reply.said, address, use)
        return hmac.compare_digest(expected, reply.mac) and now_ms < reply.ends_at

    def _token(self, channel_id: int, address: str, now_ms: int, days: int, use: bytes = b"reply") -> str:
        ends = now_ms // _HOUR_MS + days * _DAY_HOURS + 1
        said = channel_id.to_bytes(_KEY_BYTES, "big") + ends.to_bytes(_END_BYTES, "big")
        return base64.b32encode(said + self._mac(said, address, use)).decode().lower().rstrip("=")

    def _mac(self, said: bytes, address: str, use: bytes) -> bytes:
        return hmac.digest(self._key, use + b"\x00" + said + fold_mail(address).encode(), "sha256")[:_MAC_BYTES]


def read_token(token: str) -> Reply | None:
    """Return what a token says; None for what cannot be one."""
    if len(token) != _CHARS or not token.isascii():
        return None
    try:
        data = base64.b32decode(token.upper() + "=" * (-_CHARS % 8))
    except (binascii.Error, ValueError):
        return None
    if base64.b32encode(data).decode().rstrip("=") != token.upper():
        return None
    said = data[: _KEY_BYTES + _END_BYTES]
    key, ends = said[:_KEY_BYTES], said[_KEY_BYTES:]
    return Reply(int.from_bytes(key, "big"), int.from_bytes(ends, "big") * _HOUR_MS, data[len(said) :], said)
