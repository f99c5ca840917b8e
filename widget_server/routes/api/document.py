"""The OpenAPI document, written from the operations; the routes that carry them out; and the pages that show it."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from widget_server import __version__
from widget_server.protocol.codes import ERRORS
from widget_server.protocol.schema import describe_fields, drop_titles
from widget_server.routes.api import (
    account,
    boards,
    community_models,
    conversations,
    messages,
    models,
    moderation,
    notice_models,
    notices,
    people,
    posts,
    room_models,
    rooms,
    search,
    sites,
    threads,
    watching,
    webhooks,
)
from widget_server.routes.api.operations import BASE, KEY_HEADER, NUMBERS, Operation, route_of
from widget_server.routes.office import OFFICE
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import everybody

Schema = dict[str, Any]

OPERATIONS: Final[tuple[Operation, ...]] = tuple(
    operation
    for part in (
        account,
        people,
        sites,
        conversations,
        messages,
        boards,
        threads,
        posts,
        rooms,
        notices,
        watching,
        search,
        moderation,
        webhooks,
    )
    for operation in part.operations.all
)
_MODELS: Final = (models, community_models, room_models, notice_models)
"""Where what comes in and goes out is written down."""
_ALWAYS: Final = ("bad_token", "rate_limited", "bad_request", "unavailable", "internal")
"""What every call may be refused with."""
_WITH_BODY: Final = ("wrong_type", "too_large")
_PATH_PART: Final = re.compile(r"\{(\w+)\}")
_UUIDS: Final = {"id", "conversation", "room"}

pages = Pages()


routes = web.RouteTableDef()


@routes.get(f"{BASE}/openapi.json")
async def show_document(request: web.Request) -> web.Response:
    """The document, for programs that make clients of it."""
    here = request.app[OFFICE].addresses.base + BASE
    told = orjson.dumps(document() | {"servers": [{"url": here}]})
    return web.Response(body=told, content_type="application/json", headers={"Cache-Control": "max-age=300"})


for _operation in OPERATIONS:
    _route = route_of(_operation)
    routes.route(_route.method, _route.path)(_route.handler)


@pages.get(f"{BASE}/docs", everybody)
async def show_docs(visit: Visit) -> web.Response:
    """The document for people."""
    return visit.page("api_docs", groups=_groups(), document=document(), base=BASE)


@functools.cache
def document() -> Schema:
    """Return the OpenAPI 3.1 document. It is shared: do not change it."""
    schemas = _schemas()
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Support chat",
            "version": __version__,
            "description": "For programs that act for a person or a site. docs/api.md tells how to begin.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in sorted({operation.group for operation in OPERATIONS})],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A personal or a site's access token (`wst_…`), in this header and nowhere else.",
                }
            },
        },
    }


def _schemas() -> dict[str, Schema]:
    used: dict[type[BaseModel], None] = {models.ErrorAnswer: None}
    for operation in OPERATIONS:
        for model in (operation.answer, operation.body):
            if model is not None:
                used[model] = None
    _, found = models_json_schema(
        [(model, "validation") for model in used], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Schema] = found["$defs"]
    for name, schema in schemas.items():
        drop_titles(schema)
        model = _model(name)
        if model is None:
            continue
        for each in reversed(model.__mro__):
            if each is not BaseModel and issubclass(each, BaseModel):
                describe_fields(schema, each)
        if not issubclass(model, models.Taken):
            # Clients must ignore the fields of later versions.
            schema.pop("additionalProperties", None)
    return dict(sorted(schemas.items()))


def _model(name: str) -> type[BaseModel] | None:
    """The model of a schema; None for a plain choice of words."""
    found = (getattr(module, name, None) for module in _MODELS)
    return next((each for each in found if isinstance(each, type) and issubclass(each, BaseModel)), None)


def _described(operation: Operation) -> Schema:
    summary, _, rest = operation.doc.partition(". ")
    names = [*_ALWAYS, *operation.refusals, *(_WITH_BODY if operation.body is not None else ())]
    if operation.scope is not None:
        names.append("scope_missing")
    if operation.method == "POST":
        names += ["conflict", "busy"]
    scope = f"Scope `{operation.scope.value}`." if operation.scope is not None else "Any scope."
    described: Schema = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": summary.rstrip(".").replace("\n", " "),
        "description": " ".join(f"{rest} {scope}".split()),
        "parameters": _parameters(operation),
        "responses": {str(operation.status): _answered(operation), **_refused(names)},
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(operation.body)}},
        }
    return described


def _answered(operation: Operation) -> Schema:
    if operation.answer is None:
        return {"description": "Done."}
    answered: Schema = {
        "description": "Done.",
        "content": {"application/json": {"schema": _ref(operation.answer)}},
    }
    if operation.tells_etag:
        answered["headers"] = {"ETag": {"description": "For `If-Match` of a change.", "schema": {"type": "string"}}}
    return answered


def _refused(names: list[str]) -> dict[str, Schema]:
    by_status: dict[int, list[str]] = {}
    for name in dict.fromkeys(names):
        by_status.setdefault(ERRORS[name].http, []).append(name)
    return {
        str(status): {
            "description": ", ".join(f"`{name}`" for name in named),
            "content": {"application/json": {"schema": _ref(models.ErrorAnswer)}},
            **({"headers": _retry_headers()} if status in {429, 503} else {}),
        }
        for status, named in sorted(by_status.items())
    }


def _retry_headers() -> Schema:
    return {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


def _parameters(operation: Operation) -> list[Schema]:
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": _schema_of_part(name)}
        for name in _PATH_PART.findall(operation.path)
    ]
    query = operation.query.model_json_schema()
    drop_titles(query)
    describe_fields(query, operation.query)
    for name, schema in query.get("properties", {}).items():
        plain = _without_null(schema)
        description = plain.pop("description", None)
        found.append(
            {"name": name, "in": "query", "required": False, "schema": plain}
            | ({"description": description} if description else {})
        )
    if operation.method == "POST" and operation.answer is not None:
        found.append(
            {
                "name": KEY_HEADER,
                "in": "header",
                "required": False,
                "description": "A repeat under the same key within a day is answered as the first call was.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
            }
        )
    if operation.tells_etag and operation.method in {"PUT", "PATCH"}:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "The `ETag` of what is to be changed.",
                "schema": {"type": "string"},
            }
        )
    return found


def _schema_of_part(name: str) -> Schema:
    if name in NUMBERS:
        return {"type": "integer", "minimum": 1, "maximum": 10**15 - 1}
    if name == "kind":
        return {"type": "string", "enum": list(notice_models.KINDS)}
    return {"type": "string", "format": "uuid"} if name in _UUIDS else {"type": "string", "minLength": 1}


def _without_null(schema: Schema) -> Schema:
    """A parameter that may be left out is not one that may be null."""
    plain = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            plain |= choice
    if schema.get("default") is not None:
        plain["default"] = schema["default"]
    return plain


def _ref(model: type[BaseModel]) -> Schema:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _groups() -> dict[str, list[tuple[Operation, Schema]]]:
    groups: dict[str, list[tuple[Operation, Schema]]] = {}
    for operation in OPERATIONS:
        described = document()["paths"][operation.path][operation.method.lower()]
        groups.setdefault(operation.group, []).append((operation, described))
    return groups
