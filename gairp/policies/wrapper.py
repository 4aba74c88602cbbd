"""A policy around another one: what every wrapper hands on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import msgspec
import numpy as np

from gairp.policies.base import BasePolicy, Floats, State
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision, Feedback, Outcome


class PolicyWrapper(BasePolicy):
    """Changes how the inner policy's decision is taken; all else passes through to it.

    A subclass writes `decide`. Utility, count of updates, fitting, learning and persistence are the
    inner policy's, and so are later attempts of a cascade.

    policy: the one that is wrapped, of any kind.
    """

    def __init__(
        self, *, policy: BasePolicy, utility: Utility | None = None, name: str | None = None
    ) -> None:
        self.policy = policy
        suffix = type(self).__name__.lower()
        super().__init__(utility=utility or policy.utility, name=name or f"{policy.name}_{suffix}")
        self.restorable = policy.restorable
        # These are the class's business elsewhere; here they are the inner policy's.
        self.learns = policy.learns  # type: ignore[misc]
        self.reads_features = policy.reads_features  # type: ignore[misc]
        self.takes_best = policy.takes_best  # type: ignore[misc]
        self.escalates = policy.escalates  # type: ignore[misc]
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
    def reads_signals(self) -> tuple[str, ...]:
        """The inner policy's."""
        return self.policy.reads_signals

    @property
    def fitted(self) -> bool:
        """Whether the inner policy is."""
        return self.policy.fitted

    @property
    def state_version(self) -> int:
        """Updates that the inner policy has applied."""
        return self.policy.state_version

    @state_version.setter
    def state_version(self, value: int) -> None:
        """The inner policy counts by itself; what the base sets is of no account."""

    @abstractmethod
    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Ask the inner policy, and change what it says."""

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        decision = self.decide(context, rng)
        scores = None if decision.scores is None else np.asarray(decision.scores)
        return np.asarray(decision.probabilities), scores

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """The inner policy's: it follows from what the first attempt gave."""
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


def bare(policy: BasePolicy) -> BasePolicy:
    """The policy inside all wrappers."""
    while isinstance(policy, PolicyWrapper):
        policy = policy.policy
    return policy
