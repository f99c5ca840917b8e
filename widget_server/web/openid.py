"""Signing in elsewhere: OpenID Connect, authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636).

What a provider says is believed only as far as its signature goes: the token must be signed with one of the keys that
the issuer publishes, by an algorithm that has a public key, for us, now, and in answer to what this browser was sent
with (the nonce). Its answer must also come from the issuer that was asked (RFC 9207).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import orjson
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from widget_server.actions.proof import proved
from widget_server.core.errors import Refused
from widget_server.ops.outgoing import NotReachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from widget_server.ops.outgoing import Outgoing

_log = logging.getLogger(__name__)

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""None that takes a shared secret, and not "none"."""
_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})
_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_KEPT_MS: Final = 3_600_000
_KEYS_AGAIN_MS: Final = 10_000
"""How soon the keys may be asked for once more, where a token names one that nobody knows."""
_DRIFT_S: Final = 60
_TOKEN_AGE_S: Final = 600
_SUBJECT_CHARS: Final = 255


class Claims(NamedTuple):
    """What the provider says of somebody, verified."""

    issuer: str
    subject: str
    mail: str
    """"" where it told none."""
    mail_is_verified: bool
    name: str


class _Metadata(NamedTuple):
    authorization: str
    token: str
    keys: str
    names_issuer: bool
    """Whether its answers name the issuer."""
    posts_secret: bool
    """Whether it takes our secret in the form only."""


