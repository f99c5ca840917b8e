"""What stands inside a script stays there, and what a page sends on to is ours."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.web.addresses import Addresses
from widget_server.web.assets import takes
from widget_server.web.embedding import script_json
from widget_server.web.redirects import local_path

HOME = "/console"
OWN = Addresses("https://chat.example")


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=4))
def test_s24_embedded_json_says_the_same_and_ends_nothing(value: dict[str, str]) -> None:
    try:
        embedded = script_json(value)
    except TypeError:
        # A lone surrogate cannot be stored, and so never comes here.
        assert re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False))
        return
    assert json.loads(embedded) == value
    assert not re.search("[<>&\u2028\u2029]", embedded)


@pytest.mark.parametrize(
    "path", ["/console", "/console?view=mine&x=%20", "/console#/c/0199", "/sign-in", "/a/b.c~d", "/%E2%82%AC"]
)
def test_s34_a_path_of_ours_is_kept(path: str) -> None:
    assert local_path(path, OWN, home=HOME) == path


@given(st.text(max_size=40))
def test_s34_whatever_is_wished_leads_to_a_path_of_this_host(wished: str) -> None:
    path = local_path(wished, OWN, home=HOME)
    assert path == HOME or re.fullmatch(r"/(?![/\\])[!-~]*", path)


@pytest.mark.parametrize(
    ("accepted", "encoding", "taken"),
    [
        ("gzip, deflate, br", "br", True),
        ("GZIP;q=0.5", "gzip", True),
        ("gzip;q=0", "gzip", False),
        ("gzip; q=0.000", "gzip", False),
        ("brotli", "br", False),
        ("", "gzip", False),
    ],
)
def test_an_encoding_is_sent_only_to_who_takes_it(accepted: str, encoding: str, taken: bool) -> None:
    assert takes(accepted, encoding) is taken
