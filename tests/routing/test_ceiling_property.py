"""Whatever 64 concurrent requests, token counts and failures do, the ceiling is not crossed.

The provider keeps its own account. It honours max_tokens, which is all that the promise asks.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.backends.openai.compose import compose
from gairp.clock import WallClock
from gairp.policies.random import Random
from gairp.pricing import PriceCatalogue, load_catalogue
from gairp.pricing.cost import call_cost
from gairp.routing.admission import Admission
from gairp.routing.breaker import Breakers
from gairp.routing.costing import Costing
from gairp.routing.driver import Caller, drive
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.load_board import LoadBoard
from gairp.routing.retry import RetryRule
from gairp.routing.router import Router
from gairp.routing.slots import Slots
from gairp.routing.spend import SpendCeiling
from gairp.types import Arm, Chunk, Failure, FailureKind, Request, Response, Usage

DAY, CONCURRENT = date(2026, 1, 1), 64
PRICES = """
models:
  cheap: [{from: 2025-01-01, input: 0.13, output: 0.7}]
  dear: [{from: 2025-01-01, input: 2.9, output: 11.3}]
"""
#: What may go wrong: kind, and whether the provider charges all the same and nobody learns of it.
FAULTS: tuple[tuple[FailureKind, bool], ...] = (
    ("server", False), ("rate_limit", False), ("connection", False), ("connection", True),
    ("timeout", True), ("truncated", True), ("malformed", True), ("context_overflow", False),
)  # fmt: skip


Law = str
#: How many tokens there are of at most so many.
LAWS: dict[Law, Callable[[random.Random, int], int]] = {
    "any": lambda rng, most: rng.randint(0, most),
    "most": lambda _, most: most,
    "none or most": lambda rng, most: rng.choice([0, most]),
}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> PriceCatalogue:
    path = tmp_path_factory.mktemp("prices") / "prices.yaml"
    path.write_text(PRICES)
    return load_catalogue(user_files=[path], genai=False)


class Provider:
    """Answers with as many tokens as it may, or fewer; charges by its own book."""

    def __init__(
        self, rng: random.Random, catalogue: PriceCatalogue, law: Law, failing: float = 0.4
    ) -> None:
        self.rng, self.catalogue, self.law, self.failing = rng, catalogue, LAWS[law], failing
        self.charged_usd = 0.0
        self.charged_tokens = self.calls = self.flying = self.most_flying = 0

    async def complete(self, request: Request, arm: Arm) -> Response:
        self.calls += 1
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        try:
            await asyncio.sleep(self.rng.choice([0.0, 0.0, 1e-4, 1e-3]))
            return self._answer(compose(request, arm), arm)
        finally:
            self.flying -= 1

    def _answer(self, body: dict[str, Any], arm: Arm) -> Response:
        fault = self.rng.choice(FAULTS) if self.rng.random() < self.failing else None
        if fault is not None and not fault[1]:
            return Response(model=arm.model, error=Failure(kind=fault[0], message="x", status=500))
        usage = Usage(input_tokens=self._prompt(body), output_tokens=self._output(body))
        price = self.catalogue.price(arm.model, as_of=DAY)
        self.charged_usd += call_cost(price, usage.input_tokens, usage.output_tokens)
        self.charged_tokens += int(usage.input_tokens + usage.output_tokens)
        if self.rng.random() < 0.05:
            raise RuntimeError("a fault of ours, after the provider has charged")
        if fault is None:
            return Response(model=arm.model, usage=usage, latency_s=0.01)
        broken = Failure(kind=fault[0], message="x", started=True, billing_unknown=True)
        seen = Usage(input_tokens=3.0, output_tokens=1.0, source="partial")
        return Response(model=arm.model, usage=seen, latency_s=0.01, error=broken)

    def _prompt(self, body: dict[str, Any]) -> float:
        """Up to a token a byte, as the worst tokenizer would have it, and a template's own."""
        text = "".join(str(message["content"]) for message in body["messages"])
        return float(self.law(self.rng, len(text.encode()) + 200))

    def _output(self, body: dict[str, Any]) -> float:
        return float(self.law(self.rng, int(body["max_tokens"]) * int(body.get("n", 1))))

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        yield Chunk(response=await self.complete(request, arm))

    async def aclose(self) -> None: ...


