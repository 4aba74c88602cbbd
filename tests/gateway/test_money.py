"""The ledger of a running gateway: every attempt once, whatever happens to it and its database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from gairp.admin import main
from gairp.gateway.audit.chain import verify
from gairp.gateway.database.store import open_store
from gairp.gateway.ledger.usage import usage
from gairp.gateway.limits.periods import period_key
from tests.gateway.test_keys import SECRET, key
from tests.gateway.world import HI, World, world


def run(home: Path, work: Callable[[World], Awaitable[Any]], **more: Any) -> Any:
    async def main() -> Any:
        async with world(home, keys=[key(quota={"usd": 1.0})], **more) as it:
            it.client.api_key = SECRET
            return await work(it)

    return asyncio.run(main())


def test_every_attempt_is_a_row_and_every_dollar_is_counted(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[float, Any]:
        told = 0.0
        for i in range(30):
            try:
                raw = await it.ask("gairp/any", messages=[{"role": "user", "content": f"q {i}"}])
            except openai.APIStatusError:
                continue
            told += float(raw.headers["x-gairp-cost-usd"])
        stream = await it.client.chat.completions.create(model="small", messages=HI, stream=True)
        assert [chunk async for chunk in stream]
        return told, it.fake.ledger.total

    faults = [{"kind": "status_500", "when": "every 6"}]
    told, total = run(tmp_path, work, faults=faults, fallbacks=0)
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    (row,) = usage(store, ("tenant",))
    store.dispose()
    assert row.group == ("acme",)
    assert row.attempts == total.calls
    assert row.held_usd == 0.0
    assert row.cost_usd == pytest.approx(told, abs=4e-6)  # and the stream
    assert row.cost_usd > told
    assert verify(tmp_path / "audit.jsonl").lines == total.calls
    assert main(["usage", "--home", str(tmp_path), "--by", "tenant,model,day"]) == 0


def test_budgets_outlive_the_process(tmp_path: Path) -> None:
    async def work(it: World) -> float:
        await it.ask("large")
        purse: Any = it.gateway.engine.purse
        return float(purse.spent_usd("key:web", period_key("month", time.time())))

    first = run(tmp_path, work)
    second = run(tmp_path, work)
    assert second == pytest.approx(2 * first, rel=1e-9)


def test_a_client_that_leaves_is_billed_for_what_was_generated(tmp_path: Path) -> None:
    models = {"small": {"answer": {"text": "word " * 200}, "per_token_s": 0.01}, "large": {}}

    async def work(it: World) -> None:
        stream = await it.client.chat.completions.create(model="small", messages=HI, stream=True)
        seen = 0
        async for _ in stream:
            seen += 1
            if seen == 20:
                break
        await stream.close()
        await asyncio.sleep(0.3)

    run(tmp_path, work, models=models)
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    (row,) = usage(store, ("state",))
    store.dispose()
    assert row.group == ("settled",)
    assert 10 <= row.output_tokens <= 60
    assert row.cost_usd > 0
