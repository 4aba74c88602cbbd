"""One way to learn on validation and to spend a budget on test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.policies.floor import ExplorationFloor
from gairp.protocols import Trainable
from gairp.replay.engine import Purse, Replay
from gairp.replay.purse import HorizonPurse
from gairp.replay.runlog import Nowhere, RunLog
from gairp.replay.source import Outcomes, shuffled
from gairp.rewards import Utility
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats

Learning = Literal["full", "bandit", "paced"]
Ints = NDArray[np.int64]


class Spent(NamedTuple):
    """What became of each reported prompt, in the pool's order, under each of b budgets."""

    quality: Floats  #: [b, n]
    cost_usd: Floats  #: [b, n]


@dataclass(frozen=True, slots=True)
class Method:
    """A policy and how it learns.

    full: fitted on validation with full information, fixed on test.
    bandit: sees validation once, by the arms that chance asks and without a budget; goes on
        learning on test.
    paced: as bandit, but by its own choices, at the budget's rate from the first request.
    """

    name: str
    learning: Learning
    config: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.learning not in ("full", "bandit", "paced"):
            raise ConfigError(
                f"methods.{self.name}.learning is {self.learning!r}; there are: full, bandit, paced"
            )

    def runs(
        self, prepared: Prepared, rates: Floats, order: Ints, seed: int, outcomes: Outcomes
    ) -> Spent:
        """One run a rate (USD a request) over the test rows in this order."""
        learned = None if self.learning == "paced" else self._learned(prepared, seed)
        quality, cost_usd = [], []
        for rate in rates.tolist():
            policy = (
                self._paced(prepared, rate, seed, len(order))
                if learned is None
                else learned.clone()
            )
            purse = HorizonPurse(total_usd=rate * len(order), requests=len(order))
            log = RunLog(prepared.arms)
            engine = self._engine(prepared, policy, seed, purse, learn=self.learning != "full")
            engine.run(outcomes.prompts(order), log)
            columns = log.columns()
            back = np.argsort(columns["rows"])
            quality.append(columns["quality"][back])
            cost_usd.append(columns["cost_usd"][back])
        return Spent(np.array(quality), np.array(cost_usd))

    def policy(self, requests: int) -> BasePolicy:
        """The untrained policy, for a horizon of so many requests."""
        from hydra.utils import instantiate

        built: BasePolicy = instantiate(
            {**self.config, "requests": requests},
            utility=Utility(), name=self.name, _convert_="all",
        )  # fmt: skip
        return built

    def _learned(self, prepared: Prepared, seed: int) -> BasePolicy:
        policy = self.policy(len(prepared.rows("test")))
        if self.learning == "full":
            if not isinstance(policy, Trainable):
                raise ConfigError(f"methods.{self.name}: its policy has no fit; give one that has")
            policy.fit(prepared.training_set("validation"), np.random.default_rng([seed, 2]))
            return policy
        # Chance asks; the policy learns from what it did not choose.
        asking = ExplorationFloor(policy=policy, floor=1.0)
        self._see_validation(prepared, asking, seed, None)
        return policy

    def _paced(self, prepared: Prepared, rate: float, seed: int, requests: int) -> BasePolicy:
        policy = self.policy(requests)
        count = len(prepared.rows("validation"))
        purse = HorizonPurse(total_usd=rate * count, requests=count, key="validation")
        self._see_validation(prepared, policy, seed, purse)
        return policy

    def _see_validation(
        self, prepared: Prepared, policy: BasePolicy, seed: int, purse: Purse | None
    ) -> None:
        order = shuffled(prepared.rows("validation"), seed, phase=10)
        engine = self._engine(prepared, policy, seed, purse, learn=True)
        engine.run(prepared.outcomes.prompts(order), Nowhere())

    def _engine(
        self, prepared: Prepared, policy: BasePolicy, seed: int, purse: Purse | None, *, learn: bool
    ) -> Replay:
        return Replay(
            policy=policy,
            arms=prepared.arms,
            expected_cost=prepared.expected_cost("validation"),
            max_cost=prepared.max_cost("validation"),
            seed=seed,
            learn=learn,
            purse=purse,
        )
