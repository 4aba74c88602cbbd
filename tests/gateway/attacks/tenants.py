"""From one tenant on another."""

from __future__ import annotations

from typing import Any

from tests.gateway.attack_world import AttackWorld, told
from tests.gateway.attacks.listing import a_decision, attack, same

TENANTS = "another tenant's"


@attack(TENANTS, "decision: GET /v1/decisions/ID", "404 decision_not_found")
async def _(it: AttackWorld) -> str:
    decision = await a_decision(it)
    assert (await it.http.get(f"/v1/decisions/{decision}", headers=it.bearer())).status_code == 200
    return told(await it.http.get(f"/v1/decisions/{decision}", headers=it.bearer("rival")))


@attack(TENANTS, "learning: POST /v1/feedback for their decision, or preferring over it",
        "404 decision_not_found")  # fmt: skip
async def _(it: AttackWorld) -> str:
    theirs, own = await a_decision(it), await a_decision(it, "rival")
    bodies: list[Any] = [
        {"decision_id": theirs, "score": 0.0}, {"decision_id": own, "preferred_over": theirs}
    ]  # fmt: skip
    return same([
        told(await it.http.post("/v1/feedback", json=body, headers=it.bearer("rival")))
        for body in bodies
    ])  # fmt: skip


@attack(TENANTS, "usage, keys, quotas, audit: every route of /admin with a tenant's key", "403")
async def _(it: AttackWorld) -> str:
    doc = (await it.http.get("/openapi.json")).json()
    found = []
    for path, methods in doc["paths"].items():
        for method in methods if path.startswith("/admin") else ():
            url = path.format(tenant="rival", key=it.key_ids["rival"])
            for who in ("acme", "narrow"):
                reply = await it.http.request(method, url, headers=it.bearer(who))
                found.append(told(reply))
    assert len(found) > 30
    return same(found)


@attack(TENANTS, "content: shown, forgotten or purged with a tenant's key (GET, DELETE "
        "/admin/content, POST /admin/content/purge), its own and another's", "403")  # fmt: skip
async def _(it: AttackWorld) -> str:
    decision, found = await a_decision(it, "rival"), []
    for method, path in (("GET", f"/admin/content?decision={decision}"),
                         ("DELETE", "/admin/content?tenant=rival"),
                         ("DELETE", "/admin/content?tenant=acme"),
                         ("POST", "/admin/content/purge?older_than_days=0")):  # fmt: skip
        found.append(told(await it.http.request(method, path, headers=it.bearer())))
    return same(found)


@attack(TENANTS, "bill: the tenant, project or key named in headers, metadata, `user`, the query",
        "billed to the key's own tenant")  # fmt: skip
async def _(it: AttackWorld) -> str:
    names = {"tenant": "rival", "project": "rival", "key": "rival", "operation": "rival"}
    headers = {"x-gairp-tenant": "rival", "x-tenant": "rival", "x-gairp-key": "rival",
               "openai-organization": "rival", "openai-project": "rival"}  # fmt: skip
    reply = await it.chat(metadata=names, user="rival", headers=headers)
    recent = it.gateway.engine.recents.find(reply.headers["x-gairp-decision-id"], None)
    assert recent is not None
    owner = it.gateway.engine.house.ink.owner(reply.headers["x-gairp-decision-id"])
    assert owner is not None
    whose = {recent.tenant, owner[1]}
    return "billed to the key's own tenant" if whose == {"acme"} else f"billed to {whose}"


@attack(TENANTS, "administration around the prefix: //admin, /ADMIN, /admin%2f…, /v1/../admin, "
        "with a tenant's key", "never 200")  # fmt: skip
async def _(it: AttackWorld) -> str:
    paths = ["//admin/keys", "/ADMIN/keys", "/admin%2fkeys", "/v1/../admin/keys", "/admin/keys/",
             "/./admin/keys", "/admin;/keys", "/v1/models/../../admin/keys",
             "/admin\\keys"]  # fmt: skip
    for path in paths:
        auth = it.bearer()["authorization"]
        reply = await it.raw(
            f"GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: {auth}\r\n\r\n".encode()
        )
        if b" 200 " in reply[:20]:
            return f"200 at {path}"
    return "never 200"
