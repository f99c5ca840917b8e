"""Sign who is signed in on your pages, for SupportChat.identify({token}). Python's standard library alone."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time


def part(value: bytes) -> str:
    """Return base64url without padding, as JSON Web Tokens have it."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def identity_token(key_id: str, secret: str, site: str, subject: str, **facts: object) -> str:
    """Return a token that holds for five minutes. Make one for each page that you send.

    Args:
        key_id: of the secret, as the console shows it.
        secret: the secret itself. It never leaves your server.
        site: the site's key, as in its script tag.
        subject: your own, lasting name for this person, such as their number.
        facts: name, mail, attributes: what you know of them.
    """
    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT", "kid": key_id}
    claims = {"aud": site, "sub": subject, "iat": now, "exp": now + 300, "jti": secrets.token_hex(16), **facts}
    text = ".".join(part(json.dumps(value).encode()) for value in (header, claims))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{part(signature)}"


if __name__ == "__main__":
    site_keys = [os.environ[name] for name in ("CHAT_KEY_ID", "CHAT_SECRET", "CHAT_SITE")]
    facts = {"name": "Maeve", "mail": "maeve@example.com", "attributes": {"plan": "team"}}
    sys.stdout.write(identity_token(*site_keys, "customer-4711", **facts) + "\n")
