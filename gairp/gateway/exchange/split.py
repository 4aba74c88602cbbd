"""A/B tests and canaries: several policies draw, and what is logged is the chance of it all."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Self

import msgspec

from gairp.policies.candidates import keep
from gairp.protocols import Policy
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision, Feedback, Outcome


class Branch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One side; weights of all sum to 1."""

    name: str
    weight: float
    learner: str
    arms: tuple[str, ...] | None


class Split(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The branches, and the one of this request's unit."""

    branches: tuple[Branch, ...]
    chosen: str
    unit: str

    @property
    def branch(self) -> Branch:
        """The chosen one."""
        return next(branch for branch in self.branches if branch.name == self.chosen)


class LedPolicy:
    """Stands in for a policy during one request; what is no decision of its own is the policy's.

    It is made for one request and has no state, so that there is nothing to save or to copy.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.name = policy.name
        self.state_version = policy.state_version

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """The policy's."""
        return self._policy.next_decision(context, attempts, rng)

    def observe(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """The policy is told."""
        self._policy.observe(context, decision, outcome)

    def learn(
        self, context: Context, decision: Decision, outcome: Outcome, feedback: Feedback
    ) -> None:
        """The policy learns."""
        self._policy.learn(context, decision, outcome, feedback)

    def save(self) -> bytes:
        """The policy's state."""
        return self._policy.save()

    def load(self, state: bytes) -> None:
        """Into the policy."""
        self._policy.load(state)

    def clone(self) -> Self:
        """Itself around a copy."""
        return self._around(self._policy.clone())

    def fresh(self) -> Self:
        """Itself around an untrained policy."""
        return self._around(self._policy.fresh())

    def _around(self, policy: Policy) -> Self:
        copied = copy.copy(self)
        copied._policy = policy
        return copied


class SplitPolicy(LedPolicy):
    """The chosen branch's policy decides among its arms; the propensity is that of the whole chain.

    `propensity` and `probabilities` are marginal over the assignment: Σ weight × the branch
    policy's probability, over all arms of all branches. `conditional_propensity` is the chosen
    policy's own. A branch of which no arm can be asked decides among all that can.
    """

    def __init__(self, split: Split, policy_of: Callable[[str], Policy]) -> None:
        super().__init__(policy_of(split.branch.learner))
        self._split, self._policy_of = split, policy_of

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Every branch decides, the chosen one counts."""
        own: Decision | None = None
        marginal = dict.fromkeys(context.candidates, 0.0)
        for branch in self._split.branches:
            among = within(context, branch.arms)
            decision = self._policy_of(branch.learner).decide(among, copy.copy(rng))
            for arm, p in zip(among.candidates, decision.probabilities, strict=True):
                marginal[arm] += branch.weight * p
            if branch.name == self._split.chosen:
                own = decision
        assert own is not None
        return msgspec.structs.replace(
            own,
            propensity=marginal[own.arm],
            probabilities=tuple(marginal.values()),
            scores=None,
            branch=self._split.chosen,
            unit=self._split.unit,
            conditional_propensity=own.propensity,
        )


def within(context: Context, arms: Sequence[str] | None) -> Context:
    """The context of a branch's arms; of all where none of them is a candidate."""
    if arms is None:
        return context
    columns = [i for i, name in enumerate(context.candidates) if name in arms]
    return keep(context, columns) if columns else context


class KeptPolicy(LedPolicy):
    """Gives a later request of a unit the arm of its first one, as long as that can be asked."""

    def __init__(self, policy: Policy, arm: str, unit: str) -> None:
        super().__init__(policy)
        self._arm, self._unit = arm, unit

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Carried, not drawn; where the arm is gone, the policy draws anew."""
        if self._arm not in context.candidates:
            return self._policy.decide(context, rng)
        return Decision(
            id=context.request_id + "/0",
            request_id=context.request_id,
            arm=self._arm,
            propensity=1.0,
            probabilities=tuple(float(name == self._arm) for name in context.candidates),
            policy=self._policy.name,
            state_version=self._policy.state_version,
            unit=self._unit,
            reason=CARRIED,
        )


CARRIED = "carried: the unit keeps its first arm"
