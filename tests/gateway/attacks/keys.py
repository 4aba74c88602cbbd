"""On keys."""

from __future__ import annotations

import json
import time
from hashlib import sha256

from gairp.gateway.errors import ApiError
from tests.gateway.attack_world import LINES, AttackWorld, told
from tests.gateway.attacks.listing import attack, same

KEYS = "keys"


@attack(KEYS, "no key, an empty one, another scheme, the key in the query or a cookie",
        "401 invalid_api_key")  # fmt: skip
async def _(it: AttackWorld) -> str:
    key = it.secrets["acme"]
    headers: list[dict[str, str]] = [
        {}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": key},
        {"authorization": f"Basic {key}"}, {"cookie": f"authorization=Bearer {key}"},
        {"x-api-key": key}, {"api-key": key},
    ]  # fmt: skip
    body = {"model": "small", "messages": [LINES], "api_key": key}
    url = f"/v1/chat/completions?api_key={key}"
    return same([told(await it.http.post(url, json=body, headers=h)) for h in headers])


@attack(KEYS, "guesses near a good key: shortened, lengthened, one letter off, upper case, its "
        "prefix, its hash; all answered alike, to the byte", "401 invalid_api_key")  # fmt: skip
async def _(it: AttackWorld) -> str:
    key = it.secrets["acme"]
    off = key[:-1] + ("a" if key[-1] != "a" else "b")
    guesses = [key[:-1], key + "a", off, key.upper(), key[:11], key.rpartition("-")[2],
               sha256(key.encode()).hexdigest(), "x"]  # fmt: skip
    answers = [
        await it.http.get("/v1/models", headers={"authorization": f"Bearer {guess}"})
        for guess in guesses
    ]
    assert len({reply.content for reply in answers}) == 1
    return same([told(reply) for reply in answers])


@attack(KEYS, "timing: a guess that shares all but its last letter with a key, against one that "
        "shares none", "no difference (ratio of the shortest times within 0.5 to 2)")  # fmt: skip
async def _(it: AttackWorld) -> str:
    key = it.secrets["acme"]
    near = f"Bearer {key[:-1]}{'a' if key[-1] != 'a' else 'b'}".encode()
    far = b"Bearer " + b"z" * len(key)
    ratio = _shortest(it, near) / _shortest(it, far)
    inside = "no difference" if 0.5 <= ratio <= 2.0 else f"a difference ({ratio:.2f})"
    return f"{inside} (ratio of the shortest times within 0.5 to 2)"


@attack(KEYS, "a key that is expired, revoked, or of a disabled tenant", "401 invalid_api_key")
async def _(it: AttackWorld) -> str:
    return same([told(await it.chat(who)) for who in ("expired", "revoked", "closed")])


@attack(KEYS, "a key without the scope `inference` asks a model", "403")
async def _(it: AttackWorld) -> str:
    return told(await it.chat("narrow"))


@attack(KEYS, "a key for one model asks another, by its name or by naming two in one body",
        "403 model_not_allowed")  # fmt: skip
async def _(it: AttackWorld) -> str:
    twice = b'{"model":"small","messages":[{"role":"user","content":"x"}],"model":"large"}'
    found = [
        await it.chat("small", model="large"),
        await it.http.post("/v1/chat/completions", content=twice, headers=it.bearer("small")),
    ]
    return same([told(reply) for reply in found])


@attack(KEYS, "two Authorization headers, one good", "400 invalid_request")
async def _(it: AttackWorld) -> str:
    good, bad = it.bearer()["authorization"], "Bearer nobody"
    found = []
    for method, path in (("GET", "/v1/models"), ("POST", "/v1/chat/completions")):
        for pair in ((good, bad), (bad, good)):
            body = json.dumps({"model": "small", "messages": [LINES]}).encode()
            headers = [("authorization", value) for value in pair]
            found.append(told(await it.http.request(method, path, headers=headers, content=body)))
    return same(found)


def _shortest(it: AttackWorld, header: bytes) -> float:
    """Seconds of the quickest of many refusals: what noise there is only adds."""
    best = float("inf")
    for _ in range(400):
        start = time.perf_counter()
        try:
            it.gateway.authenticate(header)
        except ApiError:
            best = min(best, time.perf_counter() - start)
    return best
