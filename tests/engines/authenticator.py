"""A device with passkeys, in a few lines: what it says can be made wrong in every part (WebAuthn Level 3, §6)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def encoded(data: bytes) -> str:
    """Bytes as they travel."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """And back."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One device with one passkey.

    Args:
        origin: what its browser says where it is.
    """

    def __init__(self, origin: str = "http://localhost:8080") -> None:
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.user: str | None = None
        self.count = 0
        self.flags = PRESENT | VERIFIED
        self.host: str | None = None
        """For whom it answers, where that is not who asks."""

    def create(self, options: dict[str, Any], **client: Any) -> str:
        """Make the passkey that a page asks for; ``client`` replaces what the browser says."""
        self.user = options["user"]["id"]
        number = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: number.x.to_bytes(32, "big"), -3: number.y.to_bytes(32, "big")}
        known = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(public)
        data = self._data(options["rp"]["id"], self.flags | WITH_KEY) + known
        said = self._client("webauthn.create", options, client)
        response = {
            "clientDataJSON": encoded(said),
            "attestationObject": encoded(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal", "carrier pigeon"],
        }
        return self._answer(response)

    def get(self, options: dict[str, Any], **client: Any) -> str:
        """Show the passkey."""
        self.count += 1
        data = self._data(options["rpId"], self.flags)
        said = self._client("webauthn.get", options, client)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encoded(said),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": self.user,
        }
        return self._answer(response)

    def _client(self, kind: str, options: dict[str, Any], other: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | other).encode()

    def _data(self, host: str, flags: int) -> bytes:
        place = hashlib.sha256((self.host or host).encode()).digest()
        return place + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, response: dict[str, Any]) -> str:
        name = encoded(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
