"""TypeScript written from the frames' JSON Schema, the codes and the transition tables, for ``protocol.gen.ts``."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args, get_origin

from widget_server.core import conversation, delivery
from widget_server.protocol import PROTOCOL_VERSION, codes
from widget_server.protocol.answers import ServerModel
from widget_server.protocol.frames import ClientModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from widget_server.protocol.schema import Schema

MODELS: Final = {model.__name__: model for base in (ClientModel, ServerModel) for model in base.__subclasses__()}
"""Every frame and part by its name, in whichever module of the protocol it stands."""

RENAMED: Final = {"Event": "EventFrame", "History": "HistoryFrame"}
"""Frames whose Python names would hide a type of the browser."""

_State = TypeVar("_State", bound=StrEnum)
_Event = TypeVar("_Event", bound=StrEnum)

_WIDTH: Final = 120
_SCALARS: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_PLAIN_LITERALS: Final = {
    get_args(value): name
    for module in dict.fromkeys(model.__module__ for model in MODELS.values())
    for name, value in vars(sys.modules[module]).items()
    if get_origin(value) is Literal
}
"""The named sets of words beside the frames: pydantic spells them out, TypeScript shall have their names."""


def typescript(definitions: Mapping[str, Schema], notice: str) -> str:
    """Return the module: an interface per frame and part, the unions, the codes and the two state machines.

    Args:
        definitions: JSON Schemas by Python name, as :func:`widget_server.protocol.schema.definitions` gives them.
        notice: the line that says where the file comes from.
    """
    parts = [
        f"// {notice}",
        f"export const PROTOCOL_VERSION = {PROTOCOL_VERSION};",
        *(_alias(name, words) for words, name in _PLAIN_LITERALS.items()),
        *(_declaration(name, schema) for name, schema in definitions.items()),
        *_codes(),
        *_machine("Delivery", "DeliveryEvent", "DELIVERY_TRANSITIONS", delivery.TRANSITIONS),
        *_machine("Status", "StatusEvent", "STATUS_TRANSITIONS", conversation.TRANSITIONS),
    ]
    return "\n\n".join(parts) + "\n"


def _name(python_name: str) -> str:
    return RENAMED.get(python_name, python_name)


def _alias(name: str, words: Iterable[str]) -> str:
    return _union_of(name, [json.dumps(word) for word in words])


def _union_of(name: str, members: list[str]) -> str:
    line = f"export type {name} = {' | '.join(members)};"
    if len(line) <= _WIDTH:
        return line
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members) + ";"


def _declaration(name: str, schema: Schema) -> str:
    if "oneOf" in schema:
        return _union_of(name, [_type(member) for member in schema["oneOf"]])
    required = schema.get("required", ())
    lines = [*_comment(schema.get("description"), ""), f"export interface {_name(name)} {{"]
    for field, node in schema["properties"].items():
        lines += _comment(node.get("description"), "  ")
        lines.append(f"  {field}{'' if field in required else '?'}: {_type(node)};")
    return "\n".join([*lines, "}"])


def _comment(text: str | None, indent: str) -> list[str]:
    if not text:
        return []
    text = text.replace("``", "`").replace("*/", "* /")
    if "\n" not in text:
        return [f"{indent}/** {text} */"]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in text.splitlines()), f"{indent} */"]


def _type(node: Mapping[str, Any]) -> str:
    if "$ref" in node:
        return _name(node["$ref"].rpartition("/")[2])
    if "const" in node:
        return json.dumps(node["const"])
    if "enum" in node:
        words = tuple(node["enum"])
        return _PLAIN_LITERALS.get(words) or " | ".join(json.dumps(word) for word in words)
    if "anyOf" in node:
        return " | ".join(dict.fromkeys(_type(member) for member in node["anyOf"]))
    return (
        _container(node) if node.get("type") in {"array", "object"} else _SCALARS.get(node.get("type", ""), "unknown")
    )


def _container(node: Mapping[str, Any]) -> str:
    if node["type"] == "object":
        values = node.get("additionalProperties")
        return f"Readonly<Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>>"
    if "prefixItems" in node:
        return f"readonly [{', '.join(_type(item) for item in node['prefixItems'])}]"
    item = _type(node["items"])
    return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"


def _codes() -> list[str]:
    passing = "Errors with this number or a higher one are passing: the same may be sent again after `retry_after`."
    again = "A close code below this one means: connect again (the standard ones in `STANDARD_FINAL` do not)."
    return [
        _table("ERRORS", {name: code.number for name, code in codes.ERRORS.items()}),
        "export type ErrorName = keyof typeof ERRORS;",
        f"/** {passing} */\nexport const RETRIABLE_FROM = {codes.RETRIABLE_FROM};",
        _table("CloseCode", {code.name: code.value for code in codes.CloseCode}),
        f"/** {again} */\nexport const RECONNECT_BELOW = {codes.RECONNECT_BELOW};",
        f"export const STANDARD_FINAL: readonly number[] = {json.dumps(codes.STANDARD_FINAL)};",
    ]


def _table(name: str, rows: Mapping[str, int]) -> str:
    lines = [f"  {key}: {number}," for key, number in rows.items()]
    return "\n".join([f"export const {name} = {{", *lines, "} as const;"])


def _machine(state: str, event: str, table: str, transitions: Mapping[_State, Mapping[_Event, _State]]) -> list[str]:
    states = list(type(next(iter(transitions))))
    events = list(type(next(each for row in transitions.values() for each in row)))
    rows = []
    for source in states:
        entries = [f"{word}: {json.dumps(str(target))}" for word, target in transitions[source].items()]
        line = f"  {source}: {{ {', '.join(entries)} }}," if entries else f"  {source}: {{}},"
        if len(line) > _WIDTH:
            line = "\n".join([f"  {source}: {{", *(f"    {entry}," for entry in entries), "  },"])
        rows.append(line)
    head = f"export const {table}: Readonly<Record<{state}, Readonly<Partial<Record<{event}, {state}>>>>> = {{"
    return [_alias(state, states), _alias(event, events), "\n".join([head, *rows, "};"])]
