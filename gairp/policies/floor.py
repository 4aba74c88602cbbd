"""A share of every decision left to chance, so that a log supports off-policy evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, Floats, State, draw_few
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision, Feedback, Outcome


class ExplorationFloor(BasePolicy):
    """Any policy, mixed with the uniform one: p' = (1 - floor) p + floor / k.

    The inner policy decides, and the arm is drawn anew from p' by a uniform number of its own, so
    the logged propensity is exact. Scores stay the inner policy's; learning, fitting, persistence
    and later attempts of a cascade pass through to it.
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
        self.policy = policy
        super().__init__(utility=utility or policy.utility, name=name or f"{policy.name}_floor")
        self.floor = float(floor)
        self.restorable = policy.restorable
        # These are the class's business elsewhere; here they are the inner policy's.
        self.learns = policy.learns  # type: ignore[misc]
        self.reads_features = policy.reads_features  # type: ignore[misc]
        if isinstance(policy, Trainable):
            self.fit = policy.fit

    @property
    def utility(self) -> Utility:
        """The inner policy's."""
        return self.policy.utility

    @utility.setter
    def utility(self, value: Utility) -> None:
        self.policy.utility = value

    @property
    def state_version(self) -> int:
        """Updates that the inner policy has applied."""
        return self.policy.state_version

    @state_version.setter
    def state_version(self, value: int) -> None:
        """The inner policy counts by itself; what the base sets is of no account."""

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Let the inner policy decide, then draw from its probabilities mixed with the floor."""
        inner = self.policy.decide(context, rng)
        kept, each = 1.0 - self.floor, self.floor / len(inner.probabilities)
        # In Python: candidates are few, and a step of numpy takes longer than all of them.
        probabilities = tuple([p * kept + each for p in inner.probabilities])
        index = draw_few(probabilities, rng.random())
        return msgspec.structs.replace(
            inner,
            arm=context.candidates[index],
            propensity=probabilities[index],
            probabilities=probabilities,
            policy=self.name,
        )

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        decision = self.decide(context, rng)
        scores = None if decision.scores is None else np.asarray(decision.scores)
        return np.asarray(decision.probabilities), scores

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """The inner policy's, without a floor: it follows from what the first attempt gave."""
        decision = self.policy.next_decision(context, attempts, rng)
        return None if decision is None else msgspec.structs.replace(decision, policy=self.name)

    def observe(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """Pass on."""
        self.policy.observe(context, decision, outcome)

    def learn(
        self, context: Context, decision: Decision, outcome: Outcome, feedback: Feedback
    ) -> None:
        """Pass on, with the propensity that the arm was really drawn with."""
        self.policy.learn(context, decision, outcome, feedback)

    def _state(self) -> State:
        return {"policy": self.policy.save()}

    def _restore(self, state: State) -> None:
        self.policy.load(state["policy"])
