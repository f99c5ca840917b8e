"""Reading what a site signed of its own signed-in people: a JSON Web Token (RFC 7519) with HS256 (S14).

A token names the secret that signed it (``kid``), the site (``iss`` or ``aud``), whom it is about (``sub``), when it
was made and ends (``iat``, ``exp``) and has a nonce (``jti``). It may say more: ``nbf``, ``name``,
``mail``, ``attributes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from widget_server.core.errors import Refused
from widget_server.core.text import check_characters
from widget_server.protocol.frames import Attributes, Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc.jwk import GuestProtocol

LASTS_MAX_S: Final = 3600
"""Longer than an hour nobody's word is taken: whoever finds a token has little time."""
LEEWAY_S: Final = 30
"""By how much the clocks of the two servers may differ."""
_ALGORITHMS: Final = ("HS256",)


class Signed(BaseModel):
    """What a site says of somebody, once its signature was found good. Claims that mean nothing here are left out."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)

    sub: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    jti: Annotated[str, StringConstraints(min_length=8, max_length=200)]
    iat: int
    exp: int
    nbf: int | None = None
    iss: str | None = None
    aud: str | list[str] | None = None
    name: Line | None = None
    mail: Line | None = None
    attributes: Attributes = {}


def read_signed(token: str, secrets: Mapping[str, str], site_key: str, *, now_s: int) -> Signed:
    """Return what ``token`` says.

    Args:
        token: as it came.
        secrets: of the site, by their ids.
        site_key: of the site for which it must be.
        now_s: UTC time in seconds.

    Raises:
        Refused: ``bad_identity`` with ``why``, in the words of whoever writes the site's program.
        Unacceptable: ``bad_text``.
    """
    claims = _verified(token, secrets)
    try:
        signed = Signed.model_validate(claims)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Refused("bad_identity", why=f"the claim {place} is missing or has another form") from None
    check_characters(signed.sub + signed.jti)
    _check_site(signed, site_key)
    _check_times(signed, now_s)
    return signed


def _verified(token: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    def key_of(guest: GuestProtocol) -> OctKey:
        secret = secrets.get(str(guest.headers().get("kid")))
        if secret is None:
            raise Refused("bad_identity", why="no secret of this site that holds has the id in kid")
        return OctKey.import_key(secret)

    try:
        return dict(jwt.decode(token, key_of, algorithms=list(_ALGORITHMS)).claims)
    except (JoseError, ValueError, TypeError, KeyError):
        # One answer for whatever is wrong with it: nothing is learned by trying.
        raise Refused("bad_identity", why="it is not a token that was signed with HS256 and that secret") from None


def _check_site(signed: Signed, site_key: str) -> None:
    audiences = signed.aud if isinstance(signed.aud, list) else [signed.aud]
    named = [name for name in (signed.iss, *audiences) if name is not None]
    if site_key not in named:
        raise Refused("bad_identity", why="neither iss nor aud is the key of this site")


def _check_times(signed: Signed, now_s: int) -> None:
    if signed.exp <= now_s - LEEWAY_S:
        raise Refused("bad_identity", why="it has expired")
    if max(signed.iat, signed.nbf or 0) > now_s + LEEWAY_S:
        raise Refused("bad_identity", why="it was made in the future, or does not hold yet")
    if signed.exp - signed.iat > LASTS_MAX_S:
        raise Refused("bad_identity", why=f"it would hold longer than {LASTS_MAX_S} seconds")