class Provider:
    """The installation's.

    Args:
        issuer: as it names itself.
        client_id: who we are to it.
        client_secret: ours there, if there is one.
        name: as people know it.
        redirect: the whole address to which it sends browsers back.
        outgoing: the way to it.
        now_ms: UTC time in ms.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: SecretStr | None,
        *,
        name: str,
        redirect: str,
        outgoing: Outgoing,
        now_ms: Callable[[], int],
    ) -> None:
        self.issuer: Final = issuer
        self.name: Final = name
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect = redirect
        self._outgoing = outgoing
        self._now_ms = now_ms
        self._metadata: tuple[int, _Metadata] | None = None
        self._keys: tuple[int, KeySet] | None = None
        self._lock = asyncio.Lock()

    async def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where a browser is sent to sign in.

        Args:
            state: by which the answer is known to belong to this browser.
            nonce: which the token must name.
            verifier: of PKCE; only its digest goes along.

        Raises:
            Refused: ``outside_failed`` where the provider does not answer.
        """
        metadata = await self._read_metadata()
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(metadata.authorization).query else "?"
        return metadata.authorization + joint + urlencode(asked)

    async def claims(self, *, code: str, issuer: str | None, nonce: str, verifier: str) -> Claims:
        """Return what the provider says of whom it has sent back.

        Args:
            code: from its answer.
            issuer: whom the answer says it is from, if it says so.
            nonce: that was sent.
            verifier: of PKCE.

        Raises:
            Refused: ``outside_failed``, whatever is wrong.
        """
        metadata = await self._read_metadata()
        if issuer != self.issuer and (issuer is not None or metadata.names_issuer):
            raise self._failed("the answer is from another issuer")
        token = await self._exchange(metadata, code, verifier)
        found = proved(lambda: self._verified(token, self._known_keys(), nonce), Claims)
        if found is None and await self._read_keys_again(metadata, token):
            found = proved(lambda: self._verified(token, self._known_keys(), nonce), Claims)
        if found is None:
            raise self._failed("its token is not to be believed")
        return found

    async def _exchange(self, metadata: _Metadata, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "client_id": self._client_id,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._client_secret is not None:
            secret = self._client_secret.get_secret_value()
            if metadata.posts_secret:
                form["client_secret"] = secret
            else:
                both = f"{quote(self._client_id, safe='')}:{quote(secret, safe='')}"
                headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        answer = await self._ask("POST", metadata.token, headers, urlencode(form).encode())
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise self._failed("it gave no ID token")
        return token

    def _known_keys(self) -> KeySet:
        if self._keys is None:
            raise InvalidKeyIdError("no keys were read yet")
        return self._keys[1]

    def _verified(self, token: str, keys: KeySet, nonce: str) -> Claims:
        """Return the claims of a token (§3.1.3.7). Whatever it raises, the token is not to be believed."""
        claims = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
        now_s = self._now_ms() // 1000
        jwt.JWTClaimsRegistry(
            now=now_s,
            leeway=_DRIFT_S,
            iss={"essential": True, "value": self.issuer},
            sub={"essential": True},
            aud={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        audience = [claims["aud"]] if isinstance(claims["aud"], str) else list(claims["aud"])
        authorized = claims.get("azp", self._client_id if len(audience) == 1 else None)
        if self._client_id not in audience or authorized != self._client_id:
            raise ValueError("the token is for somebody else")
        if now_s - claims["iat"] > _TOKEN_AGE_S:
            raise ValueError("the token is old")
        subject = claims["sub"]
        if not subject or len(subject) > _SUBJECT_CHARS or not subject.isascii() or not subject.isprintable():
            raise ValueError("the subject is none")
        mail, name = claims.get("email", ""), claims.get("name") or claims.get("preferred_username") or ""
        if not isinstance(mail, str) or not isinstance(name, str):
            raise TypeError("address and name are text")
        return Claims(self.issuer, subject, mail, claims.get("email_verified") is True, name)

    async def _read_metadata(self) -> _Metadata:
        async with self._lock:
            if self._metadata is None or self._now_ms() - self._metadata[0] > _KEPT_MS:
                found = await self._ask("GET", self.issuer.rstrip("/") + _WELL_KNOWN, {"Accept": "application/json"})
                self._metadata = (self._now_ms(), self._metadata_of(found))
            return self._metadata[1]

    def _metadata_of(self, found: dict[str, Any]) -> _Metadata:
        if found.get("issuer") != self.issuer:
            raise self._failed("it says it is another issuer")
        addresses = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        scheme = urlsplit(self.issuer).scheme
        plain = [each for each in addresses if isinstance(each, str) and urlsplit(each).scheme in {"https", scheme}]
        if len(plain) != len(addresses):
            raise self._failed("its addresses are not safe")
        authorization, token, keys = plain
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        names_issuer = found.get("authorization_response_iss_parameter_supported") is True
        return _Metadata(authorization, token, keys, names_issuer, "client_secret_basic" not in methods)

    async def _read_keys_again(self, metadata: _Metadata, token: str) -> bool:
        """Read the keys where none of them signed a token, but not for every such token; whether they were read."""
        async with self._lock:
            if self._keys is not None and (
                self._now_ms() - self._keys[0] < _KEYS_AGAIN_MS or _names_one_of(self._keys[1], token)
            ):
                return False
            found = await self._ask("GET", metadata.keys, {"Accept": "application/json"})
            keys = found.get("keys")
            usable = [
                key
                for key in (keys if isinstance(keys, list) else [])
                if isinstance(key, dict) and key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig"
            ]
            read = proved(lambda: KeySet.import_key_set({"keys": usable}), KeySet)
            if read is None:
                raise self._failed("its keys cannot be read")
            self._keys = (self._now_ms(), read)
            return True

    async def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> dict[str, Any]:
        try:
            answer = await self._outgoing.send(method, url, headers=headers, body=body)
            read = orjson.loads(answer.body)
        except NotReachable as error:
            raise self._failed(str(error)) from None
        except ValueError:
            raise self._failed("its answer is not JSON") from None
        if answer.status != 200 or not isinstance(read, dict):
            raise self._failed(f"it answered {answer.status}")
        return read

    def _failed(self, why: str) -> Refused:
        _log.warning("Nobody was signed in elsewhere.", extra={"reason": why})
        return Refused("outside_failed", provider=self.name)


def _names_one_of(keys: KeySet, token: str) -> bool:
    """Whether a token names a key that is among these."""
    named = proved(lambda: orjson.loads(_decoded(token.partition(".")[0])).get("kid"), str)
    return named is not None and any(key.kid == named for key in keys.keys)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
