"""A policy that begins with a guess when an arm is new."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, State
from gairp.policies.swappable import Swappable
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, Feedback, Outcome


class HotSwap(PolicyWrapper):
    """An arm never seen before is taken for one that is known, until it has shown itself.

    like: new arm -> the arm it is like (the version that it replaces, say); one that is not named
        is like the mean of all arms known.
    trust: share of that arm's evidence that it begins with; 0 is a cold start.

    Whoever is there at the first decision is not new.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        like: Mapping[str, str] | None = None,
        trust: float = 0.1,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        if not 0 <= trust <= 1:
            raise ConfigError(f"hot_swap.trust is {trust}; give a share between 0 and 1")
        if not isinstance(policy, Swappable):
            raise ConfigError(
                f"hot_swap: {type(policy).__name__} cannot take over what is known of an arm; use "
                "it around linucb, lin_ts, thompson or their forgetful kin"
            )
        super().__init__(policy=policy, utility=utility, name=name or f"{policy.name}_hot_swap")
        self.like, self.trust = dict(like or {}), float(trust)
        self._known: set[str] = set()

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """As if the new arms had been taken in; nothing is, before something is learned."""
        new = self._new(context)
        guess = self.policy.clone() if new else self.policy
        self._take_in(guess, new)
        return msgspec.structs.replace(guess.decide(context, rng), policy=self.name)

    def learn(
        self, context: Context, decision: Decision, outcome: Outcome, feedback: Feedback
    ) -> None:
        """Take new arms in, then learn; what is refused leaves no trace of them."""
        if new := self._new(context):
            taught = self.policy.clone()
            self._take_in(taught, new)
            taught.learn(context, decision, outcome, feedback)
            self.policy = taught
        else:
            super().learn(context, decision, outcome, feedback)
        self._known.update(context.candidates)

    def _new(self, context: Context) -> list[str]:
        if not self._known:
            return []
        return [arm for arm in context.candidates if arm not in self._known]

    def _take_in(self, policy: BasePolicy, arms: list[str]) -> None:
        assert isinstance(policy, Swappable)
        if self.trust:
            for arm in arms:
                policy.adopt(arm, like=self.like.get(arm), kept=self.trust)

    def _state(self) -> State:
        return {**super()._state(), "known": sorted(self._known)}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self._known = set(state["known"])
