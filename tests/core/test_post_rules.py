"""What waits for a moderator, and what is not taken at all."""

from __future__ import annotations

import pytest

from widget_server.core.errors import Unacceptable
from widget_server.core.post_rules import (
    DAY_MS,
    HOUR_MS,
    PHRASES_MAX,
    Limits,
    Rules,
    Standing,
    check_number,
    check_phrases,
    is_new,
    judge,
    links_in,
    rules_of,
    wait_ms,
)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Buy CHEAP\u200b pills now", "cheap pills"),
        ("buy cheap,  pills", "cheap pills"),
        ("\uff43heap \uff50ills", "cheap pills"),
        ("cheap\npills", "cheap pills"),
        ("cheaper pills", ""),
        ("cheap and pills", ""),
        ("这里有赌博网站", "赌博"),
        ("Casino", "casino"),
        ("casinos", ""),
        ("cas**i**no", "casino"),
        ("[cas](/x)ino", "casino"),
        ("cas&#105;no", "casino"),
        ("cas\ufe0fino", "casino"),
        ("c\u034fasino", "casino"),
        ("c\u0430sin\u043e", "casino"),
        ("ca\u0336sino", "casino"),
        ("cheap\\\npills", "cheap pills"),
        ("a casi no", ""),
    ],
)
def test_words_are_compared_whole_and_folded(text: str, phrase: str) -> None:
    found = judge(text, [Rules(hold=("cheap pills", "赌博")), Rules(hold=("casino",))], new=False, first=False)
    assert (found.phrase if found else "") == phrase


def test_the_stricter_of_two_rules_counts() -> None:
    soft, hard = Rules(hold=("pills",), links="hold"), Rules(refuse=("pills",), links="refuse")
    link = "See https://example.com"
    for rules in ([soft, hard], [hard, soft]):
        found = judge("pills", rules, new=False, first=True)
        assert found is not None
        assert found.told == "word:pills"
        assert found.verdict == "refuse"
        found = judge(link, rules, new=True, first=False)
        assert found is not None
        assert (found.verdict, found.told) == ("refuse", "links")
    assert judge(link, [soft, hard], new=False, first=False) is None
    held = judge(link, [soft], new=True, first=True)
    assert held is not None
    assert (held.verdict, held.told) == ("hold", "links")
    first = judge("Hello", [soft, hard], new=True, first=True)
    assert first is not None
    assert first.told == "first"


def test_a_long_text_is_looked_through_once_whatever_the_rules_say() -> None:
    rules = Rules(hold=tuple(f"a a a a a a a {n}" for n in range(PHRASES_MAX)))
    for text in ("a " * 20_000, "\u0430a" * 20_000, "a\u0336" * 20_000, "*&#97;" * 6_000, "[a](" * 10_000):
        assert judge(text, [rules], new=False, first=False) is None


def test_links_are_counted_however_they_are_written() -> None:
    assert links_in("[a](http://a.example) www.b.example HTTPS://c.example mail@d.example e.g. this") == 3
    for hidden in (r"[x](http\://a.example)", "[x](&#104;ttp://a.example)", "[x](http&colon;//a.example)"):
        assert links_in(hidden) == 1, hidden
    assert links_in("www. and http: are none") == 0


def test_somebody_is_new_until_both_posts_and_days_are_enough() -> None:
    limits = Limits(posts=5, days=2)
    now = 10 * DAY_MS
    assert is_new(Standing(4, 0), limits, now)
    assert is_new(Standing(5, now - DAY_MS), limits, now)
    assert not is_new(Standing(5, now - 2 * DAY_MS), limits, now)


def test_the_wait_ends_when_the_oldest_post_that_counts_is_old_enough() -> None:
    limits = Limits(hourly=2, daily=4)
    now = 5 * DAY_MS
    assert wait_ms([], limits, now) == 0
    assert wait_ms([now - 1, now - HOUR_MS], limits, now) == 0
    assert wait_ms([now - 1, now - 1000], limits, now) == HOUR_MS - 1000
    assert wait_ms([now - HOUR_MS - n for n in range(4)], limits, now) == DAY_MS - HOUR_MS - 3
    assert wait_ms([now] * 50, Limits(hourly=0, daily=0), now) == 0


def test_what_is_written_into_lists_is_checked() -> None:
    assert check_phrases("Cheap  Pills\n\ncheap pills\nCASINO") == ("cheap pills", "casino")
    assert rules_of({"hold": ["casino"], "links": "hold"}) == Rules(("casino",), (), "hold")
    assert rules_of({}) == Rules()
    for wrong in ("---", "a " * 9, "b" * 101, "\n".join(map(str, range(PHRASES_MAX + 1))), "nul\0"):
        with pytest.raises(Unacceptable):
            check_phrases(wrong)
    assert check_number(" 7 ", most=10) == 7
    for number in ("", "x", "11", "-1", "٣", "1.5", "9" * 30):
        with pytest.raises(Unacceptable, match="bad_number"):
            check_number(number, most=10)
