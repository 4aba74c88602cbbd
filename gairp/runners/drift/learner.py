"""One learner in one world under one budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gairp.policies.base import BasePolicy
from gairp.policies.floor import ExplorationFloor
from gairp.replay.engine import Replay
from gairp.replay.purse import RollingPurse
from gairp.replay.runlog import Nowhere, RunLog
from gairp.replay.source import shuffled
from gairp.replay.world import WorldReplay
from gairp.rewards import Utility
from gairp.runners.drift.world import ChangingWorld
from gairp.types import Floats


class Taken(NamedTuple):
    """What became of each request of the stream, in the order in which they came."""

    row: NDArray[np.int64]  #: [m]
    arm: NDArray[np.int64]  #: [m]
    quality: Floats  #: [m]
    cost_usd: Floats  #: [m]


@dataclass(frozen=True, slots=True)
class Learner:
    """A policy under a pacer, which chance has taught on validation.

    pacer: configuration of the budget pacer around it; policy: its own.
    """

    name: str
    policy: Mapping[str, Any]
    pacer: Mapping[str, Any]

    def run(self, world: ChangingWorld, rate_usd: float, seed: int) -> Taken:
        """Learn from what chance asked on validation, then spend so much a request."""
        policy = self._learned(world, seed)
        rows = world.stream(seed)
        horizon = int(self.pacer["requests"])
        engine = WorldReplay(
            scenario=world.scenario(len(rows)),
            purse=RollingPurse(rate_usd=rate_usd, requests=horizon),
            policy=policy,
            arms=world.prepared.arms,
            expected_cost=world.prepared.expected_cost("validation"),
            max_cost=world.prepared.max_cost("validation"),
            seed=seed,
        )
        log = RunLog(world.prepared.arms)
        engine.run(world.prepared.outcomes.prompts(rows), log)
        columns = log.columns()
        return Taken(columns["rows"], columns["arms"], columns["quality"], columns["cost_usd"])

    def _learned(self, world: ChangingWorld, seed: int) -> BasePolicy:
        """Each validation prompt was sent to one arm by chance, and only its answer is known."""
        before, policy = world.before, self._built()
        engine = Replay(
            policy=ExplorationFloor(policy=policy, floor=1.0),
            arms=before.arms,
            expected_cost=before.expected_cost("validation"),
            max_cost=before.max_cost("validation"),
            seed=seed,
        )
        engine.run(
            before.outcomes.prompts(shuffled(before.rows("validation"), seed, phase=10)), Nowhere()
        )
        return policy

    def _built(self) -> BasePolicy:
        from hydra.utils import instantiate

        built: BasePolicy = instantiate(
            {**self.pacer, "policy": dict(self.policy)},
            utility=Utility(), name=self.name, _convert_="all",
        )  # fmt: skip
        return built
