"""Queues against queueing theory; places, limits, loads, closed loops."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gairp.errors import ConfigError, UnknownNameError
from gairp.policies.fixed import Fixed
from gairp.policies.least_outstanding import LeastOutstanding
from gairp.replay.arrivals import ClosedLoop, Poisson, Regular
from gairp.replay.capacity.fitted import Fitted
from gairp.replay.capacity.fleet import Capacity
from gairp.replay.capacity.pool import ServerPool
from gairp.replay.capacity.service import Exponential, LogNormal, Service
from gairp.replay.capacity.theory import mg_1_wait, mm_c_wait
from gairp.replay.queueing import waits
from gairp.replay.runlog import Nowhere
from gairp.replay.scenario.scenario import Scenario
from gairp.replay.scenario.stage import Stage
from gairp.replay.source import Outcomes
from gairp.replay.world import WorldReplay
from gairp.replay.worldlog import WorldLog


def world(
    n: int,
    arrivals: object,
    capacity: Capacity,
    *,
    arms: tuple[str, ...] = ("a",),
    fixed: bool = True,
) -> dict[str, np.ndarray]:
    """The columns of a run on equal requests that take one second each."""
    k = len(arms)
    table = Outcomes(
        arms=arms, prompt_ids=tuple(f"p{i}" for i in range(n)), features=np.ones((n, 1)),
        quality=np.ones((n, k)), latency_s=np.ones((n, k)), first_token_s=np.full((n, k), 0.25),
    )  # fmt: skip
    stage = Stage.of(arms, np.ones(k), np.ones(k), requests=n)
    log = WorldLog(arms=k, worth=lambda q, c, t: q, segment=lambda i, t: 0)
    engine = WorldReplay(
        scenario=Scenario((), stage), fleet=capacity.fleet(arms, seed=1), log=log,
        policy=Fixed(arm="a") if fixed else LeastOutstanding(), arms=arms,
        expected_cost=np.ones(k), max_cost=np.ones(k), seed=1, arrivals=arrivals, learn=False,
    )  # fmt: skip
    engine.run(table.prompts(np.arange(n)), Nowhere())
    return log.columns()


@pytest.mark.parametrize(
    ("service", "places", "rate", "expected"),
    [
        (Exponential(mean_s=1.0), 1, 0.7, mm_c_wait(0.7, 1.0, 1)),
        (Exponential(mean_s=2.0), 4, 1.6, mm_c_wait(1.6, 2.0, 4)),
        (LogNormal(mean_s=1.0, cv=0.0), 1, 0.7, mg_1_wait(0.7, 1.0, 0.0)),
        (LogNormal(mean_s=1.0, cv=1.2), 1, 0.6, mg_1_wait(0.6, 1.0, 1.2)),
    ],
)
def test_mean_waits_are_those_of_theory(
    service: Service, places: int, rate: float, expected: float
) -> None:
    found, error = waits(service=service, places=places, rate=rate, requests=20_000, seeds=(0, 1))
    assert abs(found - expected) < 3.0 * error
    assert error < 0.15 * expected


def test_theory_in_closed_form() -> None:
    assert mm_c_wait(0.5, 1.0, 1) == pytest.approx(1.0)  # ρ / (μ - λ)
    assert mm_c_wait(1.0, 1.0, 2) == pytest.approx(1 / 3)
    assert mg_1_wait(0.5, 1.0, 1.0) == pytest.approx(mm_c_wait(0.5, 1.0, 1))
    assert mg_1_wait(0.5, 1.0, 0.0) == pytest.approx(0.5)
    assert mm_c_wait(2.0, 1.0, 2) == mg_1_wait(1.0, 1.0, 1.0) == math.inf


def test_waiting_is_counted_to_the_second() -> None:
    # A request of one second every half second, on one place: each waits half a second more.
    run = world(6, Regular(interval_s=0.5), Capacity(places=1))
    assert run["latency_s"] == pytest.approx([1.0, 1.5, 2.0, 2.5, 3.0, 3.5])
    assert run["first_token_s"] == pytest.approx(run["latency_s"] - 0.75)
    two = world(6, Regular(interval_s=0.5), Capacity(places=2))
    assert two["latency_s"] == pytest.approx([1.0] * 6)


def test_a_batch_slows_its_members_down_after_their_first_token() -> None:
    run = world(3, Regular(interval_s=0.1), Capacity(places=9, slowdown=0.5))
    assert run["latency_s"] == pytest.approx([1.0, 0.25 + 0.75 * 1.5, 0.25 + 0.75 * 2.0])


def test_queues_and_rates_have_their_limits() -> None:
    full = world(6, Regular(interval_s=0.1), Capacity(places=1, queue=2))
    assert full["quality"].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    limited = world(200, Regular(interval_s=0.1), Capacity(places=99, rate_limit=60.0))
    # 60 at once, and one a second afterwards.
    assert limited["quality"].sum() == pytest.approx(60 + 20, abs=2)


def test_a_pool_serves_in_order() -> None:
    pool = ServerPool(places=1)
    assert [pool.offer(i, 0.0) for i in range(3)] == ["begin", "wait", "wait"]
    assert (pool.busy, pool.waiting) == (1, 2)
    assert [pool.done(), pool.done(), pool.done()] == [1, 2, None]
    assert (pool.busy, pool.waiting) == (0, 0)


def test_policies_see_the_load_that_they_make() -> None:
    arms = ("a", "b")
    run = world(40, Regular(interval_s=0.6), Capacity(places=1), arms=arms, fixed=False)
    assert np.bincount(run["arm"]).tolist() == pytest.approx([20, 20], abs=3)
    assert run["latency_s"].max() < 1.7
    alone = world(40, Regular(interval_s=0.6), Capacity(places=1), arms=arms)
    assert alone["latency_s"].max() == pytest.approx(1.0 + 39 * 0.4)


def test_users_of_a_closed_loop_wait_for_their_answers() -> None:
    loop = ClosedLoop(users=3, think_s=0.5, seed=0)
    run = world(300, loop, Capacity(places=1))
    assert len(run["row"]) == 300
    end = run["arrived_at"] + run["latency_s"]
    busy = [((run["arrived_at"] < t) & (end > t)).sum() for t in run["arrived_at"]]
    assert max(busy) <= 3
    # Machine repairman, 3 users, ratio 0.5: Erlang's loss of the place being idle.
    served = 300 / end.max()
    idle = 1.0 / sum(math.factorial(3) / math.factorial(3 - n) * 2.0**n for n in range(4))
    assert served == pytest.approx(1.0 - idle, abs=0.08)


def test_service_times_are_fitted_on_the_rows_without_an_error(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    pd.DataFrame(
        {
            "provider": "p", "model": "m", "error_code": [np.nan, np.nan, 500.0],
            "ttft_s": [0.5, 2.0, 0.0], "inter_token_latency_s": [0.01, 0.01, 0.0],
        }
    ).to_csv(path, index=False)  # fmt: skip
    service = Fitted(default="p/m", tokens=100.0, path=str(path))
    fleet = Capacity(service=service).fleet(("a",), seed=0)
    table = Outcomes(
        arms=("a",), prompt_ids=tuple(f"p{i}" for i in range(500)), features=np.ones((500, 1)),
        quality=np.ones((500, 1)),
    )  # fmt: skip
    found = [fleet.seconds(prompt, "a", 0) for prompt in table.prompts(np.arange(500))]
    assert np.median([first for first, _ in found]) == pytest.approx(1.0, rel=0.1)
    assert [total - first for first, total in found] == pytest.approx([1.0] * 500)


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="places 0"):
        Capacity(places=0)
    with pytest.raises(UnknownNameError, match=r"arm in capacity\.pools 'z'"):
        Capacity(pools={"z": {"places": 2}}).fleet(("a",), seed=0)
    with pytest.raises(ConfigError, match="never wait for a place"):
        world(3, None, Capacity())
    assert Poisson(rate=1.0, seed=0).following(0.0) > 0
