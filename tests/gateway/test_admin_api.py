"""The admin API over HTTP, and the document of all routes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from sqlalchemy import text

from gairp.gateway.audit.actions import actions, verify_actions
from gairp.gateway.database.store import open_store
from tests.gateway.world import World, world

ROOT, USER = "root-secret-of-many-characters", "user-secret-of-many-characters"


def key(secret: str, **more: Any) -> dict[str, Any]:
    return {"sha256": sha256(secret.encode()).hexdigest(), **more}


KEYS = [
    key(ROOT, id="root", tenant="operator", scopes=["admin"]),
    key(USER, id="web", tenant="acme", scopes=["inference", "feedback"]),
]


class Admin:
    """Calls of one operator."""

    def __init__(self, it: World, secret: str = ROOT) -> None:
        self.it, self.headers = it, {"authorization": f"Bearer {secret}"}

    async def __call__(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return await self.it.http.request(method, path, headers=self.headers, **more)


def run(home: Path, work: Callable[[World], Awaitable[Any]], **more: Any) -> Any:
    async def main() -> Any:
        async with world(home, **{"keys": KEYS, "accounts": True, **more}) as it:
            return await work(it)

    return asyncio.run(main())


def test_an_account_from_its_making_to_its_end(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        admin = Admin(it)
        made = await admin("POST", "/admin/tenants", json={"id": "zen", "title": "Zen"})
        assert (made.status_code, made.json()["projects"]) == (201, ["default"])
        made = await admin("POST", "/admin/tenants/zen/projects", json={"id": "chat"})
        assert made.json()["projects"] == ["chat", "default"]
        body = {"tenant": "zen", "project": "chat", "models": ["small"], "title": "web"}
        new = (await admin("POST", "/admin/keys", json=body)).json()
        quota = {"params": {"name": "tenant:zen"}, "json": {"rpm": 100, "usd": 5}}
        assert (await admin("PUT", "/admin/quotas", **quota)).json()["usd"] == 5.0
        assert it.gateway.authenticator is not None
        await it.gateway.authenticator.follow()

        it.client.api_key = new["secret"]
        assert (await it.ask("small")).headers["x-ratelimit-limit-requests"] == "100"
        with pytest.raises(openai.PermissionDeniedError):
            await it.ask("large")

        path = f"/admin/keys/{new['id']}"
        turned = (await admin("POST", f"{path}/rotate", json={"overlap_s": 60})).json()
        assert len(turned["prefixes"]) == 2
        listed = await admin("GET", "/admin/keys", params={"tenant": "zen"})
        assert [one["id"] for one in listed.json()] == [new["id"]]
        for secret in (new["secret"], turned["secret"]):
            assert secret not in listed.text
        assert (await admin("POST", f"{path}/revoke")).json()["revoked_at"] is not None
        await it.gateway.authenticator.follow()
        for secret in (new["secret"], turned["secret"]):
            it.client.api_key = secret
            with pytest.raises(openai.AuthenticationError, match="revoked"):
                await it.ask("small")

        trail = (await admin("GET", "/admin/actions")).json()
        assert [one["action"] for one in trail] == [
            "create tenant", "create project", "create key", "set quota", "rotate key", "revoke key"
        ]  # fmt: skip
        assert {one["actor"] for one in trail} == {"key:root"}
        assert new["secret"] not in str(trail)

    run(tmp_path, work)
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    assert verify_actions(store).lines == len(actions(store)) == 6
    store.dispose()


def test_usage_reconciliation_and_audit(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        admin = Admin(it)
        it.client.api_key = USER
        raw = await it.ask("small")
        told = float(raw.headers["x-gairp-cost-usd"])
        for _ in range(200):
            rows = (await admin("GET", "/admin/usage", params={"by": "tenant,model"})).json()
            if rows and rows[0]["cost_usd"]:
                break
            await asyncio.sleep(0.01)
        (row,) = rows
        assert row["group"] == {"tenant": "acme", "model": "small"}
        assert row["cost_usd"] == pytest.approx(told, abs=1e-9)
        assert (await admin("GET", "/admin/unknown")).json() == []
        bill = {"call_id": "none", "usd": 1.0}
        assert (await admin("POST", "/admin/reconcile", json=bill)).status_code == 404
        for _ in range(200):  # the two feeds do not wait for each other
            chains = {c["name"]: c for c in (await admin("GET", "/admin/audit")).json()}
            if chains["audit.jsonl"]["lines"]:
                break
            await asyncio.sleep(0.01)
        assert chains["audit.jsonl"]["lines"] == 1
        assert chains["admin_actions"] == {"name": "admin_actions", "lines": 0, "broken": None,
                                           "head": "0" * 64}  # fmt: skip
        (await admin("POST", "/admin/tenants", json={"id": "zen"})).raise_for_status()
        store = open_store(f"sqlite:///{it.home}/ledger.db")
        with store.begin() as connection:
            connection.execute(text("UPDATE admin_actions SET hash = 'x'"))
        store.dispose()
        chains = {c["name"]: c for c in (await admin("GET", "/admin/audit")).json()}
        assert "row 0: was altered" in chains["admin_actions"]["broken"]

    run(tmp_path, work)


def test_only_operators_come_in_whatever_they_ask_for(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        doc = (await it.http.get("/openapi.json")).json()
        paths = [path for path in doc["paths"] if path.startswith("/admin")]
        assert len(paths) == 18
        for path in [*paths, "/admin", "/admin/", "/admin/nowhere"]:
            for method in doc["paths"].get(path, {"get": None}):
                url = path.format(tenant="acme", key="web")
                found = await it.http.request(method.upper(), url)
                assert (found.status_code, found.json()["error"]["code"]) == (
                    401, "invalid_api_key")  # fmt: skip
                found = await Admin(it, USER)(method.upper(), url)
                assert found.status_code == 403, url
        nowhere = await Admin(it)("GET", "/admin/nowhere")
        assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (404, "not_found")

    run(tmp_path, work)


def test_without_keys_there_is_no_administration(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        for path in ("/admin", "/admin/tenants", "/admin/usage"):
            assert (await it.http.get(path)).status_code == 404
        doc = (await it.http.get("/openapi.json")).json()
        assert not [path for path in doc["paths"] if path.startswith("/admin")]
        assert "security" not in doc

    run(tmp_path, work, keys=[], accounts=False)


def test_without_accounts_keys_cannot_be_made_that_would_not_be_taken(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        admin = Admin(it)
        assert (await admin("POST", "/admin/tenants", json={"id": "zen"})).status_code == 404
        assert (await admin("GET", "/admin/usage")).json() == []

    run(tmp_path, work, accounts=False)


MISTAKES: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "/admin/tenants", {"json": {"id": "A b"}}, 400, "small letters"),
    ("POST", "/admin/tenants", {"json": {"id": "zen", "admin": True}}, 400, "body.admin"),
    ("POST", "/admin/tenants", {"json": {"id": "acme"}}, 409, "there already"),
    ("POST", "/admin/tenants", {"content": b"{"}, 400, "not valid"),
    ("POST", "/admin/tenants", {"content": b"[" * 200_000}, 400, ""),
    ("POST", "/admin/tenants", {"content": b" " * ((1 << 20) + 1)}, 413, "larger"),
    ("GET", "/admin/tenants/none", {}, 404, "unknown tenant"),
    ("DELETE", "/admin/tenants", {}, 405, "Method Not Allowed"),
    ("POST", "/admin/keys", {"json": {"tenant": "acme", "scopes": ["root"]}}, 400, "scopes"),
    ("POST", "/admin/keys/k-1/revoke", {}, 404, "no key"),
    ("PUT", "/admin/quotas", {"params": {"name": "tenant:acme"}, "json": {"usd": -1}}, 400, ""),
    ("PUT", "/admin/quotas", {"params": {"name": "x"}, "json": {"rpm": 1}}, 400, "no quota"),
    ("PUT", "/admin/issuers", {"json": {"issuer": "x"}}, 400, "audience"),
    ("PUT", "/admin/issuers", {"content": b'{"issuer":"\\ud800","audience":["a"],"tenant":"t",'
                               b'"jwks_url":"https://x/"}'}, 400, "valid dictionary"),
    ("GET", "/admin/usage", {"params": {"by": "moon"}}, 404, "unknown dimension"),
    ("GET", "/admin/actions", {"params": {"after": 2**70}}, 400, "after"),
]  # fmt: skip


def test_mistakes_are_said(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        admin = Admin(it)
        (await admin("POST", "/admin/tenants", json={"id": "acme"})).raise_for_status()
        for method, path, more, status, why in MISTAKES:
            found = await admin(method, path, **more)
            assert found.status_code == status, (path, more, found.text)
            assert why in found.json()["error"]["message"]
        assert len((await admin("GET", "/admin/actions")).json()) == 1

    run(tmp_path, work)


def test_the_document_can_be_read(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[Any, str]:
        reply = await it.http.get("/docs")
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        return (await it.http.get("/openapi.json")).json(), reply.text

    doc, page = run(tmp_path, work)
    for path in doc["paths"]:
        assert path in page
    assert "://" not in page.replace("https://", "").replace("http://", "") or "src=" not in page
    chat = doc["components"]["schemas"]["ChatBody"]
    assert chat["required"] == ["model"]
    assert "messages" in chat["properties"]
    assert "422" not in doc["paths"]["/admin/tenants"]["post"]["responses"]
