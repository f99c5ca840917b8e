"""Names that a reader would take for one another (S36): they look the same here, so that a name is unique by its look.

In the manner of the "skeletons" of Unicode's UTS 39: letters of other alphabets become the Latin ones whose shape they
have; accents, separators, invisible characters and the case are left out. Nobody ever sees the result. Two honest names
may meet in it ("MarIa" must not pass for "Maria", so "Marla" does not either): whoever comes second chooses another.
"""

# ruff: noqa: RUF001, RUF002 - the look-alikes themselves

from __future__ import annotations

import re
import unicodedata
from typing import Final

from widget_server.core.text import fold

_PAIRS: Final = """
аa вb еe ёe зz іi їi јj кk ӏl мm нh оo рp сc ԛq ѕs тt уy үy ѵv ԝw хx һh ԁd ԍg гr пn ьb бb
αa βb γy εe ζz ηn ιi κk μm νv οo ρp τt υu χx ωw σo ϲc ϳj
օo ոn սu հh ցg յj զq ռn
ᎠD ᎡR ᎢT ᎥI ᎪA ᎫJ ᎬE ᎳW ᎷM ᎻH ᏀG ᏃZ ᏏB ᏒR ᏔW ᏚS ᏙV ᏞL ᏟC ᏢP ᏦK ᏴB
ıi ɩi ɪi ɡg ɑa əe øo łl đd ħh ŧt ƅb ɓb ʏy ʀr ɴn ʜh ʟl ɢg ᴀa ᴄc ᴅd ᴇe ᴊj ᴋk ᴍm ᴏo ᴘp ᴛt ᴜu ᴠv ᴡw ᴢz ꜱs
0o 1l |l !l $s @a ǀl ∣l ١l ۱l ٥o ۵o
"""
"""Each a character, after its case is folded, and the Latin letter that it passes for."""
_CAPITALS: Final = str.maketrans("ΗΝΥІІ", "HNYII")
"""Capitals that look like another Latin letter than their small ones do."""

_LATIN: Final = {ord(pair[0]): pair[1].lower() for pair in _PAIRS.split()}
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_APART: Final = re.compile(r"[\s._\-\u2010-\u2015\u2212'’`´·]+")


def look(name: str) -> str:
    """Return what tells a name from others at a glance."""
    shapes = unicodedata.normalize("NFKD", name).translate(_CAPITALS)
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", fold(shapes)))
    latin = _APART.sub("", unicodedata.normalize("NFKC", plain.translate(_LATIN)))
    return latin.replace("rn", "m").replace("vv", "w").replace("i", "l") or fold(name)


def in_latin(text: str) -> str:
    """Return a folded text with letters of other alphabets as the Latin ones whose shape they have."""
    return text.translate(_LATIN)


def looks(name: str) -> set[str]:
    """Return the looks of a name in small letters, in capitals and as written.

    They differ where a letter has two shapes, each of another Latin one (a Greek ν and its capital).
    """
    return {look(spelling) for spelling in (name, name.lower(), name.upper())}
