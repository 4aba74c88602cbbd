"""A share of every decision left to chance, so that a log supports off-policy evaluation."""

from __future__ import annotations

import msgspec

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, draw_few
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class ExplorationFloor(PolicyWrapper):
    """Any policy, mixed with the uniform one: p' = (1 - floor) p + floor / k.

    The inner policy decides, and the arm is drawn anew from p' by a uniform number of its own, so
    the logged propensity is exact. Scores stay the inner policy's; learning, fitting, persistence
    and later attempts of a cascade (which have no floor) pass through to it.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        floor: float = 0.05,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        if not 0 <= floor <= 1:
            raise ConfigError(f"floor is {floor}; give a number between 0 and 1")
        super().__init__(policy=policy, utility=utility, name=name or f"{policy.name}_floor")
        self.floor = float(floor)
        self.takes_best = False  # type: ignore[misc]
        # Whose decision says no more than what it drew: one need not be made to be changed.
        self._plain = type(policy).decide is BasePolicy.decide

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Let the inner policy decide, then draw from its probabilities mixed with the floor."""
        if not self._plain:
            return self._mixed(context, rng, self.policy.decide(context, rng))
        _, inner, scores = self.policy.drawn(context, rng)
        index, probabilities = self._redrawn(inner, rng)
        return self.decided(context, (index, probabilities, scores))

    def _mixed(self, context: Context, rng: DecisionRng, inner: Decision) -> Decision:
        """Of a policy that says more in its decision than what it drew."""
        index, probabilities = self._redrawn(inner.probabilities, rng)
        return msgspec.structs.replace(
            inner,
            arm=context.candidates[index],
            propensity=probabilities[index],
            probabilities=probabilities,
            policy=self.name,
        )

    def _redrawn(self, inner: tuple[float, ...], rng: DecisionRng) -> tuple[int, tuple[float, ...]]:
        kept, each = 1.0 - self.floor, self.floor / len(inner)
        # In Python: candidates are few, and a step of numpy takes longer than all of them.
        probabilities = tuple([p * kept + each for p in inner])
        return draw_few(probabilities, rng.random()), probabilities
