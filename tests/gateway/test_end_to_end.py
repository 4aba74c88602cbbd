"""From the command line to an answer: accounts of the database, keys, tokens, OpenAI's client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

from gairp.admin import main
from tests.gateway.identity_provider import identity_provider
from tests.gateway.tenants.world import issuer, jwk, jwks, token
from tests.gateway.world import World, world

Admin = Callable[..., str]


@pytest.fixture
def admin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Admin:
    def run(*words: str) -> str:
        assert main([*words, "--home", str(tmp_path)]) == 0
        return capsys.readouterr().out.strip()

    return run


async def until_refused(it: World, match: str) -> None:
    """A change reaches a running gateway within about a second."""
    async with asyncio.timeout(10):
        while True:
            try:
                await it.ask("small")
            except openai.APIStatusError as refused:
                if match not in str(refused):
                    raise
                return
            await asyncio.sleep(0.05)


def test_a_key_of_the_command_line(tmp_path: Path, admin: Admin) -> None:
    admin("tenant", "create", "acme")
    admin("project", "create", "acme", "chat")
    secret = admin("key", "create", "acme", "--project", "chat", "--models", "small,gairp/*")
    admin("quota", "set", "project:acme/chat", "--rpm", "1000", "--usd", "1")
    (key,) = map(json.loads, admin("key", "list", "--json").splitlines())

    async def run() -> None:
        async with world(tmp_path, accounts=True) as it:
            it.client.api_key = secret
            raw = await it.ask("gairp/auto")
            assert raw.headers["x-ratelimit-limit-requests"] == "1000"
            with pytest.raises(openai.PermissionDeniedError, match="may not use the model"):
                await it.ask("large")
            head = {"authorization": f"Bearer {secret}"}
            decision = raw.headers["x-gairp-decision-id"]
            told = await it.http.get(f"/v1/decisions/{decision}", headers=head)
            assert told.json()["attempts"][0]["arm"] == raw.headers["x-gairp-arm"]
            body = {"decision_id": decision, "score": 0.9}
            learned = await it.http.post("/v1/feedback", json=body, headers=head)
            assert learned.json()["status"] == "learned"

            new = await asyncio.to_thread(admin, "key", "rotate", key["key"], "--overlap", "1h")
            await asyncio.sleep(1.3)
            for good in (new, secret):
                it.client.api_key = good
                assert (await it.ask("small")).headers["x-gairp-model"] == "small"
            await asyncio.to_thread(admin, "tenant", "disable", "acme")
            await until_refused(it, "its tenant is disabled")
            await asyncio.to_thread(admin, "tenant", "enable", "acme")
            await asyncio.to_thread(admin, "key", "revoke", key["key"])
            await asyncio.sleep(1.3)
            await until_refused(it, "it was revoked")

    asyncio.run(run())
    rows = map(json.loads, admin("usage", "--by", "tenant,project,key_id", "--json").splitlines())
    (row,) = rows
    assert (row["tenant"], row["project"], row["key_id"]) == ("acme", "chat", key["key"])
    assert row["attempts"] >= 3
    assert row["cost_usd"] > 0
    assert "unbroken" in admin("audit")


def test_a_token_of_an_identity_provider(tmp_path: Path, admin: Admin) -> None:
    newer = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for tenant in ("acme", "zen"):
        admin("tenant", "create", tenant)
    admin("quota", "set", "tenant:acme", "--usd", "1")

    async def run(provider: Any) -> None:
        async with world(tmp_path, accounts=True) as it:
            for algorithm in ("RS256", "ES256", "EdDSA"):
                it.client.api_key = token(algorithm)
                assert (await it.ask("small")).headers["x-gairp-model"] == "small"
            assert provider.asked == 1
            it.client.api_key = token(org="nobody")
            with pytest.raises(openai.PermissionDeniedError, match="no such tenant"):
                await it.ask("small")
            it.client.api_key = token(aud="another")
            with pytest.raises(openai.AuthenticationError, match="another audience"):
                await it.ask("small")

            # The provider turns its keys: the new one's token is taken at once, the old one's not.
            old, provider.document = token(), jwks(jwk("RS256", newer, kid="new"))
            await asyncio.sleep(1.1)  # for so long, unknown keys have nothing fetched
            it.client.api_key = token("RS256", newer, {"kid": "new"}, org="zen", sub="grace")
            assert (await it.ask("small")).headers["x-gairp-model"] == "small"
            it.client.api_key = old
            with pytest.raises(openai.AuthenticationError, match="does not publish"):
                await it.ask("small")

    with identity_provider(jwks()) as provider:
        fields = issuer(jwks_url=provider.url, cooldown_s=1.0)
        (tmp_path / "issuer.yaml").write_text(yaml.safe_dump(fields))
        admin("issuer", "set", str(tmp_path / "issuer.yaml"))
        asyncio.run(run(provider))
    rows = map(json.loads, admin("usage", "--by", "tenant,key_id", "--json").splitlines())
    assert [(r["tenant"], r["key_id"], r["attempts"]) for r in rows] == [
        ("acme", "jwt:ada", 3), ("zen", "jwt:grace", 1)
    ]  # fmt: skip