async def serve(
    provider: Provider, catalogue: PriceCatalogue, ceiling: SpendCeiling, seed: int, cancel: bool
) -> None:
    recipe = {"params": {"max_tokens": 200}}
    arms = {m: Arm(name=m, model=m, recipe=recipe, backend="b") for m in ("cheap", "dear")}
    board, clock = LoadBoard(dict.fromkeys(arms, "b")), WallClock()
    costing = Costing(arms=arms, catalogue=catalogue, as_of=DAY, compose=compose)
    admission = Admission(
        arms=arms, costing=costing, ceiling=ceiling, breakers=Breakers(failures=1000),
        board=board, clock=clock,
    )  # fmt: skip
    policy = Random()
    router = Router(
        policy=policy, seed=seed, clock=clock, joiner=FeedbackJoiner(policy), bill=costing.bill,
        retry=RetryRule(calls=3, base_s=0.0, cap_s=0.0, budget_ratio=1.0), gate=admission,
        fallbacks=1,
    )  # fmt: skip
    caller = Caller(arms=arms, backends={"b": provider}, slots=Slots({}, None), board=board)

    async def one(number: int) -> None:
        text = "ﷺ🙂 naïve " * (number % 7) + "x" * (number % 50)
        request = Request(
            id=f"r{number}",
            messages=({"role": "user", "content": text or "?"},),
            params={"n": 1 + number % 3, "max_tokens": (1, 200, 37, 1000)[number % 4]},
        )
        context = admission.context(request, np.ones(1))
        await drive(router.route(request, context), caller)
        spent = ceiling.spent_usd + ceiling.kept_usd + ceiling.reserved_usd
        assert ceiling.usd is None or spent <= ceiling.usd
        tokens = ceiling.spent_tokens + ceiling.kept_tokens + ceiling.reserved_tokens
        assert ceiling.tokens is None or tokens <= ceiling.tokens

    tasks = [asyncio.create_task(one(number)) for number in range(CONCURRENT)]
    if cancel:
        await asyncio.sleep(5e-4)
        for task in tasks[::3]:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    wrong = [r for r in results if isinstance(r, Exception)]
    assert wrong == []


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    usd=st.floats(0.0, 0.5),
    law=st.sampled_from(sorted(LAWS)),
    failing=st.floats(0.0, 1.0),
    cancel=st.booleans(),
)
def test_the_provider_never_charges_more_than_the_ceiling(
    catalogue: PriceCatalogue, seed: int, usd: float, law: Law, failing: float, cancel: bool
) -> None:
    provider = Provider(random.Random(seed), catalogue, law, failing)
    ceiling = SpendCeiling(usd=usd)
    asyncio.run(serve(provider, catalogue, ceiling, seed, cancel))
    assert provider.charged_usd <= usd + 1e-12
    assert ceiling.reserved_usd == 0.0
    assert provider.charged_usd <= ceiling.spent_usd + ceiling.kept_usd + 1e-9


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    tokens=st.integers(0, 100_000),
    law=st.sampled_from(sorted(LAWS)),
    failing=st.floats(0.0, 1.0),
    cancel=st.booleans(),
)
def test_nor_more_tokens(
    catalogue: PriceCatalogue, seed: int, tokens: int, law: Law, failing: float, cancel: bool
) -> None:
    provider = Provider(random.Random(seed), catalogue, law, failing)
    ceiling = SpendCeiling(tokens=tokens)
    asyncio.run(serve(provider, catalogue, ceiling, seed, cancel))
    assert provider.charged_tokens <= tokens
    assert ceiling.reserved_tokens == 0
    assert provider.charged_tokens <= ceiling.spent_tokens + ceiling.kept_tokens


def test_the_ceiling_is_met_while_many_calls_are_under_way(catalogue: PriceCatalogue) -> None:
    provider = Provider(random.Random(3), catalogue, "most", failing=0.0)
    ceiling = SpendCeiling(usd=0.1)
    asyncio.run(serve(provider, catalogue, ceiling, 3, cancel=False))
    assert 5 <= provider.most_flying < CONCURRENT
    assert ceiling.refused > 0 or provider.calls < CONCURRENT
    assert 0.05 < provider.charged_usd <= 0.1


def test_a_ceiling_that_is_high_enough_refuses_nobody(catalogue: PriceCatalogue) -> None:
    provider = Provider(random.Random(1), catalogue, "any")
    ceiling = SpendCeiling(usd=10.0)
    asyncio.run(serve(provider, catalogue, ceiling, 1, cancel=False))
    assert provider.calls >= CONCURRENT
    assert provider.most_flying == CONCURRENT
    assert ceiling.refused == 0
