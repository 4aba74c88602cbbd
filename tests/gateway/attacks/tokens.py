"""On tokens: those of the tests of tokens, over HTTP, and more."""

from __future__ import annotations

from tests.gateway.attack_world import AttackWorld, told
from tests.gateway.attacks.listing import Run, attack, same
from tests.gateway.tenants.test_tokens import ATTACKS as TOKENS
from tests.gateway.tenants.world import token


def _token_attack(text: str) -> Run:
    async def run(it: AttackWorld) -> str:
        headers = {"authorization": f"Bearer {text}"}
        return told(await it.http.get("/v1/models", headers=headers))

    return run


for _name, (_text, _why) in TOKENS.items():
    _code = "invalid_api_key" if _why == "Incorrect API key" else "invalid_token"
    attack("tokens", _name, f"401 {_code}")(_token_attack(_text))


@attack("tokens", "a good token that names a tenant that is not there, or is disabled",
        "403 no_tenant")  # fmt: skip
async def _(it: AttackWorld) -> str:
    found = []
    for org in ("nobody", "closed", "acme/../rival", ""):
        headers = {"authorization": f"Bearer {token(org=org)}"}
        found.append(told(await it.http.get("/v1/models", headers=headers)))
    return same(found)
