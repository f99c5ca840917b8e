"""Codes of a generator that somebody carries (RFC 6238): six digits that change every half minute."""

from __future__ import annotations

import base64
import re
from typing import Final

from pyotp import HOTP
from pyotp.utils import build_uri, strings_equal

STEP_MS: Final = 30_000
DRIFT: Final = 1
"""How many steps a generator's clock may be behind or ahead."""
SECRET_BYTES: Final = 20

_CODE: Final = re.compile(r"[0-9]{6}")


def totp_secret(random: bytes) -> str:
    """Return a generator's secret, as it is typed, from :data:`SECRET_BYTES` random bytes."""
    return base64.b32encode(random[:SECRET_BYTES]).decode()


def totp_code(secret: str, step: int) -> str:
    """Return the code of one step."""
    return HOTP(secret).at(step)


def matching_step(secret: str, code: str, now_ms: int, *, after: int) -> int | None:
    """Return the step whose code this is, or None.

    Args:
        secret: of the generator.
        code: as typed.
        now_ms: UTC time in ms.
        after: the last step that was used: it and what came before count no more.
    """
    plain = code.replace(" ", "")
    if not _CODE.fullmatch(plain):
        return None
    now = now_ms // STEP_MS
    steps = [now + offset for offset in range(-DRIFT, DRIFT + 1)]
    matching = [step for step in steps if step > after and strings_equal(totp_code(secret, step), plain)]
    return matching[0] if matching else None


def totp_address(secret: str, *, account: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that a generator reads from a picture."""
    return build_uri(secret, name=account, issuer=issuer)
