"""How an operation of the API is declared and carried out.

The declaration says who may call (the scope), what comes in and goes out (the models) and what may be refused; the
OpenAPI document is written from it. The way of a call is the same for all: token, allowance, scope, query, body,
idempotency key, then the operation's own handler, which calls the actions.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from aiohttp import web
from pydantic import ValidationError

from widget_server.actions.repeats import Kept
from widget_server.core.errors import Malformed, ProductError, Refused, Unacceptable
from widget_server.core.ids import is_uuid
from widget_server.routes.api.models import NoQuery
from widget_server.routes.office import OFFICE
from widget_server.routes.programs import ALLOWANCE, admit, count_message
from widget_server.web.bearer import CHALLENGE
from widget_server.web.bodies import in_time
from widget_server.web.errors import error_response, named

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from pydantic import BaseModel

    from widget_server.actions.engine import Engine
    from widget_server.actions.tokens import Program
    from widget_server.core.scopes import Scope
    from widget_server.routes.office import Office

BASE: Final = "/api/v1"
NUMBERS: Final = ("delivery", "number", "seq")
"""Parts of paths that are numbers."""
KEY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_JSON: Final = "application/json"


class Reply(NamedTuple):
    """What a handler answers; None is an answer without a body (204)."""

    state: Mapping[str, Any] | None
    headers: Mapping[str, str] = {}


class Call:
    """One call, checked as far as that can be done without the store's rows."""

    def __init__(self, request: web.Request, program: Program, query: Any, body: Any) -> None:
        self.request = request
        self.program = program
        self.query = query
        """An instance of the operation's query model."""
        self.body = body
        """An instance of the operation's body model."""

    @property
    def office(self) -> Office:
        """What the application's pages and calls share."""
        return self.request.app[OFFICE]

    @property
    def engine(self) -> Engine:
        """The node's works."""
        return self.office.engine

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def uuid(self, name: str) -> str:
        """A part of the path that is a public name.

        Raises:
            Refused: ``not_found`` for what cannot be one.
        """
        part = self.part(name)
        if not is_uuid(part):
            raise Refused("not_found")
        return part

    def number(self, name: str = "number") -> int:
        """A part of the path that counts from 1.

        Raises:
            Refused: ``not_found`` for 0.
        """
        number = int(self.part(name))
        if number < 1:
            raise Refused("not_found")
        return number

    def count_message(self) -> None:
        """Count a message or post that the token writes.

        Raises:
            TryLater: ``rate_limited``.
        """
        count_message(self.office, self.program)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as it was declared."""

    method: str
    path: str
    """Below :data:`BASE`, with its parts in braces."""
    scope: Scope | None
    """What the token must be for; None: any token."""
    handler: Callable[[Call], Awaitable[Reply]]
    answer: type[BaseModel] | None
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    refusals: tuple[str, ...] = ()
    """Names of errors (``protocol.codes``) besides those that every call may meet."""
    status: int = 200
    tells_etag: bool = False
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Take the name of the handler."""
        object.__setattr__(self, "name", self.handler.__name__)

    @property
    def group(self) -> str:
        """What it is about: the first word of its path."""
        return self.path.split("/")[1]

    @property
    def doc(self) -> str:
        """What its handler says of itself."""
        return inspect.getdoc(self.handler) or ""


def given_of(body: BaseModel) -> dict[str, Any]:
    """Return the fields of a change that were given.

    Raises:
        Unacceptable: ``bad_value`` for null in place of a value: what stays is left out.
    """
    empty = next((name for name in sorted(body.model_fields_set) if getattr(body, name) is None), None)
    if empty is not None:
        raise Unacceptable("bad_value", field=empty)
    return {name: getattr(body, name) for name in body.model_fields_set}


