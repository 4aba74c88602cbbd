"""To have the gateway ask elsewhere (server-side request forgery)."""

from __future__ import annotations

import json
from typing import Any

from tests.gateway.attack_world import AttackWorld, told
from tests.gateway.attacks.listing import attack, same
from tests.gateway.tenants.test_tokens import STRANGER
from tests.gateway.tenants.world import token

ELSEWHERE = "requests made elsewhere"


@attack(ELSEWHERE, "a base URL, a key or a proxy in the body or in headers "
        "(`base_url`, `api_base`, `api_key`, …)", "nobody asked there")  # fmt: skip
async def _(it: AttackWorld) -> str:
    url = f"http://127.0.0.1:{it.canary.port}/v1"
    fields = dict.fromkeys(
        ("base_url", "api_base", "endpoint", "proxy", "host", "url", "callback", "webhook"), url
    )
    headers = {"x-base-url": url, "x-gairp-base-url": url, "x-portkey-custom-host": url,
               "x-forwarded-host": f"127.0.0.1:{it.canary.port}"}  # fmt: skip
    await it.chat(**fields, api_key="x", headers=headers)
    await it.raw(
        f"POST {url}/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{it.canary.port}\r\n"
        f"authorization: {it.bearer()['authorization']}\r\ncontent-length: 2\r\n\r\n{{}}".encode()
    )
    return f"{len(it.canary.requests)} asked" if it.canary.requests else "nobody asked there"


@attack(ELSEWHERE, "addresses of images, audio and files: loopback, cloud metadata, file://",
        "nobody asked there; passed on as text")  # fmt: skip
async def _(it: AttackWorld) -> str:
    urls = [f"http://127.0.0.1:{it.canary.port}/x.png", "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd", "gopher://127.0.0.1/"]  # fmt: skip
    parts: list[Any] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    parts += [{"type": "input_image", "image_url": url} for url in urls]
    await it.chat(messages=[{"role": "user", "content": parts}])
    sent = json.loads(it.spy.requests[-1].partition(b"\r\n\r\n")[2])
    assert sent["messages"][0]["content"] == parts
    asked = len(it.canary.requests)
    return f"{asked} asked" if asked else "nobody asked there; passed on as text"


@attack(ELSEWHERE, "a token that names its own keys (`jku`, `x5u`) at a place of the attacker's",
        "401 invalid_token, nobody asked there")  # fmt: skip
async def _(it: AttackWorld) -> str:
    url = f"http://127.0.0.1:{it.canary.port}/jwks"
    text = token(key=STRANGER, headers={"jku": url, "x5u": url})
    headers = {"authorization": f"Bearer {text}"}
    reply = told(await it.http.get("/v1/models", headers=headers))
    return f"{reply}, {'nobody' if not it.canary.requests else 'somebody'} asked there"


@attack(ELSEWHERE, "an issuer whose keys are at file://, at http:// elsewhere, or at no address",
        "400 invalid_request")  # fmt: skip
async def _(it: AttackWorld) -> str:
    base = {"issuer": "https://x/", "audience": ["a"], "tenant": "acme"}
    urls = ["file:///etc/passwd", "http://169.254.169.254/jwks", "http://localhost.evil.com/", "x"]
    return same([
        told(await it.http.put("/admin/issuers", json={**base, "jwks_url": url},
                               headers=it.bearer("root")))
        for url in urls
    ])  # fmt: skip
