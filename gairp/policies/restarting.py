"""A policy that forgets when a test says that the world has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, State
from gairp.policies.detectors import build
from gairp.policies.detectors.detector import Detector
from gairp.policies.swappable import Swappable
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, Feedback, Outcome


class Restarting(PolicyWrapper):
    """Any policy with a change detector on the utilities of each arm.

    detector: cusum, glr or adwin, with its `settings`.
    scope: what an alarm makes it forget: the `arm` that has changed, or `all` (a fresh policy).
    kept: share of the arm's evidence that stays all the same.
    low, high: the utilities that count as 0 and as 1 for the detector.

    An arm that nobody asks cannot be seen to change: without exploration in the inner policy a
    recovery goes unnoticed (Cao, Wen, Kveton, Xie 2019, mix a uniform share in for that).
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        detector: str = "glr",
        settings: Mapping[str, float] | None = None,
        scope: Literal["arm", "all"] = "arm",
        kept: float = 0.0,
        low: float = 0.0,
        high: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        if scope not in ("arm", "all") or not 0 <= kept <= 1 or not low < high:
            raise ConfigError(
                f"restarting needs scope arm or all, kept in [0, 1] and low < high; got {scope!r}, "
                f"{kept}, {low} and {high}"
            )
        if scope == "arm" and not isinstance(policy, Swappable):
            raise ConfigError(
                f"restarting: {type(policy).__name__} cannot forget a single arm; set scope=all"
            )
        super().__init__(policy=policy, utility=utility, name=name or f"{policy.name}_restarting")
        self.detector, self.settings = detector, dict(settings or {})
        self.scope: Literal["arm", "all"] = scope
        self.kept, self.low, self.high = float(kept), float(low), float(high)
        build(detector, self.settings)  # refuses what it cannot build
        self.alarms = 0  #: changes found so far
        self._detectors: dict[str, Detector] = {}

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """As the inner policy does."""
        return msgspec.structs.replace(self.policy.decide(context, rng), policy=self.name)

    def learn(
        self, context: Context, decision: Decision, outcome: Outcome, feedback: Feedback
    ) -> None:
        """Learn; where the test says that what is known is of another world, forget it."""
        super().learn(context, decision, outcome, feedback)  # what it refuses leaves no trace
        reward = self.utility.of(feedback.quality, outcome.total_cost_usd, outcome.latency_s)
        share = (reward - self.low) / (self.high - self.low)
        arm = decision.arm
        if arm not in self._detectors:
            self._detectors[arm] = build(self.detector, self.settings)
        if share == share and self._detectors[arm].update(share):
            self.alarms += 1
            self._restart(arm)

    def _restart(self, arm: str) -> None:
        if self.scope == "arm" and isinstance(self.policy, Swappable):
            self.policy.forget(arm, kept=self.kept)
            return
        version = self.policy.state_version
        self.policy = self.policy.fresh()
        self.policy.state_version = version  # updates applied, the forgotten ones too
        self._detectors = {}

    def _state(self) -> State:
        detectors = {arm: one.state() for arm, one in self._detectors.items()}
        return {**super()._state(), "alarms": self.alarms, "detectors": detectors}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.alarms, self._detectors = int(state["alarms"]), {}
        for arm, kept in state["detectors"].items():
            self._detectors[arm] = build(self.detector, self.settings)
            self._detectors[arm].restore(kept)
