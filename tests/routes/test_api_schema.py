"""The API is what its document says: schemathesis makes calls from the document, good ones and wrong ones (S13)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import APIOperation, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.clients.state import fresh_id
from tests.routes.grants import grant_administrator
from tests.routes.programs import V1, program_of
from tests.serving import SHOP, begin, serving
from widget_server.routes.api.document import document

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engines.backends import Backend

EXAMPLES = {"sqlite": 12, "postgresql": 4}
SEED = 20261126
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class Caller:
    """Makes calls, and keeps (operation, status) of each."""

    def __init__(self, token: str, channel: str, count: int) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        # What the document cannot know: which conversation, site, board and thread there are.
        self._known = {"conversation": channel, "key": SHOP, "board": "plants", "number": 1, "seq": 1}
        self._known |= {"kind": "board", "name": "plants"}
        self._count = count
        self.found: list[tuple[str, int]] = []

    def call_all(self, base: str) -> None:
        """Make calls of every operation of the document. Runs in a thread of its own."""
        schema = schemathesis.openapi.from_dict(document())
        schema.config.update(base_url=base + V1)
        # A body beyond the limit is refused before it is read (RFC 9110 §15.5.14).
        schema.config.checks.negative_data_rejection.expected_statuses.append("413")
        for result in schema.get_all_operations():
            assert isinstance(result, Ok)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._call(result.ok(), mode)

    def _call(self, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=self._count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def call(case: Any) -> None:
            if mode is GenerationMode.POSITIVE:
                given = case.path_parameters or {}
                case.path_parameters = {name: self._known.get(name, value) for name, value in given.items()}
            response = case.call(headers=self._headers)
            wanted = CHECKS if mode is GenerationMode.POSITIVE else [*CHECKS, negative_data_rejection]
            case.validate_response(response, checks=wanted)
            self.found.append((f"{case.method} {case.path}", response.status_code))

        call()


@pytest.mark.only("sqlite", "postgresql")
async def test_s13_every_call_is_answered_as_the_document_says(backend: Backend, tmp_path: Path) -> None:
    async with serving(tmp_path / "served", backend) as served:
        async with served.visitor() as visitor:
            channel = await begin(visitor)
        staff = await served.staff("Ada")
        await grant_administrator(served, staff)
        program = await program_of(served, staff)
        await program.call("POST", "/boards", {"name": "Plants"})
        first = {"client_id": fresh_id(), "title": "Roses", "body": "Red ones"}
        await program.call("POST", "/boards/plants/threads", first)
        caller = Caller(program.token, channel, EXAMPLES[backend.kind])
        await asyncio.to_thread(caller.call_all, served.agents_base)
    operations = {f"{method.upper()} {path}" for path, item in document()["paths"].items() for method in item}
    assert {operation for operation, _ in caller.found} == operations
    assert {operation for operation, status in caller.found if status < 300} >= {
        "GET /me", "GET /sites", "GET /conversations", "GET /people", "GET /webhooks", "GET /boards", "GET /threads",
        "GET /threads/{number}", "GET /threads/{number}/posts", "GET /notices", "PUT /notices/seen", "GET /watching",
        "GET /watching/{kind}/{name}", "PUT /watching/{kind}/{name}",
    }  # fmt: skip
