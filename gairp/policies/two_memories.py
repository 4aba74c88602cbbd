"""Linear bandit with a long and a short memory an arm, weighed by fixed share."""

from __future__ import annotations

import math

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.policies.ridge_arms import RidgeArms
from gairp.policies.short_memory import ShortMemory, Switching
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class TwoMemories(GreedyPolicy):
    """Score = w θ_a·x + (1 - w) m_a + alpha sqrt(x' A_a^-1 x), with w the trust in the long memory.

    The long memory is the ridge regression of LinUCB, the short one the mean m_a of the arm's last
    rewards. w is the probability that the arm is what it was, by fixed share over the two as
    experts (Herbster & Warmuth 1998, "Tracking the best expert", section 4, with log loss): each
    reward tells them apart, and with every reward of whatever arm an arm may leave its past or
    come back to it. So a regression shows within a few rewards; the long memory is not spoilt by
    it, since it learns a reward with weight w; and an arm that nobody asks is trusted again
    little by little, until it is tried: a recovery is found without exploring at random, and what
    was known before the regression holds at once.

    alpha, ridge: of LinUCB. memory: rewards of an arm that its short memory is about.
    away, back: chance, with every reward, that an arm leaves its past, or comes back to it.
    leak: least weight that the long memory learns with, so that a lasting change is learned too.
    spread: least standard deviation of rewards about either memory.
    """

    reads_features = True
    learns = True

    def __init__(
        self,
        *,
        alpha: float = 0.0,
        ridge: float = 1.0,
        memory: float = 5.0,
        away: float = 0.001,
        back: float = 0.03,
        leak: float = 0.05,
        spread: float = 0.05,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not (0 <= alpha < np.inf and 0 < ridge < np.inf and 0 < leak <= 1):
            raise ConfigError(
                "two_memories needs alpha >= 0, ridge > 0 and leak in (0, 1]; got "
                f"{alpha}, {ridge} and {leak}"
            )
        if not (memory >= 1 and 0 < away < 1 and 0 < back < 1 - away and spread > 0):
            raise ConfigError(
                "two_memories needs memory >= 1, spread > 0, and away and back above 0 and below "
                f"1 together; got {memory}, {spread}, {away} and {back}"
            )
        self.alpha, self.ridge, self.leak = float(alpha), float(ridge), float(leak)
        self.memory, self.spread = float(memory), float(spread)
        self.away, self.back = float(away), float(back)
        self._switching = Switching(self.away, self.back, self.memory, self.spread)
        self._long = RidgeArms(self.ridge)
        self._short: dict[str, ShortMemory] = {}
        self._clock = 0  # rewards so far, of all arms

    def trust(self, arm: str) -> float:
        """w now; that of an arm which is what it was where it was never asked."""
        short = self._short.get(arm)
        return 1.0 if short is None else self._switching.drifted(short, self._clock)

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        mean, variance = self._long.predict(context.features, context.candidates)
        for i, arm in enumerate(context.candidates):
            short = self._short.get(arm)
            if short is not None:
                w = self._switching.drifted(short, self._clock)
                mean[i] = w * mean[i] + (1.0 - w) * short.mean
        if self.alpha:
            mean += self.alpha * np.sqrt(variance)
        return mean

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        arm, x = decision.arm, context.features
        expected = float(self._long.predict(x, (arm,))[0][0])
        self._clock += 1
        short = self._short.get(arm) or ShortMemory(touched=self._clock)
        self._short[arm] = short
        self._switching.learn(short, reward, expected, self._clock)
        root = math.sqrt(max(short.trust, self.leak))
        self._long.update(arm, root * x, root * reward)

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of what the long memory knows of an arm; the short one begins anew."""
        self._long.forget(arm, kept=kept)
        self._short.pop(arm, None)

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Let a new arm begin with this share of another's evidence; None: of the mean of all."""
        self._long.adopt(arm, like=like, kept=kept)

    def _state(self) -> State:
        short = {arm: one.state() for arm, one in self._short.items()}
        return {"long": self._long.state(), "short": short, "clock": self._clock}

    def _restore(self, state: State) -> None:
        self._long.restore(state["long"])
        self._short = {arm: ShortMemory.restored(one) for arm, one in state["short"].items()}
        self._clock = int(state["clock"])
