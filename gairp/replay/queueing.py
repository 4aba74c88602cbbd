"""How long requests wait in a simulated pool, with the simulation's error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gairp.policies.fixed import Fixed
from gairp.replay.arrivals import Poisson
from gairp.replay.capacity.fleet import Capacity
from gairp.replay.capacity.service import Service
from gairp.replay.runlog import RunLog
from gairp.replay.scenario.scenario import Scenario
from gairp.replay.scenario.stage import Stage
from gairp.replay.source import Outcomes
from gairp.replay.world import WorldReplay

_BATCHES = 20  #: of a run; their means are taken to be independent


def waits(
    *, service: Service, places: int, rate: float, requests: int, seeds: Sequence[int]
) -> tuple[float, float]:
    """Mean seconds in the queue, and its standard error by batch means.

    The first tenth of each run warms up and is left out. Runs the same engine as every study, on
    one arm and Poisson arrivals.
    """
    means = [
        batch.mean()
        for seed in seeds
        for batch in np.array_split(
            _waits(service, places, rate, requests, seed)[requests // 10 :], _BATCHES
        )
    ]
    return float(np.mean(means)), float(np.std(means, ddof=1) / np.sqrt(len(means)))


def _waits(service: Service, places: int, rate: float, n: int, seed: int) -> np.ndarray:
    """[n], in the order in which requests came."""
    arms, one = ("server",), np.ones(1)
    table = Outcomes(
        arms=arms,
        prompt_ids=tuple(str(i) for i in range(n)),
        features=np.ones((n, 1)),
        quality=np.ones((n, 1)),
    )
    capacity = Capacity(places=places, service=service)
    stage = Stage.of(arms, one, one, requests=n)
    sink = _Queued(arms)
    engine = WorldReplay(
        scenario=Scenario((), stage),
        fleet=capacity.fleet(arms, seed=seed),
        policy=Fixed(arm="server"),
        arms=arms,
        expected_cost=one,
        max_cost=one,
        seed=seed,
        arrivals=Poisson(rate=rate, seed=seed),
        learn=False,
    )
    engine.run(table.prompts(np.arange(n)), sink)
    rows = sink.columns()["rows"]
    return np.array(sink.waited)[np.argsort(rows)]


class _Queued(RunLog):
    """Keeps the time in the queue as well."""

    def __init__(self, arms: tuple[str, ...]) -> None:
        super().__init__(arms)
        self.waited: list[float] = []

    def record(self, prompt, context, outcome, quality):  # type: ignore[no-untyped-def]
        super().record(prompt, context, outcome, quality)
        self.waited.append(outcome.attempts[-1].response.queue_s)
