"""What a site's own server does: it signs who is signed in there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.jwk import OctKey

from tests.clients.state import fresh_id

if TYPE_CHECKING:
    from widget_server.actions.site_secrets import FreshSecret


def claims(site: str, subject: str, now_ms: int, **more: Any) -> dict[str, Any]:
    """What a good token says; ``more`` replaces, and None takes away."""
    now = now_ms // 1000
    said = {"aud": site, "sub": subject, "iat": now, "exp": now + 300, "jti": fresh_id()} | more
    return {name: value for name, value in said.items() if value is not None}


def sign(secret: FreshSecret, said: dict[str, Any], **header: Any) -> str:
    """A token that says it."""
    head = {"alg": "HS256", "kid": secret.key_id} | header
    return jwt.encode(head, said, OctKey.import_key(secret.secret))
