"""From bytes to a frame or to a documented refusal, whatever the bytes (S13)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.protocol.samples import SAMPLES
from widget_server.core.errors import Malformed
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.decode import decode
from widget_server.protocol.frames import CLIENT_FRAME, ClientModel, SetContact

LIMIT = 65_536
_OF_ANOTHER_TYPE: tuple[Any, ...] = (None, True, 1, -1, 1.5, 2**80, "text", "\x00", "x" * 3000, [], ["x"], {}, {"x": 1})


def refusal(data: str | bytes, limit: int = LIMIT) -> str | None:
    """The name of the documented refusal, or None for a frame. Any other exception is a failure."""
    try:
        frame = decode(data, limit)
    except Malformed as error:
        name = error.name
    else:
        assert isinstance(frame, ClientModel)
        return None
    assert ERRORS[name].number < 2000
    return name


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["t"])
def test_every_kind_of_frame_is_taken_as_text_and_as_bytes(sample: dict[str, Any]) -> None:
    text = json.dumps(sample)
    assert decode(text, LIMIT) == decode(text.encode(), LIMIT)
    assert decode(text, LIMIT).t == sample["t"]


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every scalar and container inside a frame."""
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    return [path, *(found for key, child in inside for found in _places(child, (*path, key)))]


def _replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["t"])
def test_a_wrong_type_in_any_place_of_any_frame_is_refused_and_never_coerced(sample: dict[str, Any]) -> None:
    for path in _places(sample):
        before = sample
        for step in path:
            before = before[step]  # type: ignore[index]  # the path was read from this very sample
        for other in _OF_ANOTHER_TYPE:
            text = json.dumps(_replaced(sample, path, other))
            if refusal(text) is None:
                taken = decode(text, LIMIT).model_dump(exclude_unset=True)
                assert json.loads(json.dumps(taken)) == json.loads(text), path


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["t"])
def test_s05_an_unknown_field_is_refused_in_every_frame(sample: dict[str, Any]) -> None:
    assert refusal(json.dumps({**sample, "admin": True})) == "malformed"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["t"])
def test_every_required_field_is_required(sample: dict[str, Any]) -> None:
    kind = type(decode(json.dumps(sample), LIMIT))
    for name, field in kind.model_fields.items():
        less = {key: value for key, value in sample.items() if key != name}
        assert (refusal(json.dumps(less)) is not None) == field.is_required(), name


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", "malformed"),
        ("{", "malformed"),
        ("null", "malformed"),
        ("[]", "malformed"),
        ('"hello"', "malformed"),
        ("{}", "malformed"),
        ('{"t": 1}', "unknown_frame"),
        ('{"t": "dance"}', "unknown_frame"),
        ('{"t": "welcome"}', "unknown_frame"),
        ('{"t": "ping"} {"t": "ping"}', "malformed"),
        ('[{"t": "ping"}]', "malformed"),
        ("{'t': 'ping'}", "malformed"),
        ('{"t": "ping",}', "malformed"),
        ('\ufeff{"t": "ping"}', "malformed"),
        ('{"t": "hello", "v": NaN}', "malformed"),
        ('{"t": "hello", "v": Infinity}', "malformed"),
        ('{"t": "hello", "v": 1e400}', "malformed"),
        ('{"t": "contact", "ref": 1, "attributes": {"n": NaN}}', "malformed"),
        ('{"t": "contact", "ref": 1, "attributes": {"n": -Infinity}}', "malformed"),
        ('{"t": "contact", "ref": 1, "attributes": {"n": 1e999}}', "malformed"),
        ('{"t": "search", "ref": 1, "text": "\\ud800"}', "malformed"),
        ('{"t": "search", "ref": 1, "text": "\\udc00\\ud800"}', "malformed"),
        ('{"t": "search", "ref": 1, "text": "\ud800"}', "malformed"),
        (b'{"t": "search", "ref": 1, "text": "\xff"}', "malformed"),
        (b'{"t": "search", "ref": 1, "text": "\xed\xa0\x80"}', "malformed"),
        (b"\x00", "malformed"),
        (b"\x80\x81", "malformed"),
        ("[" * 33 + "]" * 33, "too_deep"),
        ('{"t": "ping", "x": ' + "[" * 40 + "]" * 40 + "}", "too_deep"),
        ("[" * 30_000, "too_deep"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "too_deep"),
        ('{"t": "search", "ref": 1, "text": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', None),
        ('{"t": "search", "ref": 1, "text": "\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "x": 1}', "malformed"),
    ],
)
def test_s04_what_is_no_frame_gets_its_documented_code(data: str | bytes, expected: str | None) -> None:
    assert refusal(data) == expected


