"""What hurts users of other gateways under load: memory, races, replicas, a lost database."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import openai
import pytest
from sqlalchemy.exc import OperationalError

from gairp.gateway.database.store import open_store
from gairp.gateway.feeds.threads import FeedThreads
from gairp.gateway.ledger.usage import usage
from tests.gateway.test_keys import SECRET, key, run
from tests.gateway.world import HI, World, world

SLOW = {"answer": {"text": "a slow answer"}, "first_token_s": 0.2}


async def told(it: World, model: str, count: int) -> Counter[int]:
    """Statuses of as many requests at once."""

    async def ask() -> int:
        try:
            await it.ask(model, max_tokens=64)
        except openai.APIStatusError as error:
            return error.status_code
        return 200

    return Counter(await asyncio.gather(*[ask() for _ in range(count)]))


# -- memory that grows until the process dies (BerriAI/litellm#27954) ------------------------


def test_memory_does_not_grow(tmp_path: Path) -> None:
    """Once what is remembered is full, further requests leave nothing behind.

    A timer or a cache may be there at one moment and not at the other; what leaks does so in every
    round.
    """
    warm, more, rounds = 120, 120, 3

    async def ask(it: World, count: int) -> None:
        for i in range(count):
            messages = [{"role": "user", "content": f"question {i}"}]
            raw = await it.ask("gairp/auto", messages=messages)
            if i % 2:
                body = {"decision_id": raw.headers["x-gairp-decision-id"], "score": 0.5}
                await it.http.post("/v1/feedback", json=body)
            if i % 10 == 0:
                stream = await it.client.chat.completions.create(
                    model="small", messages=HI, stream=True
                )
                assert [chunk async for chunk in stream]

    def size() -> tuple[int, int]:
        gc.collect()
        return len(gc.get_objects()), tracemalloc.get_traced_memory()[0]

    async def work() -> tuple[int, int]:
        settings: dict[str, Any] = {"remembered": 20, "explained": 20, "ledger": None}
        async with world(tmp_path, audit=False, **settings) as it:
            it.fake.ledger.size = 20
            tracemalloc.start()
            await ask(it, warm)  # what is replaced later is traced as well
            before = size()
            for _ in range(rounds):
                await ask(it, more)
                after = size()
                grown = after[0] - before[0], after[1] - before[1]
                if grown[0] < more and grown[1] < 500 * more:
                    break
                before = after
            tracemalloc.stop()
        return grown

    objects, bytes_ = asyncio.run(work())
    assert objects < more
    assert bytes_ < 500 * more


# -- latency that jumps with the rate (litellm#13546) ----------------------------------------


def test_requests_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """As many are at the server at once as were asked, and none is left over."""

    async def work() -> tuple[int, Counter[int], int]:
        async with world(tmp_path, models={"small": SLOW, "large": SLOW}) as it:
            slots = it.fake.service.models["small"].slots
            asked = asyncio.create_task(told(it, "small", 60))
            most = 0
            while not asked.done():
                most = max(most, slots.running)
                await asyncio.sleep(0.005)
            statuses = asked.result()
            await it.client.close()
            await asyncio.sleep(0.05)
            left = {task.get_name() for task in asyncio.all_tasks() if "Departure" in repr(task)}
            return most, statuses, len(left)

    assert asyncio.run(work()) == (60, Counter({200: 60}), 0)


# -- concurrent requests that race past a limit (envoyproxy/ai-gateway#1786) -----------------


def test_a_limit_of_tokens_holds_however_many_come_at_once(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[Counter[int], int]:
        return await told(it, "small", 40), it.fake.ledger.total.calls

    models = {"small": SLOW, "large": SLOW}
    one = 64 + len('{"messages":[{"role":"user","content":"hello there"}],"model":"small",'
                   '"max_tokens":64}')  # fmt: skip
    quota = {"tpm": 7 * one + one // 2}
    statuses, calls = run(tmp_path, work, key(quota=quota), models=models)
    assert statuses == Counter({200: 7, 429: 33})
    assert calls == 7


# -- budgets kept by each replica for itself (litellm#33325, maximhq/bifrost#3547) -----------


def test_replicas_share_a_budget(tmp_path: Path, redis_url: str) -> None:
    """Two gateways on one Redis spend one budget, and no more than it, between them."""
    usd = 4.1 * (64 * 4.0 + 600) * 1e-6  # a few calls of `large` at most

    async def work() -> tuple[Counter[int], float]:
        settings: dict[str, Any] = {
            "keys": [key(quota={"usd": usd, "usd_period": "total"})],
            "limits": {"redis": redis_url},
            "fallbacks": 0,
        }
        from gairp.gateway.limits.redis import connect

        redis = connect(redis_url)
        await redis.flushall()
        models = {"small": SLOW, "large": SLOW}
        async with (
            world(tmp_path / "a", models=models, **settings) as a,
            world(tmp_path / "b", models=models, **settings) as b,
        ):
            a.client.api_key = b.client.api_key = SECRET
            both = await asyncio.gather(told(a, "large", 15), told(b, "large", 15))
            calls = a.fake.ledger.total.calls + b.fake.ledger.total.calls
        found: Any = redis.hmget("gairp:{key:web}:total", ["spent", "held"])
        spent, held = (int(value) for value in await found)
        await redis.aclose()
        assert held == 0
        assert both[0][200] + both[1][200] == calls
        return both[0] + both[1], spent * 1e-12

    statuses, spent = asyncio.run(work())
    assert set(statuses) == {200, 429}
    assert 3 <= statuses[200] <= 5
    assert 0.0 < spent <= usd


# -- spend rows that are missing (litellm#19163, #13280) -------------------------------------


def test_no_row_is_missing_though_the_database_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(it: World) -> tuple[int, int]:
        feeds: Any = it.gateway.feeds
        assert isinstance(feeds, FeedThreads)
        feeder = next(f for f in feeds._feeders if f.name == "LedgerFeed")
        take, failed = feeder.feed.take, 0

        def away(batch: Any) -> None:
            nonlocal failed
            failed += 1
            raise OperationalError("INSERT", {}, Exception("the database is away"))

        monkeypatch.setattr(feeder.feed, "take", away)
        feeder._retry_s = 0.01
        assert (await told(it, "small", 10))[200] == 10
        while failed < 3:
            await asyncio.sleep(0.01)
        assert feeder.failing is not None
        behind = it.gateway.engine.house.ink.seq - feeder.seq
        metrics = (await it.http.get("/metrics")).text
        assert f'gairp_feed_lag{{feed="LedgerFeed"}} {behind}.0' in metrics  # and nobody hides it
        assert caplog.text.count("LedgerFeed stands still") == 1
        monkeypatch.setattr(feeder.feed, "take", take)
        assert (await told(it, "small", 5))[200] == 5
        return behind, it.fake.ledger.total.calls

    behind, calls = run(tmp_path, work, key())
    assert behind >= 40  # decided, called, settled, observed
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    (row,) = usage(store, ("tenant", "state"))
    store.dispose()
    assert (row.group, row.attempts) == (("acme", "settled"), calls)


# -- a cooldown that is skipped (litellm#32574) ----------------------------------------------


def test_a_model_that_keeps_failing_is_left_alone(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[list[str], int, str]:
        arms = [(await it.ask("both")).headers["x-gairp-arm"] for _ in range(40)]
        calls = sum(call.model == "small" for call in it.fake.ledger.calls())
        return arms, calls, (await it.http.get("/metrics")).text

    faults = [{"kind": "status_500", "model": "small"}]
    settings = {"retry": {"calls": 1}, "breaker": {"failures": 3, "cooldown_s": 60.0}}
    arms, calls, metrics = asyncio.run(_within(tmp_path, work, faults=faults, **settings))
    assert set(arms) == {"large"}
    assert calls == 3
    assert 'gairp_breaker_open{model="small"} 1.0' in metrics


async def _within(home: Path, work: Any, **more: Any) -> Any:
    async with world(home, **more) as it:
        return await work(it)


def test_a_retry_after_holds_for_every_request(tmp_path: Path) -> None:
    """One 429 is enough, and who asks for that model alone is told when to come back."""

    async def work(it: World) -> tuple[list[str], int, openai.RateLimitError]:
        first = (await it.ask("both", extra_body={"user": "u"})).headers["x-gairp-arm"]
        arms = [first, *[(await it.ask("both")).headers["x-gairp-arm"] for _ in range(30)]]
        with pytest.raises(openai.RateLimitError) as caught:
            await it.ask("small")
        calls = sum(call.model == "small" for call in it.fake.ledger.calls())
        return arms, calls, caught.value

    faults = [{"kind": "status", "status": 429, "retry_after_s": 30, "model": "small"}]
    arms, calls, error = asyncio.run(_within(tmp_path, work, faults=faults, retry={"calls": 1}))
    assert set(arms) == {"large"}
    assert calls == 1
    assert error.code == "rate_limit_exceeded"
    assert 20 <= int(error.response.headers["retry-after"]) <= 30
    assert "cools down" in error.message


def test_an_arm_that_fails_more_often_than_its_peers_is_ejected(tmp_path: Path) -> None:
    """Every other answer fails: never five in a row, so that no breaker opens."""

    async def work(it: World) -> tuple[int, Any, str]:
        for _ in range(60):
            assert (await it.ask("both")).headers["x-gairp-arm"]
        calls = sum(call.model == "small" for call in it.fake.ledger.calls())
        health = it.gateway.engine.gate.health
        return calls, health, (await it.http.get("/metrics")).text

    faults = [{"kind": "status_500", "model": "small", "when": "every 2"}]
    calls, health, metrics = asyncio.run(_within(tmp_path, work, faults=faults, retry={"calls": 1}))
    assert health.outliers.ejections == 1
    assert 10 <= calls <= 30
    assert 'gairp_breaker_open{model="small"} 0.0' in metrics
    left = next(x for x in metrics.splitlines() if x.startswith("gairp_arm_left_alone_seconds{"))
    assert left.startswith('gairp_arm_left_alone_seconds{arm="small"}') == (
        float(left.split()[-1]) > 0
    )