class Operations:
    """The operations of one noun; joined to the application by :func:`routes_of`."""

    def __init__(self) -> None:
        self.all: list[Operation] = []

    def add(self, method: str, path: str, scope: Scope | None, **facts: Any) -> Callable[[Any], Any]:
        """Declare an operation (:class:`Operation`) whose handler follows."""

        def register(handler: Callable[[Call], Awaitable[Reply]]) -> object:
            if facts.get("answer") is None:
                facts.setdefault("status", 204)
            self.all.append(Operation(method, path, scope, handler, facts.pop("answer", None), **facts))
            return handler

        return register


def route_of(operation: Operation) -> web.RouteDef:
    """Return the route that carries an operation out."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await _answer(request, operation)

    answer.operation = operation  # type: ignore[attr-defined]  # what the tests of all operations look at
    # A number in a path that is none leads nowhere.
    path = operation.path
    for name in NUMBERS:
        path = path.replace(f"{{{name}}}", f"{{{name}:[0-9]{{1,15}}}}")
    return web.RouteDef(operation.method, BASE + path, answer, {})


async def _answer(request: web.Request, operation: Operation) -> web.Response:
    try:
        response = await _carry_out(request, operation)
    except Exception as error:  # noqa: BLE001 - every error of a call has the one shape, whoever looks at it
        response = error_response(request, named(request, error))
        if response.status == 401:
            response.headers["WWW-Authenticate"] = CHALLENGE
    response.headers.update(request.get(ALLOWANCE, {}))
    response.headers["Cache-Control"] = "no-store"
    return response


async def _carry_out(request: web.Request, operation: Operation) -> web.Response:
    program = await admit(request, operation.scope)
    query = _query_of(request, operation)
    raw = await _read(request, operation)
    body = None if operation.body is None else _checked(operation.body, raw)
    call = Call(request, program, query, body)
    key = _key_of(request, operation)
    if key is None:
        reply = await operation.handler(call)
        return _response(operation.status, None if reply.state is None else orjson.dumps(reply.state), reply.headers)

    async def first() -> Kept:
        reply = await operation.handler(call)
        return Kept(operation.status, orjson.dumps(reply.state).decode())

    digest = hashlib.blake2b(f"{request.method} {request.path}\n".encode() + raw, digest_size=16).hexdigest()
    kept, is_repeat = await request.app[OFFICE].repeats.once(program.token.public_id, key, digest, first)
    return _response(kept.status, kept.body.encode(), {"Idempotent-Replay": "true"} if is_repeat else {})


def _response(status: int, data: bytes | None, headers: Mapping[str, str]) -> web.Response:
    if data is None or status == 204:
        return web.Response(status=204, headers=headers)
    return web.Response(status=status, body=data, content_type=_JSON, headers=headers)


def _query_of(request: web.Request, operation: Operation) -> BaseModel:
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise Malformed("bad_request", where=f"{_shown(name)} is given twice")
        given[name] = value
    try:
        return operation.query.model_validate(given)
    except ValidationError as error:
        raise _not_read(error) from None


async def _read(request: web.Request, operation: Operation) -> bytes:
    if operation.body is None:
        if request.can_read_body:
            raise Malformed("bad_request", where="this call has no body")
        return b""
    if request.content_type != _JSON or (request.charset or "utf-8").lower() != "utf-8":
        raise Malformed("wrong_type")
    return await in_time(request.read())


def _checked(model: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _not_read(error) from None


def _not_read(error: ValidationError) -> ProductError:
    """Say where a body or query is wrong, without what stands there."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(_shown(str(part)) for part in first["loc"]) or "the body"
    return Malformed("bad_request", where=f"{where} ({first['type']})")


def _shown(name: str) -> str:
    return name[:40].encode("ascii", "replace").decode()


def _key_of(request: web.Request, operation: Operation) -> str | None:
    key = request.headers.get(KEY_HEADER)
    if key is None or operation.method != "POST" or operation.answer is None:
        return None
    if not _KEY.fullmatch(key):
        raise Malformed("bad_request", where=KEY_HEADER)
    return key
