"""The generated contract follows the frames, and the frames follow the contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from widget_server.protocol import codes, frames, schema

if TYPE_CHECKING:
    from pathlib import Path

CHANNEL = "01926b3a-8a70-7cc2-8f00-0123456789ab"


def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema.definitions()})


def test_the_generated_files_are_up_to_date() -> None:
    assert schema.stale(schema.ROOT) == []


def test_a_missing_or_changed_file_is_stale_until_it_is_written(tmp_path: Path) -> None:
    assert schema.stale(tmp_path) == list(schema.documents())
    assert schema.main(["--check"], tmp_path) == 1
    assert schema.main([], tmp_path) == 0
    assert schema.main(["--check"], tmp_path) == 0
    (tmp_path / "docs/generated/codes.md").write_text("something else")
    assert schema.stale(tmp_path) == ["docs/generated/codes.md"]


def test_an_unknown_argument_is_answered_with_the_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main(["--force"], tmp_path) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "frame",
    [
        {"t": "hello", "v": 1},
        {"t": "send", "ref": 1, "client_id": CHANNEL, "start": CHANNEL, "body": "Hello"},
        {"t": "history", "ref": 1, "channel": CHANNEL, "before": 10},
        {"t": "contact", "ref": 1, "attributes": {"plan": "pro", "seats": 3}},
    ],
)
def test_what_the_decoder_takes_is_valid_in_the_schema(frame: dict[str, Any]) -> None:
    frames.CLIENT_FRAME.validate_json(json.dumps(frame))
    _validator("ClientFrame").validate(frame)


@pytest.mark.parametrize(
    "frame",
    [
        {"t": "hello", "v": "1"},
        {"t": "hello", "v": 1, "name": "unknown"},
        {"t": "send", "ref": -1, "client_id": CHANNEL, "body": ""},
        {"t": "dance"},
    ],
)
def test_what_the_decoder_refuses_is_invalid_in_the_schema(frame: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        frames.CLIENT_FRAME.validate_json(json.dumps(frame))
    assert not _validator("ClientFrame").is_valid(frame)


def test_a_later_servers_fields_are_valid_and_a_clients_are_not() -> None:
    assert _validator("ServerFrame").is_valid({"t": "pong", "later": 1})
    assert not _validator("ClientFrame").is_valid({"t": "ping", "later": 1})


def test_the_schema_itself_is_valid_and_every_reference_is_found() -> None:
    document = schema.json_schema()
    jsonschema.Draft202012Validator.check_schema(document)
    text = json.dumps(schema.async_api())
    assert "#/$defs/" not in text
    components = schema.async_api()["components"]
    for reference in (part.partition('"')[0] for part in text.split('"#/components/')[1:]):
        kind, _, name = reference.partition("/")
        assert name in components[kind]


def test_typescript_names_every_frame_field_and_code() -> None:
    text = schema.documents()["widget_js/src/protocol.gen.ts"]
    for name in codes.ERRORS:
        assert f"  {name}: {codes.ERRORS[name].number}," in text
    for line in (
        "export interface EventFrame {",
        '  t: "event";',
        "  from: number;",
        "  messages?: readonly Message[];",
        "  start?: string | null;",
        "  counts?: readonly (readonly [string, string | null, number])[] | null;",
        "  status: StatusName;",
        "  seen: {},",
    ):
        assert line in text.splitlines()


def test_the_table_tells_which_codes_may_be_tried_again() -> None:
    table = schema.code_table()
    assert (
        "| 5001 | `rate_limited` | 429 | That was a lot at once. Try again in {seconds} s. | after `retry_after` |"
        in table
    )
    assert "| 4401 | `SIGNED_OUT` | no |" in table
    assert "| 1012 | `RESTART` | yes |" in table
