"""A cascade behind the gateway: one answer of several, all of them paid for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pandas as pd
import pytest

from gairp.errors import ConfigError
from gairp.gateway.build import build_engine, build_upstreams
from gairp.policies.cascade.chain import Chain
from gairp.runners.replay_log.runner import ReplayLogRunner
from gairp.types import TrainingSet
from tests.gateway.test_follow import Shelf, document
from tests.gateway.world import HI, World, settings, world

SMALL, LARGE = "a short answer", "a longer and better answer"


def train() -> TrainingSet:
    """Two rows, so that a chain is fitted; what it learns of them does not matter here."""
    return TrainingSet(
        arms=("small", "large"), features=np.ones((2, 16)), score=np.ones((2, 2)),
        cost_usd=np.ones((2, 2)), latency_s=np.ones((2, 2)), observed=np.full((2, 2), True),
        signals={"output_tokens": np.ones((2, 2)), "agreement": np.ones((2, 2))},
    )  # fmt: skip


class LongEnough(Chain):
    """Small, then large; goes on where an answer has fewer tokens than the threshold."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"chain": ["small", "large"], "verify": "output_tokens", **given})
        self.fit(train(), np.random.default_rng(0))


def policies(threshold: float) -> dict[str, Any]:
    target = f"{LongEnough.__module__}.{LongEnough.__name__}"
    return {"auto": {"_target_": target, "threshold": threshold}}


def run(
    home: Path, work: Callable[[World], Coroutine[Any, Any, Any]], *, threshold: float = 9.0,
    **more: Any,
) -> Any:  # fmt: skip
    async def main() -> Any:
        async with world(home, policies=policies(threshold), **more) as it:
            return await work(it)

    return asyncio.run(main())


async def streamed(it: World) -> tuple[str, int]:
    """What a client reads, and how often it is told that this was all."""
    stream = await it.client.chat.completions.create(model="gairp/auto", messages=HI, stream=True)
    chunks = [chunk async for chunk in stream]
    ends = sum(bool(c.choices and c.choices[0].finish_reason) for c in chunks)
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), ends


@pytest.mark.parametrize(("threshold", "arms"), [(9.0, ["small", "large"]), (1.0, ["small"])])
def test_the_last_answer_is_given_and_all_are_paid(
    threshold: float, arms: list[str], tmp_path: Path
) -> None:
    async def work(it: World) -> Any:
        raw = await it.ask()
        told = await it.http.get(f"/v1/decisions/{raw.headers['x-gairp-decision-id']}")
        return raw, told.json(), await streamed(it), [c.model for c in it.fake.ledger.calls()]

    raw, told, stream, asked = run(tmp_path, work, threshold=threshold)
    text = LARGE if "large" in arms else SMALL
    assert raw.parse().choices[0].message.content == text
    assert raw.headers["x-gairp-arm"] == arms[-1]
    assert raw.headers["x-gairp-attempts"] == str(len(arms))
    assert [attempt["arm"] for attempt in told["attempts"]] == arms
    spent = sum(attempt["cost_usd"] for attempt in told["attempts"])
    assert float(raw.headers["x-gairp-cost-usd"]) == pytest.approx(spent, abs=1e-9)
    # A stream is held back until it is known to be the answer: nothing of the first is seen.
    assert stream == (text, 1)
    assert asked == arms * 2


def test_an_escalation_that_fails_is_no_answer_of_the_first(tmp_path: Path) -> None:
    """The error is told, in a stream as well: bytes of a rejected answer never are."""

    async def work(it: World) -> list[int]:
        with pytest.raises(openai.InternalServerError) as whole:
            await it.ask()
        with pytest.raises(openai.InternalServerError) as stream:
            await streamed(it)
        return [whole.value.status_code, stream.value.status_code]

    # Calls 1 and 3 are of the small arm; without retries 2 and 4 are of the large one.
    faults = [{"kind": "status_500", "when": "every 2"}]
    assert run(tmp_path, work, faults=faults, fallbacks=0, retry={"calls": 1}) == [502, 502]


def test_its_log_repeats(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        for _ in range(3):
            await it.ask()
            await streamed(it)

    run(tmp_path / "home", work)
    path = ReplayLogRunner(log=tmp_path / "home" / "journal", out=tmp_path / "out").run()
    table: Any = pd.read_csv(path).set_index("learner").to_dict("index")
    assert table["auto@1"]["decisions"] == 12


@pytest.mark.parametrize(
    ("policy", "match"),
    [
        (
            {"_target_": "gairp.policies.cascade.chain.Chain", "verify": "agreement"},
            "it reads 'agreement' of an answer, and answers at the gateway bring output_tokens",
        ),
        (
            {
                "_target_": "gairp.policies.budget.request_cap.RequestCap",
                "policy": {
                    "_target_": "gairp.policies.cascade.routing.CascadeRouting",
                    "signals": ["logprob_min", "output_tokens"],
                },
            },
            "it reads 'logprob_min' of an answer",
        ),
        (
            {"_target_": "gairp.policies.cascade.routing.CascadeRouting"},
            "a cascade must be fitted before it is served",
        ),
    ],
)
def test_a_cascade_that_cannot_be_served_is_refused_at_the_start(
    policy: dict[str, Any], match: str, tmp_path: Path
) -> None:
    wanted = settings("http://127.0.0.1:9", tmp_path, policies={"auto": policy})

    async def start() -> None:
        build_engine(wanted, build_upstreams(wanted))

    with pytest.raises(ConfigError, match=match):
        asyncio.run(start())


def test_a_registered_cascade_takes_over_and_one_that_cannot_be_served_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    shelf.documents["1"] = document("gairp.policies.random.Random")
    for version, signal in (("2", "output_tokens"), ("3", "agreement")):
        given = {"chain": ["small", "large"], "verify": signal, "threshold": 9.0}
        policy = Chain(**given)  # type: ignore[arg-type]
        policy.fit(train(), np.random.default_rng(0))
        made = document("gairp.policies.cascade.chain.Chain", policy.save(), floor=0.0)
        shelf.documents[version] = {**made, "config": {**made["config"], **given}}
    shelf.alias = "1"
    monkeypatch.setattr("gairp.tracking.registry.PolicyRegistry", lambda uri: shelf)

    async def main() -> tuple[str, str, str]:
        policies = {"auto": {"uri": "models:/router@champion"}}
        async with world(tmp_path, policies=policies, registry_every_s=0.02) as it:
            shelf.alias = "2"
            async with asyncio.timeout(20):
                while it.gateway.engine.house.find("auto").version != "2":
                    await asyncio.sleep(0.01)
            raw = await it.ask()
            shelf.alias = "3"
            await asyncio.sleep(0.2)
            said = raw.parse().choices[0].message.content
            return (
                said,
                raw.headers["x-gairp-attempts"],
                it.gateway.engine.house.find("auto").version,
            )

    assert asyncio.run(main()) == (LARGE, "2", "2")
