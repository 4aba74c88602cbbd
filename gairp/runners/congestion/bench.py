"""One router in front of busy servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.protocols import Trainable
from gairp.replay.capacity.fleet import Capacity
from gairp.replay.runlog import Nowhere
from gairp.replay.scenario.scenario import Scenario
from gairp.replay.scenario.stage import Stage
from gairp.replay.world import WorldReplay
from gairp.replay.worldlog import WorldLog
from gairp.rewards import Utility
from gairp.runners.replay.job import arrivals_of
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


class Served(NamedTuple):
    """What became of each request, in the order in which they came."""

    row: NDArray[np.int64]  #: [m]
    arm: NDArray[np.int64]  #: [m]
    quality: Floats  #: [m]
    first_token_s: Floats  #: [m], queue included
    latency_s: Floats  #: [m], queue included


@dataclass(frozen=True, slots=True)
class Bench:
    """Test prompts that come again and again, and servers with so many places a model.

    requests: of a run; the first `warm_up`, which find empty queues, are left out.
    """

    prepared: Prepared
    places: int
    requests: int
    warm_up: int

    def policy(self, name: str, config: Mapping[str, Any], seed: int) -> BasePolicy:
        """Fitted on train, with full information."""
        from hydra.utils import instantiate

        policy: BasePolicy = instantiate(
            dict(config), utility=Utility(), name=name, _convert_="all"
        )
        if isinstance(policy, Trainable):
            policy.fit(self.prepared.training_set("train"), np.random.default_rng([seed, 2]))
        return policy

    def run(self, policy: BasePolicy, arrivals: Mapping[str, Any], seed: int) -> Served:
        """The policy stays as it is; arrivals and service times are the same for every policy."""
        arms = self.prepared.arms
        nothing = np.zeros(len(arms))
        stage = Stage.of(arms, nothing, nothing, requests=self.requests)
        log = WorldLog(arms=len(arms), worth=Utility().of_arrays, segment=lambda number, now: 0)
        engine = WorldReplay(
            scenario=Scenario((), stage),
            fleet=Capacity(places=self.places).fleet(arms, seed=seed),
            log=log,
            policy=policy,
            arms=arms,
            expected_cost=self.prepared.expected_cost("train"),
            max_cost=self.prepared.max_cost("train"),
            seed=seed,
            arrivals=arrivals_of(arrivals, seed),
            learn=False,
        )
        engine.run(self.prepared.outcomes.prompts(self.rows(seed)), Nowhere())
        found, late = log.columns(), slice(self.warm_up, None)
        return Served(*(found[name][late] for name in Served._fields))

    def rows(self, seed: int) -> NDArray[np.int64]:
        """All test prompts in the order of the seed, then all of them in another, and so on."""
        rows, rng = self.prepared.rows("test"), np.random.default_rng([seed, 6])
        rounds = -(-self.requests // len(rows))
        return np.concatenate([rng.permutation(rows) for _ in range(rounds)])[: self.requests]

    def capacity(self, policy: BasePolicy) -> float:
        """Requests a second at which the policy's busiest model has no moment to spare.

        Its choices are those on the test prompts while no model is busy. Raises ConfigError where
        latencies were not recorded.
        """
        seconds = self.prepared.outcomes.latency_s
        if seconds is None or np.isnan(seconds[self.prepared.rows("test")]).any():
            raise ConfigError(
                f"trace {self.prepared.trace} lacks latencies of some arms: no service times; "
                "choose one that has them (trace=local_llm)"
            )
        alone = self.run(
            policy, {"_target_": "gairp.replay.arrivals.Regular", "interval_s": 1e3}, 0
        )
        work = np.bincount(
            alone.arm, seconds[alone.row, alone.arm], minlength=len(self.prepared.arms)
        )
        return float(self.places * len(alone.arm) / work.max())
