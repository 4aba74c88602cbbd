"""Every attack of the list ends as the list says."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import openai
import pytest

from gairp.gateway.routes.document import document
from tests.gateway.attack_world import LARGEST, LINES, attack_world
from tests.gateway.attacks import ATTACKS


def test_attacks_end_as_the_table_says(tmp_path: Path) -> None:
    async def work() -> dict[str, tuple[str, str]]:
        found = {}
        async with attack_world(tmp_path) as it:
            for attack in ATTACKS:
                result = await attack.run(it)
                if result != attack.result:
                    found[f"{attack.kind}: {attack.what}"] = (attack.result, result)
            health = await it.http.get("/health")
            assert health.status_code == 200
        return found

    assert asyncio.run(work()) == {}
    assert len({(attack.kind, attack.what) for attack in ATTACKS}) == len(ATTACKS) > 50


#: Routes that name something of a tenant's, which the list has; and those that name nothing.
CROSSED = {"/v1/decisions/{decision_id}", "/v1/feedback"}
NAMELESS = {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses",
            "/v1/models", "/v1/models/{model}", "/health", "/ready", "/metrics", "/openapi.json",
            "/docs"}  # fmt: skip


def test_no_route_is_without_a_thought_for_tenants() -> None:
    """A new route belongs to one of the two, or below /admin, where tenants do not come."""
    assert set(document(None, keyed=True)["paths"]) == CROSSED | NAMELESS
    tried = " ".join(attack.what for attack in ATTACKS if attack.kind == "another tenant's")
    assert all(path.partition("{")[0] in tried for path in CROSSED)


def limited(name: str, **quota: Any) -> dict[str, Any]:
    """A key of the settings, whose secret is its name, many times."""
    digest = sha256(name.encode() * 8).hexdigest()
    return {"id": name, "tenant": name, "sha256": digest, "quota": quota}


def test_openais_client_raises_what_it_raises_of_openai(tmp_path: Path) -> None:
    keys = [limited("slow", rpm=1), limited("poor", usd=1e-7)]

    async def raised(client: openai.AsyncOpenAI, **more: Any) -> tuple[str, Any, Any]:
        fields: dict[str, Any] = {"model": "small", "messages": [LINES], **more}
        async with client:
            with pytest.raises(openai.APIError) as caught:
                await client.chat.completions.create(**fields)
        error = caught.value
        return type(error).__name__, getattr(error, "status_code", None), error.code

    async def work() -> None:
        async with attack_world(
            tmp_path, keys=keys, deadline_s=0.5, breaker={"failures": 99}
        ) as it:
            it.secrets |= {key["id"]: str(key["id"]) * 8 for key in keys}

            async def upstream(status: int, model: str = "large") -> tuple[str, Any, Any]:
                it.spy.status, it.spy.error = status, "no"
                try:
                    return await raised(it.client(), model=model)
                finally:
                    it.spy.status, it.spy.error = 200, ""

            assert (await it.chat("slow")).status_code == 200
            found = {
                "no good key": await raised(it.client("nobody")),
                "no scope": await raised(it.client("narrow")),
                "no such model": await raised(it.client(), model="none"),
                "no message": await raised(it.client(), messages=[]),
                "no sense": await raised(it.client(), max_tokens=-1),
                "too large": await raised(it.client(), user="x" * LARGEST),
                "too many": await raised(it.client("slow")),
                "no money": await raised(it.client("poor")),
                "400": await upstream(400), "409": await upstream(409), "422": await upstream(422),
                "500": await upstream(500),
            }  # fmt: skip
            it.spy.delay_s = 1.0
            found["no answer in time"] = await raised(it.client())
            it.spy.delay_s = 0.0
            # Last, and an arm each: it is left alone afterwards.
            found |= {"401": await upstream(401), "429": await upstream(429, "small")}
            gone = openai.AsyncOpenAI(base_url="http://127.0.0.1:1/v1", api_key="x", max_retries=0)
            found["no gateway"] = await raised(gone)
        assert found == {
            "no good key": ("AuthenticationError", 401, "invalid_api_key"),
            "no scope": ("PermissionDeniedError", 403, None),
            "no such model": ("NotFoundError", 404, "model_not_found"),
            "no message": ("BadRequestError", 400, "invalid_request"),
            "no sense": ("BadRequestError", 400, "invalid_request"),
            "too large": ("APIStatusError", 413, "request_too_large"),
            "too many": ("RateLimitError", 429, "rate_limit_exceeded"),
            "no money": ("RateLimitError", 429, "insufficient_quota"),
            "400": ("BadRequestError", 400, None),
            "401": ("InternalServerError", 502, "upstream_auth"),  # our key, not the client's
            "409": ("ConflictError", 409, "conflict"),
            "422": ("UnprocessableEntityError", 422, None),
            "429": ("RateLimitError", 429, "rate_limit_exceeded"),
            "500": ("InternalServerError", 502, "upstream_error"),
            "no answer in time": ("InternalServerError", 504, "timeout"),
            "no gateway": ("APIConnectionError", None, None),
        }

    asyncio.run(work())
