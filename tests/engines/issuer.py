"""A real OpenID provider on this machine: discovery, authorization, tokens, keys, and every way to get them wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENT: Final = "support-chat"
SECRET: Final = "the client's own secret: 100% & more"


class Issuer:
    """One provider with one person, who is always signed in there and agrees."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {
            "sub": "248289761001", "name": "Ada Byron", "email": "ada@example.com", "email_verified": True,
        }  # fmt: skip
        self.metadata: dict[str, Any] = {}
        """What discovery says otherwise."""
        self.claims: dict[str, Any] = {}
        """What tokens say otherwise; None leaves a claim out."""
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.asked: list[str] = []
        """The paths that were asked for."""
        self.authorization: dict[str, str] = {}
        """The last question that a browser brought."""
        self._codes: dict[str, dict[str, str]] = {}
        self.key: RSAKey | ECKey = RSAKey.generate_key(parameters={"kid": "first", "use": "sig"})
        app = web.Application(middlewares=[self._note])
        app.router.add_get("/.well-known/openid-configuration", self._discover)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        """The issuer."""
        return str(self.server.make_url("")).rstrip("/")

    def turn_keys(self) -> None:
        """Sign with another key from now on."""
        self.key = ECKey.generate_key("P-256", parameters={"kid": "second", "use": "sig"})

    def signed(self, claims: dict[str, Any]) -> str:
        """A token as it should be."""
        algorithm = "ES256" if isinstance(self.key, ECKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, claims, self.key, algorithms=[algorithm])

    def unsigned(self, claims: dict[str, Any]) -> str:
        """A token that nobody signed."""
        head, body = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in _parts({"alg": "none"}, claims))
        return f"{head}.{body}."

    def signed_with_public_key(self, claims: dict[str, Any]) -> str:
        """A token whose "secret" is what everybody knows."""
        public = OctKey.import_key(self.key.as_pem(private=False))
        return jwt.encode({"alg": "HS256", "kid": self.key.kid}, claims, public, algorithms=["HS256"])

    def signed_by_stranger(self, claims: dict[str, Any]) -> str:
        """A token of somebody who knows the key's name."""
        stranger = RSAKey.generate_key()
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, stranger)

    def changed(self, claims: dict[str, Any]) -> str:
        """A token whose claims were changed after it was signed."""
        head, _, signature = self.signed(claims).split(".")
        _, body = (
            base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in _parts({}, claims | {"sub": "somebody"})
        )
        return f"{head}.{body}.{signature}"

    def agree(self, address: str) -> str:
        """What a browser that was sent to ``address`` is sent back to, as path and query."""
        asked = dict(parse_qsl(urlsplit(address).query))
        self.authorization = asked
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.url}
        return f"{urlsplit(asked['redirect_uri']).path}?{urlencode(answer)}"

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(request.path)
        response: web.StreamResponse = await handler(request)
        return response

    async def _discover(self, _: web.Request) -> web.Response:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return web.json_response(said | self.metadata)

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        both = base64.b64encode(f"{CLIENT}:{quote(SECRET, safe='')}".encode()).decode()
        asked = self._codes.pop(str(form.get("code")), None)
        verifier = str(form.get("code_verifier", ""))
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if request.headers.get("Authorization") != f"Basic {both}":
            return web.json_response({"error": "invalid_client"}, status=401)
        if asked is None or asked["code_challenge"] != digest or form.get("redirect_uri") != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        told = {name: value for name, value in (claims | self.person | self.claims).items() if value is not None}
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": self.sign(told)})


def _parts(head: dict[str, Any], claims: dict[str, Any]) -> tuple[bytes, bytes]:
    return json.dumps(head).encode(), json.dumps(claims).encode()
