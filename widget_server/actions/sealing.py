"""Secrets that the server itself must read again, sealed with the installation's key before they are stored.

A dump of the database opens nothing with them (S0.15). What is sealed belongs to one *place*, such as
``totp of person 7``: copied into another row it does not open.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

_FORM: Final = "1."
"""How it was sealed: AES-256-GCM, a nonce of 12 random bytes first, in base64url."""
_NONCE_BYTES: Final = 12


class Unopenable(Exception):
    """It was sealed with another key, for another place, or was changed since."""


class Sealer:
    """The installation's.

    Args:
        secret: its key (:func:`widget_server.ops.secret.load_secret_key`).
        random: gives that many random bytes.
    """

    def __init__(self, secret: bytes, random: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"stored secrets\x00" + secret).digest())
        self._random = random

    def seal(self, text: str, place: str) -> str:
        """Return ``text`` as it may be stored at ``place``."""
        nonce = self._random(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), place.encode())
        return _FORM + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, place: str) -> str:
        """Return what was sealed for ``place``.

        Raises:
            Unopenable: it was not; nothing that depends on it may pass.
        """
        if not sealed.startswith(_FORM):
            raise Unopenable
        try:
            data = base64.urlsafe_b64decode(sealed.removeprefix(_FORM))
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, ValueError):
            raise Unopenable from None
