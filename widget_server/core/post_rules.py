"""What a post may contain before a moderator has looked at it: words and phrases, links, how many in an hour.

A board has its own rules, and the installation has some for all boards; the stricter one counts. Words are compared
folded and whole, so that no rule is a pattern of somebody's making: a post is looked through once, whatever the rules
say. It is looked through as it was written and as it is read: signs of Markdown, entities, and letters of another
alphabet among Latin ones hide no word and no link.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from widget_server.core.errors import Unacceptable
from widget_server.core.lookalikes import in_latin
from widget_server.core.plain import plain_of
from widget_server.core.text import check_characters, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LinkRule = Literal["allow", "hold", "refuse"]
LINK_RULES: Final[tuple[LinkRule, ...]] = get_args(LinkRule)
PHRASES_MAX: Final = 500
PHRASE_CHARS: Final = 100
WORDS_MAX: Final = 8
"""Of one phrase."""
HOLDS_MAX: Final = 100
NUMBER_MAX: Final = 100_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_LINK: Final = re.compile(r"\b(?:https?|ftp)://|\bwww\.(?=\w)", re.IGNORECASE)
_SIGNS: Final = re.compile("[*_~`]+|[\u0300-\u036f]+")
"""What stands inside of a word and is not read as part of it: Markdown's signs, and strokes through letters."""
_LATIN: Final = re.compile("[a-z]")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts that set no space between words: a phrase with one is looked for anywhere."""


class Rules(NamedTuple):
    """The rules of one board, or of the installation."""

    hold: tuple[str, ...] = ()
    """Words and phrases, folded: a post with one waits."""
    refuse: tuple[str, ...] = ()
    """As ``hold``: such a post is not taken at all."""
    links: LinkRule = "allow"
    """What becomes of a post with a link by a new member."""


class Limits(NamedTuple):
    """Who is new on the installation, and how much they may write."""

    posts: int = 5
    """Whoever has fewer posts is new."""
    days: int = 1
    """As is whoever came less than so many days ago."""
    hourly: int = 10
    """So many posts of a new member in an hour; 0 is no limit."""
    daily: int = 30
    links: int = 3
    """So many links in one post of a new member; -1 is no limit."""


class Posting(NamedTuple):
    """What holds on every board, and in every room."""

    rules: Rules = Rules()
    limits: Limits = Limits()
    public_log: bool = False
    """Whether everybody who may read a board may read what its moderators did."""


class Standing(NamedTuple):
    """What is known of whoever writes."""

    posts: int
    """That stand in threads; counted as far as it matters."""
    joined_at: int
    """UTC ms."""


class Found(NamedTuple):
    """Why a post waits or is refused: ``first``, ``word`` (with the phrase) or ``links``."""

    verdict: Literal["hold", "refuse"]
    why: str
    phrase: str = ""

    @property
    def told(self) -> str:
        """As it is kept with the post."""
        return f"{self.why}:{self.phrase}" if self.phrase else self.why

    @property
    def refusal(self) -> Unacceptable:
        """What whoever wrote it is told where it is not taken."""
        if self.why == "links":
            return Unacceptable("link_refused")
        return Unacceptable("post_refused", phrase=self.phrase)


def is_new(standing: Standing, limits: Limits, now_ms: int) -> bool:
    """Whether the limits of new members hold for somebody."""
    return standing.posts < limits.posts or now_ms - standing.joined_at < limits.days * DAY_MS


def links_in(text: str) -> int:
    """Return how many addresses of the web a text has, also with their letters written as entities or escaped."""
    parsed = unescape(_ESCAPED.sub(r"\1", text))
    return max(sum(1 for _ in _LINK.finditer(each)) for each in (text, parsed))


def judge(text: str, rules: Iterable[Rules], *, new: bool, first: bool) -> Found | None:
    """Return what the rules say of a post; None: it is sent.

    Args:
        text: title and body.
        rules: of the board and of the installation.
        new: whether its author is a new member.
        first: whether it is one of the first posts, which wait on this board.
    """
    every = list(rules)
    refused = _phrase_in(text, [phrase for each in every for phrase in each.refuse])
    if refused:
        return Found("refuse", "word", refused)
    linked = new and links_in(text) > 0
    if linked and any(each.links == "refuse" for each in every):
        return Found("refuse", "links")
    held = _phrase_in(text, [phrase for each in every for phrase in each.hold])
    if held:
        return Found("hold", "word", held)
    if linked and any(each.links == "hold" for each in every):
        return Found("hold", "links")
    return Found("hold", "first") if first else None


def _phrase_in(text: str, phrases: Sequence[str]) -> str:
    """The phrase that a text has; empty where it has none. Each place of the text is looked at once for each length."""
    if not phrases:
        return ""
    wanted = {tuple(_WORD.findall(phrase)): phrase for phrase in phrases}
    unspaced = [phrase for phrase in phrases if _UNSPACED.search(phrase)]
    return next(filter(None, (_phrase_of(each, wanted, unspaced) for each in _readings(text))), "")


def _readings(text: str) -> Iterator[str]:
    """A text folded, as it was written and as people read it."""
    yield (folded := fold(text))
    # Letters that exist with their accent keep it.
    read = fold(_SIGNS.sub("", unicodedata.normalize("NFC", unescape(plain_of(text)))))
    latin = _WORD.sub(lambda found: in_latin(found[0]) if _LATIN.search(found[0]) else found[0], read)
    yield from {read, latin} - {folded}


def _phrase_of(folded: str, wanted: Mapping[tuple[str, ...], str], unspaced: Iterable[str]) -> str:
    words = _WORD.findall(folded)
    for length in {len(each) for each in wanted}:
        for at in range(len(words) - length + 1) if length else ():
            phrase = wanted.get(tuple(words[at : at + length]))
            if phrase is not None:
                return phrase
    return next((phrase for phrase in unspaced if phrase in folded), "")


def check_phrases(text: str) -> tuple[str, ...]:
    """Return the words and phrases of a list, one on each line, folded.

    Raises:
        Unacceptable: ``bad_text``; ``bad_phrase`` for one that is too long or has no letter; ``too_many_phrases``.
    """
    check_characters(text)
    lines = dict.fromkeys(fold(line) for line in text.splitlines() if line.strip())
    if len(lines) > PHRASES_MAX:
        raise Unacceptable("too_many_phrases", limit=PHRASES_MAX)
    for line in lines:
        if len(line) > PHRASE_CHARS or not 0 < len(_WORD.findall(line)) <= WORDS_MAX:
            raise Unacceptable("bad_phrase", phrase=line[:PHRASE_CHARS])
    return tuple(lines)


def check_link_rule(text: str) -> LinkRule:
    """Return what becomes of links. Raises ``Unacceptable``: ``bad_choice``."""
    for rule in LINK_RULES:
        if rule == text:
            return rule
    raise Unacceptable("bad_choice")


def check_number(text: str, *, least: int = 0, most: int = NUMBER_MAX) -> int:
    """Return a whole number of a form.

    Raises:
        Unacceptable: ``bad_number`` with what it may be.
    """
    stripped = text.strip()
    digits = stripped.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 8 and least <= int(stripped) <= most:
        return int(stripped)
    raise Unacceptable("bad_number", least=least, most=most)


def rules_of(kept: Mapping[str, Any]) -> Rules:
    """Return the rules that a row of the store has; what it does not say is as at the beginning."""
    return Rules(
        tuple(str(phrase) for phrase in kept.get("hold", ())),
        tuple(str(phrase) for phrase in kept.get("refuse", ())),
        check_link_rule(str(kept.get("links", "allow"))),
    )


def posting_of(kept: Mapping[str, Any]) -> Posting:
    """Return what the store keeps of the rules of the installation; what it does not say is as at the beginning."""
    limits = {name: value for name, value in kept.get("limits", {}).items() if name in Limits._fields}
    return Posting(rules_of(kept.get("rules", {})), Limits(**limits), bool(kept.get("public_log", False)))


def check_said(text: str, posting: Posting, *, new: bool) -> None:
    """See that a message may be said in a room: it has no queue, so what would wait on a board is refused.

    Raises:
        Unacceptable: ``post_refused``, ``link_refused``, ``too_many_links``.
    """
    found = judge(text, [posting.rules], new=new, first=False)
    if found is not None:
        raise found.refusal
    check_few_links(text, posting.limits, new=new)


def check_few_links(text: str, limits: Limits, *, new: bool) -> None:
    """See that a new member writes no more links than they may.

    Raises:
        Unacceptable: ``too_many_links``.
    """
    if new and 0 <= limits.links < links_in(text):
        raise Unacceptable("too_many_links", limit=limits.links)


def wait_ms(times: Sequence[int], limits: Limits, now_ms: int) -> int:
    """Return for how long a new member writes no more; 0: they may write now.

    Args:
        times: when their newest posts were written, the newest first: as many as the limits count.
        limits: of new members.
        now_ms: UTC ms.
    """
    waits = [
        times[most - 1] + span - now_ms
        for most, span in ((limits.hourly, HOUR_MS), (limits.daily, DAY_MS))
        if 0 < most <= len(times)
    ]
    return max([0, *waits])
