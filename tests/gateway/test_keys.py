"""Keys, scopes, limits and budgets, as OpenAI's client meets them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import openai
import pytest

from gairp.errors import ConfigError
from gairp.gateway.tenants.static import StaticKeys
from tests.gateway.world import World, world

SECRET = "a-secret-of-many-characters"


def key(**more: Any) -> dict[str, Any]:
    fields = {"id": "web", "tenant": "acme", "sha256": sha256(SECRET.encode()).hexdigest()}
    return {**fields, **more}


def run(home: Path, work: Callable[[World], Awaitable[Any]], *keys: Any, **more: Any) -> Any:
    async def main() -> Any:
        async with world(home, keys=list(keys), **more) as it:
            it.client.api_key = SECRET
            return await work(it)

    return asyncio.run(main())


def test_a_wrong_key_is_an_authentication_error(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        assert (await it.ask("small")).headers["x-gairp-model"] == "small"
        for wrong in ("no", SECRET[:-1], SECRET.upper()):
            it.client.api_key = wrong
            with pytest.raises(openai.AuthenticationError) as caught:
                await it.ask("small")
            assert caught.value.code == "invalid_api_key"
            assert wrong not in str(caught.value)
        reply = await it.http.get("/v1/models")
        assert reply.status_code == 401

    run(tmp_path, work, key())


def test_scopes_and_models(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        with pytest.raises(openai.PermissionDeniedError, match="may not use the model"):
            await it.ask("large")
        raw = await it.ask("small")
        headers = {"authorization": f"Bearer {SECRET}"}
        body = {"decision_id": raw.headers["x-gairp-decision-id"], "score": 1}
        reply = await it.http.post("/v1/feedback", json=body, headers=headers)
        assert reply.status_code == 403
        assert [m.id for m in (await it.client.models.list()).data] == ["small"]

    run(tmp_path, work, key(scopes=["inference"], models=["sm*"]))


def test_requests_a_minute(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        raw = await it.ask("small")
        assert raw.headers["x-ratelimit-remaining-requests"] == "1"
        await it.ask("small")
        with pytest.raises(openai.RateLimitError) as caught:
            await it.ask("small")
        assert int(caught.value.response.headers["retry-after"]) > 0

    run(tmp_path, work, key(quota={"rpm": 2}))


def test_a_budget_narrows_and_then_ends(tmp_path: Path) -> None:
    """At first both arms fit; then only the cheap one; then none, as insufficient_quota."""

    async def work(it: World) -> tuple[list[str], openai.RateLimitError, float]:
        served: list[str] = []
        for _ in range(200):
            try:
                raw = await it.ask("gairp/any", max_tokens=100)
            except openai.RateLimitError as error:
                purse: Any = it.gateway.engine.purse
                (account,) = purse._accounts.values()
                return served, error, (account.spent + account.held) / 1e12
            served.append(raw.headers["x-gairp-model"])
        raise AssertionError("the budget never ended")

    long = {"answer": {"text": "word " * 60}}
    models = {"small": long, "large": long}
    served, error, spent = run(tmp_path, work, key(quota={"usd": 0.0025}), models=models)
    assert error.code == "insufficient_quota"
    assert spent <= 0.0025
    assert "large" in served
    assert set(served[-10:]) == {"small"}


def test_places_are_given_back(tmp_path: Path) -> None:
    async def work(it: World) -> list[str]:
        async def ask() -> str:
            try:
                return str((await it.ask("small")).headers["x-gairp-model"])
            except openai.RateLimitError:
                return "refused"

        first = await asyncio.gather(*(ask() for _ in range(8)))
        return [*first, "|", *[await ask() for _ in range(3)]]

    slow = {"small": {"answer": "echo", "first_token_s": 0.2}}
    found = run(tmp_path, work, key(quota={"concurrency": 3}), models={**slow, "large": {}})
    assert sorted(found[:8]) == ["refused"] * 5 + ["small"] * 3
    assert found[9:] == ["small"] * 3


def test_another_tenants_decisions_are_not_there(tmp_path: Path) -> None:
    other = "another-secret-of-many-characters"

    async def work(it: World) -> list[int]:
        decision = (await it.ask("small")).headers["x-gairp-decision-id"]
        found = []
        for secret in (SECRET, other):
            headers = {"authorization": f"Bearer {secret}"}
            reply = await it.http.get(f"/v1/decisions/{decision}", headers=headers)
            body = {"decision_id": decision, "thumb": "up"}
            told = await it.http.post("/v1/feedback", json=body, headers=headers)
            found += [reply.status_code, told.status_code]
        return found

    rival = {"id": "r", "tenant": "rival", "sha256": sha256(other.encode()).hexdigest()}
    assert run(tmp_path, work, key(), rival) == [200, 200, 404, 404]


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="16 characters"):
        StaticKeys([{"id": "a", "tenant": "t", "env": "GAIRP_NOT_THERE"}])
    with pytest.raises(ConfigError, match=r"keys\.a: .*unknown field `quotas`"):
        StaticKeys([{"id": "a", "tenant": "t", "quotas": {}}])
