"""Whatever fits the OpenAPI document, or just does not, is answered as the document says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.gateway.attack_world import AttackWorld, attack_world

CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
ALL = {"tenant": "operator", "scopes": ["inference", "feedback", "admin"]}
EXAMPLES = 4


@contextmanager
def running(home: Path) -> Iterator[AttackWorld]:
    """A gateway in a thread of its own."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    done, found = asyncio.Event(), list[AttackWorld]()

    async def live() -> None:
        from hashlib import sha256

        key = {"id": "root", "sha256": sha256(b"every-scope-in-one-key").hexdigest(), **ALL}
        async with attack_world(home, keys=[key]) as it:
            found.append(it)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(30)
        loop.close()


@pytest.mark.filterwarnings("ignore")
def test_no_request_of_the_document_breaks_the_gateway(tmp_path: Path) -> None:
    import requests

    tried: dict[int, int] = {}
    with running(tmp_path) as it:
        session = requests.Session()
        session.headers["authorization"] = "Bearer every-scope-in-one-key"
        document = session.get(f"{it.base_url}/openapi.json", timeout=5).json()
        schema = schemathesis.openapi.from_dict(document)
        read: list[Any] = list(schema.get_all_operations())
        operations = [result.ok() for result in read]
        assert len(operations) > 25
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

                @given(case=operation.as_strategy(generation_mode=mode))
                @settings(
                    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
                )  # fmt: skip
                def holds(case: Any) -> None:
                    reply = case.call(base_url=it.base_url, session=session, timeout=5)
                    tried[reply.status_code] = tried.get(reply.status_code, 0) + 1
                    case.validate_response(reply, checks=CHECKS)

                with suppress(Unsatisfiable):  # nothing can be wrong where nothing is asked for
                    holds()
        session.close()
    assert not [status for status in tried if status >= 500], tried
    assert {200, 400, 404} <= set(tried)
