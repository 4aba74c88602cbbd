"""A latency objective: at most a share of the requests may take longer."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, State
from gairp.policies.budget.dual import DualPrice
from gairp.policies.budget.priced import priced
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, Outcome

_PRIOR = 1.0  # requests, late and in time by halves, that an arm starts from


class LatencySLO(PolicyWrapper):
    """Any policy, each candidate charged μ · its chance of being late over the share allowed.

    An arm's chance is what was seen of it, over the last `memory` requests or so; μ is a
    `DualPrice` of the requests that were late.

    seconds: the objective; null is off. share: of requests that may take longer.
    step: how fast μ moves. ceiling: of μ, in utility.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        seconds: float | None = None,
        share: float = 0.05,
        step: float = 0.01,
        ceiling: float = 1e4,
        memory: float = 200.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(policy=policy, utility=utility, name=name)
        if (seconds is not None and not seconds > 0) or not 0 < share < 1 or not memory >= 1:
            raise ConfigError(
                "latency_slo needs seconds > 0 or null, share in (0, 1) and memory >= 1; got "
                f"{seconds}, {share} and {memory}"
            )
        self.seconds, self.share, self.memory = seconds, float(share), float(memory)
        self.step, self.ceiling = float(step), float(ceiling)
        self._price = DualPrice(step=self.step, ceiling=self.ceiling)
        self._seen: dict[str, list[float]] = {}  # arm -> requests, late ones; both fading

    def chance(self, arm: str) -> float:
        """How likely this arm is late, as far as seen; a half before anything was."""
        seen, late = self._seen.get(arm, _NOTHING)
        return (late + _PRIOR / 2.0) / (seen + _PRIOR)

    @property
    def price(self) -> float:
        """μ, utility per share."""
        return self._price.value

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Let the inner policy decide, charged for being late."""
        inner = msgspec.structs.replace(self.policy.decide(context, rng), policy=self.name)
        if self.seconds is None:
            return inner
        chances = np.array([self.chance(arm) for arm in context.candidates])
        charge = self._price.value * chances / self.share
        return priced(inner, charge, context, rng, takes_best=self.takes_best)

    def observe(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """Remember whether the arm was late, and move μ."""
        self.policy.observe(context, decision, outcome)
        if self.seconds is None or not math.isfinite(outcome.latency_s):
            return
        late = float(outcome.latency_s > self.seconds)
        seen = self._seen.setdefault(decision.arm, [0.0, 0.0])
        keep = 1.0 - 1.0 / self.memory
        seen[0], seen[1] = keep * seen[0] + 1.0, keep * seen[1] + late
        self._price.move(late, self.share)

    def _state(self) -> State:
        return {"policy": self.policy.save(), "price": self._price.value, "seen": self._seen}

    def _restore(self, state: State) -> None:
        self.policy.load(state["policy"])
        self._price.value = float(state["price"])
        self._seen = {arm: [float(v) for v in seen] for arm, seen in state["seen"].items()}


_NOTHING = (0.0, 0.0)
