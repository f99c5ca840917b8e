"""Which passwords are taken. How they are kept is another matter (``web/passwords.py``)."""

from __future__ import annotations

import base64
import re
from typing import Final

from widget_server.core.errors import Unacceptable
from widget_server.core.text import fold

MIN_CHARS: Final = 10
MAX_CHARS: Final = 256
"""Beyond this a "password" is an attempt to keep the server busy."""

_WORDS: Final = frozenset(
    re.findall(
        r"[a-z]+",
        """
        password passw pass passwort motdepasse contrasena senha parola wachtwoord haslo secret geheim welcome
        willkommen letmein changeme default admin administrator root user login guest test tester testing demo
        sample support supportchat livechat chat agent service server company office computer internet samsung
        google facebook iloveyou iloveu loveme sunshine princess football baseball basketball soccer hockey
        superman batman starwars pokemon dragon monkey shadow master michael jennifer jessica charlie daniel
        ashley thomas jordan hunter ranger buster summer winter autumn spring monday friday january december
        flower cheese chocolate freedom whatever trustno opensesame correcthorsebatterystaple qwerty qwertz
        azerty asdf abc abcd
        """,
    )
)
"""Words that lists of leaked passwords are full of, however they are dressed up with digits and signs."""

_RUNS: Final = (
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
)
"""Ways of a finger over the keyboard; any part of one, in either direction, is as easy to guess."""

_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_ENDS: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_REPEATED: Final = re.compile(r"(.{1,8}?)\1+")


def check_password(password: str, *, mail: str, name: str) -> None:
    """Refuse a password that would be guessed first.

    Args:
        password: as typed; every character is allowed and counts.
        mail: the owner's address; it, or its first part, is not taken as a password.
        name: the owner's name, as well.

    Raises:
        Unacceptable: ``weak_password``, with the least number of characters as ``limit``.
    """
    folded = fold(password).replace(" ", "")
    own = {fold(mail), fold(mail).partition("@")[0], fold(name).replace(" ", "")}
    core = _ENDS.sub("", folded)
    spellings = {folded, core, core.translate(_LEET), _ENDS.sub("", folded.translate(_LEET))}
    weak = (
        not MIN_CHARS <= len(password) <= MAX_CHARS
        or not spellings.isdisjoint(_WORDS | own)
        or _REPEATED.fullmatch(folded) is not None
        or any(folded in run or folded[::-1] in run for run in _RUNS)
    )
    if weak:
        raise Unacceptable("weak_password", limit=MIN_CHARS)


def generated_password(random: bytes) -> str:
    """Return a password that can be read out and typed, in groups of six, from 15 random bytes (120 bits)."""
    letters = base64.b32encode(random[:15]).decode().lower()
    return "-".join(letters[start : start + 6] for start in range(0, 24, 6))