def test_a_key_that_stands_twice_counts_once_or_is_refused() -> None:
    assert refusal('{"t": "ping", "t": "dance"}') == "unknown_frame"
    assert refusal('{"t": "dance", "t": "ping"}') in {None, "unknown_frame"}


def test_the_limit_counts_bytes_and_not_characters() -> None:
    text = json.dumps({"t": "search", "ref": 1, "text": "é" * 100}, ensure_ascii=False)
    size = len(text.encode())
    assert refusal(text, size) is None
    assert refusal(text.encode(), size) is None
    assert refusal(text, size - 1) == "too_large"
    assert refusal(text.encode(), size - 1) == "too_large"
    assert refusal("x" * (LIMIT + 1)) == "too_large"


@pytest.mark.parametrize(
    ("kind", "field", "more"),
    [
        ("history", "before", {}),
        ("edit", "seq", {"revision": 1, "body": "x"}),
        ("edit", "revision", {"seq": 1, "body": "x"}),
        ("remove", "seq", {}),
    ],
)
def test_a_number_that_no_store_can_hold_is_refused(kind: str, field: str, more: dict[str, Any]) -> None:
    channel = SAMPLES[1]["channel"]
    for number in (2**53, 2**63, 2**200):
        frame = {"t": kind, "ref": 1, "channel": channel, field: number, **more}
        assert refusal(json.dumps(frame)) == "malformed"


@pytest.mark.parametrize("number", [2**53, 2**63, -(2**63) - 1, 2**200])
def test_a_number_beyond_what_programs_hold_exactly_is_kept_roughly_or_refused(number: int) -> None:
    frame = decode(json.dumps({"t": "contact", "ref": 1, "attributes": {"n": number}}), LIMIT)
    assert isinstance(frame, SetContact)
    assert isinstance(frame.attributes["n"], float)
    assert refusal(json.dumps({"t": "hello", "v": 1, "inbox": number})) == "malformed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_any_json_is_a_frame_or_a_documented_refusal(value: Any) -> None:
    refusal(json.dumps(value))


@given(st.sampled_from(SAMPLES), st.dictionaries(st.text(max_size=10), json_values, max_size=4))
def test_any_fields_beside_a_known_kind_are_a_frame_or_a_documented_refusal(
    sample: dict[str, Any], fields: dict[str, Any]
) -> None:
    refusal(json.dumps({"t": sample["t"], **fields}))
    refusal(json.dumps({**sample, **fields}))


@given(st.text(max_size=200))
def test_any_text_is_a_frame_or_a_documented_refusal(text: str) -> None:
    refusal(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_documented_refusal(data: bytes) -> None:
    refusal(data)


@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_frame_is_a_frame_or_a_documented_refusal(sample: dict[str, Any], data: st.DataObject) -> None:
    whole = bytearray(json.dumps(sample).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    refusal(bytes(whole))
    refusal(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@pytest.mark.parametrize(
    "frame",
    [
        {"t": "hello", "v": 1, "positions": [{}] * 20_000},
        {"t": "hello", "v": 1, "positions": [1] * 20_000},
        {"t": "contact", "ref": 1, "attributes": {f"{number:x}": [] for number in range(6_000)}},
    ],
    ids=["empty positions", "no positions", "no attributes"],
)
def test_s37_a_frame_that_is_wrong_a_thousand_times_is_refused_for_the_first_few(frame: dict[str, object]) -> None:
    # Each finding costs as much as a whole message: a socket's allowance of such frames kept the server busy for good.
    with pytest.raises(ValidationError) as refused:
        CLIENT_FRAME.validate_json(json.dumps(frame))
    assert refused.value.error_count() < 10
    assert refusal(json.dumps(frame, separators=(",", ":"))) == "malformed"
