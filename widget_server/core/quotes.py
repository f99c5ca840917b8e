"""Cutting away what a mail program added to an answer: what was quoted, how the quotation begins, and a signature.

Our own mails say where to write (``##- … -##``): what stands behind that line is ours. Everything else is the custom of
mail programs, in the languages in which the product speaks. Where that would leave nothing, the text stays whole.
"""

from __future__ import annotations

import re
from typing import Final

_MARKER: Final = re.compile(r"^[> \t|*]{0,20}##-.*", re.MULTILINE)
_LINES_MAX: Final = 5_000

_WROTE: Final = re.compile(
    r"^\s*(?:"
    r"on\b.{4,200}\bwrote\s*:"  # English
    r"|am\b.{4,200}\bschrieb\b.{0,120}:"  # German
    r"|le\b.{4,200}\ba\s+écrit\s*:"  # French
    r"|el\b.{4,200}\bescribió\s*:"  # Spanish
    r"|il\b.{4,200}\bha\s+scritto\s*:"  # Italian
    r"|op\b.{4,200}\bschreef\b.{0,120}:"  # Dutch
    r"|(?:w\s+dniu|dnia)\b.{4,200}\b(?:napisał|napisała|napisał\(a\)|pisze)\s*:?"  # Polish
    r"|em\b.{4,200}\bescreveu\s*:"  # Portuguese
    r"|(?:في|بتاريخ|كتب)\b.{4,200}(?:كتب|كتبت)?.{0,120}:"  # Arabic
    r")\s*$",
    re.IGNORECASE,
)
_BEGINS: Final = re.compile(r"^\s*(?:on|am|le|el|il|op|w\s+dniu|dnia|em|في|بتاريخ)\b", re.IGNORECASE)
_DIVIDER: Final = re.compile(
    r"^\s*(?:-{2,}|_{2,})\s*(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht"
    r"|message d'origine|message original|message transféré|mensaje original|mensaje reenviado|messaggio originale"
    r"|messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht|wiadomość oryginalna|oryginalna wiadomość"
    r"|mensagem original|mensagem encaminhada|الرسالة الأصلية)\s*(?:-{2,}|_{2,})?\s*$",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"^\s*_{10,}\s*$")
_FROM: Final = re.compile(r"^\s*\*?(?:from|von|de|da|van|od|من)\s*:\*?\s+\S", re.IGNORECASE)
_BLOCK: Final = re.compile(
    r"^\s*\*?(?:sent|date|to|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|fecha|para|asunto|inviato|data|a"
    r"|oggetto|verzonden|aan|onderwerp|wysłano|do|temat|assunto|تاريخ|إلى|الموضوع|أرسلت)\s*:\*?",
    re.IGNORECASE,
)
_SENT_FROM: Final = re.compile(
    r"^\s*(?:sent from|get outlook for|von meinem .{2,40} gesendet|gesendet mit|envoyé de mon|envoyé depuis"
    r"|enviado desde|enviado do meu|inviato da|verzonden vanaf|verstuurd vanaf|wysłane z|أُرسلت من|أرسل من)\b.{0,60}$",
    re.IGNORECASE,
)


def without_quotes(text: str) -> str:
    """Return what somebody wrote themselves."""
    found = _MARKER.search(text)
    lines = (text[: found.start()] if found else text).split("\n")[:_LINES_MAX]
    own = _without_signature(_without_tail(lines))
    kept = "\n".join(own).strip()
    return kept or "\n".join(lines).strip()


def _without_tail(lines: list[str]) -> list[str]:
    """The lines before a quotation that goes to the end. A line that was quoted to be answered stays where it is."""
    for number, line in enumerate(lines):
        if _DIVIDER.match(line) or _begins_block(lines, number):
            return lines[:number]
        if _introduces(lines, number) and _is_quoted_to_the_end(lines, number):
            return lines[:number]
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    return lines[:end]


def _introduces(lines: list[str], number: int) -> bool:
    """Whether "On … somebody wrote:" begins here; mail programs break it over up to three lines."""
    if not _BEGINS.match(lines[number]):
        return False
    return any(_WROTE.match(" ".join(lines[number : number + count])[:500]) for count in (1, 2, 3))


def _is_quoted_to_the_end(lines: list[str], number: int) -> bool:
    """Whether nothing of one's own follows. Without a single quoted line all that follows is the quotation."""
    wrote = next((at for at in range(number, min(number + 3, len(lines))) if lines[at].rstrip().endswith(":")), number)
    rest = [line for line in lines[wrote + 1 :] if line.strip()]
    quoted = [line.lstrip().startswith(">") for line in rest]
    return not any(quoted) or (all(quoted[: quoted.count(True)]) and not _answers_below(rest))


def _answers_below(rest: list[str]) -> bool:
    last = max((at for at, line in enumerate(rest) if line.lstrip().startswith(">")), default=-1)
    below = [line for line in rest[last + 1 :] if not _SENT_FROM.match(line)]
    return bool(below) and below[0].strip() not in {"--", "-- "}


def _begins_block(lines: list[str], number: int) -> bool:
    """Whether a block "From: … Sent: … To: … Subject: …" begins here, with or without a rule above it."""
    first = number + 1 if _RULE.match(lines[number]) else number
    while first < len(lines) and first < number + 3 and not lines[first].strip():
        first += 1
    if first >= len(lines) or not _FROM.match(lines[first]):
        return False
    return sum(bool(_BLOCK.match(line)) for line in lines[first + 1 : first + 6]) >= 2


def _without_signature(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if line in {"-- ", "--"}:
            lines = lines[:number]
            break
    while lines and (not lines[-1].strip() or _SENT_FROM.match(lines[-1])):
        lines = lines[:-1]
    return lines
