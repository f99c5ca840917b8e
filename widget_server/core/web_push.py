"""Web push: what is sent to a browser's push service, sealed so that only the browser can read it (RFC 8291, 8188).

Randomness comes in from outside: a key of its own and a salt for each message.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SALT_BYTES: Final = 16
MAX_TEXT_BYTES: Final = 3_000
"""Of what is sealed: a push service takes 4,096 bytes, and some less (RFC 8030, 7.2)."""

_RECORD: Final = 4_096
_AUTH_BYTES: Final = 16
_CURVE: Final = ec.SECP256R1()
_LAST_RECORD: Final = b"\x02"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (SEC 2, 2.4.2)."""


class BrowserKeys(NamedTuple):
    """What a browser gives with its line: a point of the curve, uncompressed, and a secret of 16 bytes."""

    p256dh: bytes
    auth: bytes


def browser_keys(p256dh: str, auth: str) -> BrowserKeys:
    """Return the keys as the Push API tells them, in base64url.

    Raises:
        ValueError: they are none.
    """
    keys = BrowserKeys(_decoded(p256dh), _decoded(auth))
    if len(keys.auth) != _AUTH_BYTES:
        raise ValueError("auth must have 16 bytes")
    ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, keys.p256dh)
    return keys


def private_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the key that belongs to a seed of 48 bytes: always the same, and no other seed's (FIPS 186-5, A.2.1)."""
    return ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, _CURVE)


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sealed(text: bytes, browser: BrowserKeys, own: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """Return the body of a push (``Content-Encoding: aes128gcm``).

    Args:
        text: what the browser's service worker is handed; at most :data:`MAX_TEXT_BYTES`.
        browser: the keys of its line.
        own: a key made for this message alone.
        salt: 16 random bytes.
    """
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, browser.p256dh)
    ours = point_of(own)
    agreed = own.exchange(ec.ECDH(), theirs)
    secret = _derived(agreed, browser.auth, b"WebPush: info\x00" + browser.p256dh + ours, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + _RECORD.to_bytes(4, "big") + len(ours).to_bytes(1, "big") + ours
    return header + AESGCM(key).encrypt(nonce, text + _LAST_RECORD, None)


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
