"""One client's connection as a value: text in, effects out."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.protocol.samples import CHANNEL, OTHER, SAMPLES
from widget_server.core.errors import ProductError, Refused, TryLater, Unacceptable
from widget_server.protocol import frames as f
from widget_server.protocol.codes import CloseCode
from widget_server.protocol.effects import Command, Effect, End, OpenOwn, Out, Sent, Unsubscribe, Whisper
from widget_server.protocol.session import Opened, Session, Speaker, Terms

TERMS = Terms(epoch="e1", message_chars=100, frame_bytes=4096, hello_ms=10_000)
SYNCED = b'{"t":"synced"}'


class Allowance:
    """A limiter that lets everything pass until it is told how long to wait."""

    def __init__(self) -> None:
        self.frame_wait: int | None = None
        self.message_wait: int | None = None

    def frame(self) -> int | None:
        return self.frame_wait

    def message(self) -> int | None:
        return self.message_wait


class Talk:
    """A session with its limiter, and a clock that stands still unless it is moved."""

    def __init__(
        self, *, agent: bool = False, reader: bool = False, posting: bool = False, greeted: bool = True
    ) -> None:
        self.limiter = Allowance()
        self.now = 1_000_000
        speaker: Speaker = "agent" if agent else "reader" if reader else "visitor"
        self.session = Session(TERMS, self.limiter, speaker=speaker, now=self.now, posting=posting)
        if greeted and not posting:
            self.say(t="hello", v=1)
            self.session.greeted()

    def say(self, **frame: Any) -> list[Effect]:
        return self.session.receive(orjson.dumps(frame), self.now)

    def show(self, channel: str = CHANNEL, version: int = 3) -> None:
        """Open a channel and bring it to ``version``."""
        self.say(t="open", ref=1, channel=channel)
        self.session.opened(Opened(channel, [SYNCED], version))


def name(number: int) -> str:
    return f"01926b3a-8a70-7cc2-8f00-{number:012x}"


def send(number: int, **more: Any) -> dict[str, Any]:
    return {"t": "send", "ref": number, "client_id": name(number), "channel": CHANNEL, "body": f"text {number}"} | more


def told(effects: list[Effect]) -> list[dict[str, Any]]:
    """The frames that go to the client."""
    return [orjson.loads(effect.data) for effect in effects if isinstance(effect, Out)]


def errors(effects: list[Effect]) -> list[str]:
    return [frame["name"] for frame in told(effects) if frame["t"] == "error"]


def commands(effects: list[Effect]) -> list[Any]:
    return [effect.frame for effect in effects if isinstance(effect, Command)]


def ends(effects: list[Effect]) -> list[int]:
    return [effect.code for effect in effects if isinstance(effect, End)]


# --- the first frames


def test_hello_is_a_command_and_nothing_is_said_before_it() -> None:
    talk = Talk(greeted=False)
    (hello,) = commands(talk.say(t="hello", v=1))
    assert isinstance(hello, f.Hello)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s["t"] != "hello"], ids=lambda s: s["t"])
def test_whatever_comes_before_hello_ends_the_line(sample: dict[str, Any]) -> None:
    effects = Talk(greeted=False).say(**sample)
    assert errors(effects) == ["hello_first"]
    assert ends(effects) == [CloseCode.MALFORMED]
    assert commands(effects) == []


def test_a_frame_that_cannot_be_read_before_hello_ends_the_line() -> None:
    effects = Talk(greeted=False).session.receive(b"{", 0)
    assert errors(effects) == ["malformed"]
    assert ends(effects) == [CloseCode.MALFORMED]


def test_a_second_hello_ends_the_line_also_before_the_first_was_answered() -> None:
    for talk in (Talk(), Talk(greeted=False)):
        talk.say(t="hello", v=1)
        effects = talk.say(t="hello", v=1)
        assert errors(effects) == ["hello_twice"]
        assert ends(effects) == [CloseCode.MALFORMED]


def test_an_older_version_is_told_to_upgrade_and_a_newer_one_is_taken() -> None:
    effects = Talk(greeted=False).say(t="hello", v=0)
    assert errors(effects) == ["unsupported_version"]
    assert ends(effects) == [CloseCode.UPGRADE_REQUIRED]
    assert commands(Talk(greeted=False).say(t="hello", v=2))


def test_a_line_without_hello_is_closed_at_its_deadline() -> None:
    talk = Talk(greeted=False)
    assert talk.session.tick(talk.now + 9_999) == []
    assert ends(talk.session.tick(talk.now + 10_000)) == [CloseCode.HELLO_TIMEOUT]


def test_a_greeted_line_has_no_deadline() -> None:
    talk = Talk()
    assert ends(talk.session.tick(talk.now + 3_600_000)) == []


# --- what is wrong later


def test_a_frame_that_cannot_be_read_costs_only_itself() -> None:
    talk = Talk()
    effects = talk.session.receive(b'{"t":"dance"}', talk.now)
    assert errors(effects) == ["unknown_frame"]
    assert ends(effects) == []
    assert told(talk.say(t="ping")) == [{"t": "pong"}]


def test_a_frame_that_is_too_large_ends_the_line() -> None:
    effects = Talk().session.receive(b" " * 5000, 0)
    assert errors(effects) == ["too_large"]
    assert ends(effects) == [CloseCode.TOO_LARGE]


@pytest.mark.parametrize("kind", ["inbox", "assign", "status", "availability", "search"])
def test_a_visitor_may_not_say_what_agents_say(kind: str) -> None:
    sample = next(sample for sample in SAMPLES if sample["t"] == kind)
    effects = Talk().say(**sample)
    assert errors(effects) == ["not_allowed"]
    assert told(effects)[0]["ref"] == sample["ref"]
    assert commands(Talk(agent=True).say(**sample))


@pytest.mark.parametrize("kind", ["context", "contact", "sign_out"])
def test_an_agent_may_not_say_what_visitors_say(kind: str) -> None:
    sample = next(sample for sample in SAMPLES if sample["t"] == kind)
    assert errors(Talk(agent=True).say(**sample)) == ["not_allowed"]
    assert commands(Talk().say(**sample))


@pytest.mark.parametrize("kind", ["hello", "open", "close"])
def test_a_post_takes_no_frame_that_belongs_to_a_stream(kind: str) -> None:
    sample = next(sample for sample in SAMPLES if sample["t"] == kind)
    talk = Talk(agent=True, posting=True)
    effects = talk.say(**sample)
    assert errors(effects) in (["malformed"], ["hello_twice"])
    assert commands(effects) == []


def test_a_post_needs_no_hello() -> None:
    assert commands(Talk(posting=True).say(**send(1)))


# --- sending


def test_a_message_is_checked_and_cleaned_before_it_becomes_a_command() -> None:
    talk = Talk()
    (frame,) = commands(talk.say(**send(1, body="one\r\ntwo \n")))
    assert frame.body == "one\ntwo"
    assert errors(talk.say(**send(2, body=" "))) == ["empty_message"]
    assert errors(talk.say(**send(3, body="x" * 101))) == ["message_too_long"]
    assert errors(talk.say(**send(4, body="a\x00b"))) == ["bad_text"]


def test_a_refused_text_names_limit_ref_and_channel() -> None:
    (error,) = told(Talk().say(**send(3, body="x" * 101)))
    assert (error["ref"], error["channel"]) == (3, CHANNEL)
    assert "100 characters" in error["message"]


def test_a_message_needs_a_place() -> None:
    assert errors(Talk().say(**send(1, channel=None))) == ["malformed"]
    assert errors(Talk(agent=True).say(**send(1, channel=None, start=OTHER))) == ["malformed"]
    assert commands(Talk().say(**send(1, channel=None, start=OTHER)))


def test_an_edit_is_checked_like_a_message() -> None:
    edit = {"t": "edit", "ref": 3, "channel": CHANNEL, "seq": 1, "revision": 1}
    assert errors(Talk().say(**edit, body="")) == ["empty_message"]
    (frame,) = commands(Talk().say(**edit, body="new\r\n"))
    assert frame.body == "new"


def test_an_ack_carries_what_was_committed() -> None:
    talk = Talk()
    (frame,) = commands(talk.say(**send(7)))
    outcome = Sent(CHANNEL, name(7), 4, 9, 0, 1_795_000_000_007)
    (ack,) = told(talk.session.done(frame, outcome))
    assert ack == {
        "t": "ack",
        "ref": 7,
        "channel": CHANNEL,
        "client_id": name(7),
        "seq": 4,
        "version": 9,
        "revision": 0,
        "at": "2026-11-18T11:06:40.007Z",
    }


def test_other_outcomes_are_answered_by_ref() -> None:
    talk = Talk(agent=True)
    (frame,) = commands(talk.say(t="assign", ref=9, channel=CHANNEL, assignee=None))
    assert told(talk.session.done(frame, None)) == [{"t": "done", "ref": 9}]
    (error,) = told(talk.session.done(frame, Refused("not_found")))
    assert (error["name"], error["ref"], error["channel"]) == ("not_found", 9, CHANNEL)
    assert talk.session.done(frame, SYNCED) == [Out(SYNCED)]
    (silent,) = commands(Talk().say(t="context", context={}))
    assert talk.session.done(silent, None) == []


def test_the_first_message_opens_its_own_channel_after_the_ack() -> None:
    talk = Talk()
    (frame,) = commands(talk.say(**send(1, channel=None, start=OTHER)))
    effects = talk.session.done(frame, Sent(CHANNEL, name(1), 1, 1, 0, 0))
    assert [type(effect) for effect in effects] == [Out, OpenOwn]
    (second,) = commands(talk.say(**send(2, channel=None, start=OTHER)))
    effects = talk.session.done(second, Sent(CHANNEL, name(2), 2, 2, 0, 0))
    assert [type(effect) for effect in effects] == [Out]


def test_a_post_opens_nothing() -> None:
    talk = Talk(posting=True)
    (frame,) = commands(talk.say(**send(1, channel=None, start=OTHER)))
    effects = talk.session.done(frame, Sent(CHANNEL, name(1), 1, 1, 0, 0))
    assert [type(effect) for effect in effects] == [Out]


# --- holding back


def held_back(talk: Talk, number: int, **more: Any) -> bool:
    return errors(talk.say(**send(number, **more))) == ["held_back"]


def test_after_a_passing_refusal_later_messages_wait_until_the_refused_one_comes_again() -> None:
    talk = Talk()
    (first,) = commands(talk.say(**send(1)))
    talk.session.done(first, TryLater("busy", 1000))
    assert held_back(talk, 2)
    assert held_back(talk, 3)
    assert commands(talk.say(**send(1)))
    assert commands(talk.say(**send(2)))
    assert commands(talk.say(**send(3)))


def test_the_earliest_of_several_refused_together_comes_first() -> None:
    talk = Talk()
    frames = [commands(talk.say(**send(number)))[0] for number in (1, 2)]
    for frame in frames:
        talk.session.done(frame, TryLater("unavailable", 1000))
    assert held_back(talk, 2)
    assert commands(talk.say(**send(1)))
    assert commands(talk.say(**send(2)))


def test_one_channels_refusal_holds_no_other_channel_back() -> None:
    talk = Talk()
    (first,) = commands(talk.say(**send(1)))
    talk.session.done(first, TryLater("busy", 1000))
    assert commands(talk.say(**send(2, channel=OTHER)))


@pytest.mark.parametrize("refusal", [Unacceptable("conflict"), Refused("not_found")])
def test_a_final_refusal_holds_nothing_back(refusal: ProductError) -> None:
    talk = Talk()
    (first,) = commands(talk.say(**send(1)))
    talk.session.done(first, refusal)
    assert commands(talk.say(**send(2)))


def test_a_limited_message_holds_later_ones_back_although_the_limit_has_passed() -> None:
    talk = Talk()
    talk.limiter.message_wait = 2_000
    (error,) = told(talk.say(**send(1)))
    assert (error["name"], error["retry_after"]) == ("rate_limited", 2_000)
    talk.limiter.message_wait = None
    assert held_back(talk, 2)
    assert commands(talk.say(**send(1)))
    assert commands(talk.say(**send(2)))


def test_a_message_among_too_many_frames_holds_later_ones_back_too() -> None:
    talk = Talk()
    talk.limiter.frame_wait = 500
    assert errors(talk.say(**send(1))) == ["rate_limited"]
    talk.limiter.frame_wait = None
    assert held_back(talk, 2)


def test_a_message_that_waits_costs_no_allowance() -> None:
    talk = Talk()
    (first,) = commands(talk.say(**send(1)))
    talk.session.done(first, TryLater("busy", 1000))
    talk.limiter.message_wait = 9_000
    assert held_back(talk, 2)


def test_the_conversation_that_begins_is_held_back_like_any_other() -> None:
    talk = Talk()
    (first,) = commands(talk.say(**send(1, channel=None, start=OTHER)))
    talk.session.done(first, TryLater("busy", 1000))
    assert held_back(talk, 2, channel=None, start=OTHER)
    assert commands(talk.say(**send(1, channel=None, start=OTHER)))


def test_a_refused_first_message_holds_back_what_is_sent_by_the_name_that_another_one_brought() -> None:
    talk = Talk()
    first, second, third = (commands(talk.say(**send(number, channel=None, start=OTHER)))[0] for number in range(1, 4))
    talk.session.done(first, Sent(CHANNEL, name(1), 1, 1, 0, 0))
    (fourth,) = commands(talk.say(**send(4)))
    talk.session.done(second, TryLater("unavailable", 1000))
    talk.session.done(third, TryLater("unavailable", 1000))
    # It had its turn when it came, and has lost it while it waited for those before it.
    with pytest.raises(TryLater, match="held_back"):
        talk.session.check_turn(fourth)
    assert held_back(talk, 3)
    assert held_back(talk, 3, channel=None, start=OTHER)
    assert commands(talk.say(**send(2)))
    talk.session.check_turn(fourth)


# --- channels


def event(start: int, to: int) -> bytes:
    return orjson.dumps({"t": "event", "from": start, "to": to})


def test_events_between_subscribing_and_synced_wait_and_old_ones_are_dropped() -> None:
    talk = Talk()
    talk.say(t="open", ref=1, channel=CHANNEL)
    for start in range(3, 7):
        assert talk.session.event(CHANNEL, start, start + 1, event(start, start + 1)) == []
    effects = talk.session.opened(Opened(CHANNEL, [SYNCED], 5))
    assert [frame.get("from", frame["t"]) for frame in told(effects)] == ["synced", 5, 6]


def test_nothing_that_does_not_last_arrives_before_synced() -> None:
    talk = Talk()
    talk.say(t="open", ref=1, channel=CHANNEL)
    assert talk.session.ephemeral(CHANNEL, b"{}") == []
    talk.session.opened(Opened(CHANNEL, [], 5))
    assert talk.session.ephemeral(CHANNEL, b"{}") == [Out(b"{}")]


def test_a_client_that_waits_for_too_long_is_sent_to_resume() -> None:
    talk = Talk()
    talk.say(t="open", ref=1, channel=CHANNEL)
    effects: list[Effect] = []
    for start in range(1000):
        effects += talk.session.event(CHANNEL, start, start + 1, b"{}")
    assert set(ends(effects)) == {CloseCode.RESUME_AGAIN}


def test_an_event_over_a_gap_is_passed_on_and_the_client_asks() -> None:
    talk = Talk()
    talk.show(version=3)
    assert told(talk.session.event(CHANNEL, 7, 8, event(7, 8)))[0]["from"] == 7
    assert told(talk.session.event(CHANNEL, 3, 4, event(3, 4)))[0]["from"] == 3


def test_events_of_channels_that_are_not_open_stay_away() -> None:
    talk = Talk()
    assert talk.session.event(CHANNEL, 1, 2, b"{}") == []
    assert talk.session.ephemeral(CHANNEL, b"{}") == []
    talk.show()
    assert talk.say(t="close", channel=CHANNEL) == [Unsubscribe(CHANNEL)]
    assert talk.say(t="close", channel=CHANNEL) == []
    assert talk.session.event(CHANNEL, 3, 4, b"{}") == []
    assert talk.session.open_channels() == []


def test_a_channel_that_is_gone_is_said_and_forgotten() -> None:
    talk = Talk()
    talk.say(t="open", ref=1, channel=CHANNEL)
    effects = talk.session.opened(Opened(CHANNEL, [b'{"t":"gone"}'], None))
    assert told(effects) == [{"t": "gone"}]
    assert effects[-1] == Unsubscribe(CHANNEL)
    assert talk.session.open_channels() == []


def test_a_channel_closed_while_it_was_read_gets_nothing() -> None:
    talk = Talk()
    talk.say(t="open", ref=1, channel=CHANNEL)
    talk.say(t="close", channel=CHANNEL)
    assert talk.session.opened(Opened(CHANNEL, [SYNCED], 3)) == []


def test_opening_again_holds_events_back_again() -> None:
    talk = Talk()
    talk.show(version=3)
    talk.say(t="open", ref=2, channel=CHANNEL)
    assert talk.session.event(CHANNEL, 3, 4, event(3, 4)) == []
    assert len(told(talk.session.opened(Opened(CHANNEL, [SYNCED], 3)))) == 2


def test_a_client_may_open_only_so_many_channels() -> None:
    talk = Talk()
    for number in range(200):
        assert commands(talk.say(t="open", ref=number, channel=name(number)))
    assert errors(talk.say(t="open", ref=1, channel=OTHER)) == ["busy"]
    assert commands(talk.say(t="open", ref=1, channel=name(5)))


# --- receipts and typing


def receipt(epoch: str = "e1") -> dict[str, Any]:
    return {"t": "receipt", "channel": CHANNEL, "epoch": epoch, "delivered": 3, "seen": 1}


def test_a_receipt_counts_only_after_synced_and_for_this_epoch() -> None:
    talk = Talk()
    assert talk.say(**receipt()) == []
    talk.say(t="open", ref=1, channel=CHANNEL)
    assert talk.say(**receipt()) == []
    talk.session.opened(Opened(CHANNEL, [], 3))
    assert commands(talk.say(**receipt()))
    assert talk.say(**receipt("e0")) == []


def test_a_posted_receipt_counts_without_an_open_channel() -> None:
    assert commands(Talk(posting=True).say(**receipt()))
    assert Talk(posting=True).say(**receipt("e0")) == []


def typing(talk: Talk, on: bool, draft: str | None = None) -> list[Effect]:
    return talk.say(t="typing", channel=CHANNEL, on=on, **({} if draft is None else {"draft": draft}))


def test_typing_is_told_at_most_once_a_second_and_stopping_at_once() -> None:
    talk = Talk()
    talk.show()
    assert typing(talk, True, "H") == [Whisper(CHANNEL, True, "H")]
    assert typing(talk, True, "He") == []
    talk.now += 1_000
    assert typing(talk, True, "Hel") == [Whisper(CHANNEL, True, "Hel")]
    assert talk.session.typing_in() == [CHANNEL]
    assert typing(talk, False) == [Whisper(CHANNEL, False, None)]
    assert typing(talk, False) == []
    assert talk.session.typing_in() == []


def test_typing_in_a_channel_that_is_not_open_is_told_to_nobody() -> None:
    talk = Talk()
    assert typing(talk, True) == []
    talk.say(t="open", ref=1, channel=CHANNEL)
    assert typing(talk, True) == []
    assert typing(Talk(posting=True), True) == [Whisper(CHANNEL, True, None)]


# --- limits and presence


def test_s38_who_goes_on_sending_over_the_limit_is_sent_away() -> None:
    talk = Talk()
    talk.limiter.frame_wait = 1_500
    answers = [talk.say(t="ping") for _ in range(1_000)]
    last = next(index for index, effects in enumerate(answers) if effects == [End(CloseCode.BUSY, 1_500)])
    assert last < 500
    assert all(errors(effects) == ["rate_limited"] for effects in answers[:last])


def test_refusals_of_a_long_day_do_not_add_up() -> None:
    talk = Talk()
    for _ in range(10):
        talk.limiter.frame_wait = 1_500
        answers = [talk.say(t="ping") for _ in range(100)]
        assert all(errors(effects) == ["rate_limited"] for effects in answers)
        talk.limiter.frame_wait = None
        talk.say(t="ping")


@pytest.mark.parametrize(
    "frame",
    [
        {"t": "edit", "ref": 5, "channel": CHANNEL, "seq": 1, "revision": 1, "body": "new"},
        {"t": "remove", "ref": 5, "channel": CHANNEL, "seq": 1},
        {"t": "contact", "ref": 5, "name": "Ada"},
    ],
    ids=["edit", "remove", "contact"],
)
def test_s38_what_changes_something_counts_as_a_message(frame: dict[str, Any]) -> None:
    talk = Talk()
    assert len(commands(talk.say(**frame))) == 1
    talk.limiter.message_wait = 2_000
    (error,) = told(talk.say(**frame))
    assert (error["name"], error["ref"], error["retry_after"]) == ("rate_limited", 5, 2_000)


def test_s38_a_place_over_the_limit_is_left_out() -> None:
    talk = Talk()
    frame = {"t": "context", "context": {"page": "https://shop.test/"}}
    assert len(commands(talk.say(**frame))) == 1
    talk.limiter.message_wait = 2_000
    assert talk.say(**frame) == []


def test_a_limited_frame_is_told_how_long_to_wait() -> None:
    talk = Talk()
    talk.limiter.frame_wait = 1_500
    (error,) = told(talk.say(t="history", ref=5, channel=CHANNEL, before=3))
    assert (error["name"], error["ref"], error["retry_after"]) == ("rate_limited", 5, 1_500)


def asleep_at(talk: Talk, now: int) -> bool:
    talk.session.tick(now)
    return talk.session.asleep


def test_a_page_that_shows_no_sign_of_life_falls_asleep_and_any_frame_wakes_it() -> None:
    talk = Talk()
    assert not asleep_at(talk, talk.now + 44_999)
    assert asleep_at(talk, talk.now + 45_000)
    talk.now += 50_000
    talk.session.receive(b"nonsense", talk.now)
    assert not asleep_at(talk, talk.now + 1)


def test_a_page_writes_where_it_has_a_channel_and_begins_nothing() -> None:
    talk = Talk(reader=True)
    assert len(commands(talk.say(**send(1)))) == 1
    for frame in (
        {"t": "edit", "ref": 5, "channel": CHANNEL, "seq": 1, "revision": 1, "body": "new"},
        {"t": "remove", "ref": 5, "channel": CHANNEL, "seq": 1},
        {"t": "history", "ref": 5, "channel": CHANNEL, "before": 3},
    ):
        assert len(commands(talk.say(**frame))) == 1, frame
    assert errors(talk.say(**send(2, channel=None, start=OTHER))) == ["malformed"]
    assert errors(talk.say(t="search", ref=5, text="Hello")) == ["not_allowed"]
