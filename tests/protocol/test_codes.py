"""The numbers a client may meet: their ranges alone say what to do."""

from __future__ import annotations

import string

import pytest

from widget_server.core import errors
from widget_server.core.errors import Malformed, ProductError, Refused, TryLater, Unacceptable
from widget_server.protocol import encode
from widget_server.protocol.answers import SERVER_FRAME
from widget_server.protocol.codes import ERRORS, RETRIABLE_FROM, CloseCode, may_reconnect


def test_no_number_stands_for_two_errors() -> None:
    numbers = [code.number for code in ERRORS.values()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", ERRORS)
def test_the_http_status_follows_the_range(name: str) -> None:
    number, http, _ = ERRORS[name]
    allowed = {1: {400, 405, 412, 413, 415}, 2: {401, 403, 404}, 3: {409, 412, 413, 416, 422}, 5: {429, 500, 503}}
    assert http in allowed[number // 1000]
    assert (number >= RETRIABLE_FROM) == (http in {429, 500, 503})


@pytest.mark.parametrize("name", ERRORS)
def test_every_sentence_ends_and_names_only_plain_facts(name: str) -> None:
    text = ERRORS[name].text
    assert text[0].isupper() or text[0] == "{"
    assert text.rstrip().endswith((".", "}", "make build"))
    assert all(fact is None or fact.isidentifier() for _, fact, _, _ in string.Formatter().parse(text))


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_becomes_a_frame_of_the_contract(name: str) -> None:
    error: ProductError = TryLater(name, 1500) if ERRORS[name].number >= RETRIABLE_FROM else ProductError(name)
    frame = SERVER_FRAME.validate_json(encode.error(error, 7, "01926b3a-8a70-7cc2-8f00-0123456789ab"))
    assert frame.t == "error"
    assert (frame.code, frame.name, frame.ref) == (ERRORS[name].number, name, 7)
    assert (frame.retry_after is not None) == (frame.code >= RETRIABLE_FROM)
    assert "{" not in frame.message


def test_a_passing_error_tells_whole_seconds_to_a_person_and_milliseconds_to_a_program() -> None:
    body = encode.error_body(TryLater("rate_limited", 1001))
    assert body["retry_after"] == 1001
    assert "2 s" in body["message"]


def test_the_tree_of_errors_is_shown_with_its_facts() -> None:
    assert {Malformed, Refused, Unacceptable, TryLater} == set(ProductError.__subclasses__())
    assert str(Unacceptable("message_too_long", limit=5)) == "message_too_long(limit=5)"
    assert str(Refused("not_found")) == "not_found"
    assert errors.__doc__ is not None


@pytest.mark.parametrize("code", CloseCode)
def test_the_close_code_alone_says_whether_to_come_back(code: CloseCode) -> None:
    final = {"TOO_LARGE", "MALFORMED", "SIGNED_OUT", "REPLACED", "UPGRADE_REQUIRED"}
    assert may_reconnect(code) == (code.name not in final)


@pytest.mark.parametrize(("code", "again"), [(1000, False), (1001, True), (1006, True), (1008, False), (1011, True)])
def test_standard_close_codes_have_their_meaning_too(code: int, again: bool) -> None:
    assert may_reconnect(code) is again
