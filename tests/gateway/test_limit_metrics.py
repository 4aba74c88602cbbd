"""Who was refused by which limit, and who waits for a place: what an operator scrapes."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.gateway.world import HI, World, world

QUOTAS = {
    "requests": {"rpm": 1},
    "tokens": {"tpm": 20},
    "concurrency": {"concurrency": 1},
    "budget": {"usd": 1e-9},
}
SLOW = {"small": {"answer": {"text": "late"}, "first_token_s": 0.3}, "large": {}}


def _key(name: str) -> dict[str, Any]:
    digest = sha256(name.encode() * 8).hexdigest()
    return {"id": name, "tenant": f"of {name}", "sha256": digest, "quota": QUOTAS[name]}


async def _asked(it: World, name: str) -> int:
    body = {"model": "small", "messages": HI, "max_tokens": 1000 if name == "tokens" else 1}
    answer = await it.http.post(
        "/v1/chat/completions", json=body, headers={"authorization": f"Bearer {name * 8}"}
    )
    return answer.status_code


def test_every_limit_that_refuses_is_counted_by_tenant(tmp_path: Path) -> None:
    async def work() -> tuple[dict[str, list[int]], str]:
        async with world(tmp_path, keys=[_key(name) for name in QUOTAS], models=SLOW) as it:
            told = {
                name: sorted(await asyncio.gather(*(_asked(it, name) for _ in range(2))))
                for name in QUOTAS
            }
            return told, (await it.http.get("/metrics")).text

    told, text = asyncio.run(work())
    assert told == {
        "requests": [200, 429],
        "tokens": [429, 429],
        "concurrency": [200, 429],
        "budget": [429, 429],
    }
    for name, statuses in told.items():
        count = float(statuses.count(429))
        assert f'gairp_limits_hit_total{{limit="{name}",tenant="of {name}"}} {count}' in text


def test_calls_that_wait_for_a_place_are_shown(tmp_path: Path) -> None:
    async def work() -> tuple[str, str]:
        async with world(tmp_path, models=SLOW, slots={"models": {"small": 1}}) as it:
            asked = [asyncio.create_task(it.ask("small")) for _ in range(3)]
            while it.gateway.engine.stage.slots.queued("small") < 2:
                await asyncio.sleep(0.01)
            full = (await it.http.get("/metrics")).text
            await asyncio.gather(*asked)
            return full, (await it.http.get("/metrics")).text

    full, empty = asyncio.run(work())
    assert 'gairp_queued{model="small"} 2.0' in full
    assert 'gairp_queued{model="small"} 0.0' in empty
    assert 'gairp_queued{model="large"}' not in full
