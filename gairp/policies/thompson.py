"""What the Thompson samplers of independent arms share."""

from __future__ import annotations

from abc import abstractmethod

from gairp.policies.base import BasePolicy, Floats, State
from gairp.policies.tally import Tally
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class IndependentThompson(BasePolicy):
    """Draws each arm with the posterior probability that its mean reward is the best.

    That is the law of Thompson sampling's choice (Thompson 1933; Agrawal & Goyal 2012); it is
    computed here rather than sampled, so that the propensity is known. Scores are the posterior
    means. Looks at no features.
    """

    learns = True

    def __init__(self, *, utility: Utility | None = None, name: str | None = None) -> None:
        super().__init__(utility=utility, name=name)
        self._tally = Tally()
        # The last answer, kept while the posterior has not changed: no part of the state.
        self._last: tuple[tuple[str, ...], Floats, Floats] | None = None

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        if self._last is None or self._last[0] != context.candidates:
            p, means = self._posterior(*self._tally.of(context.candidates))
            p.setflags(write=False)  # a wrapper must not write into what is kept
            self._last = context.candidates, p, means
        return self._last[1], self._last[2]

    @abstractmethod
    def _posterior(self, count: Floats, total: Floats) -> tuple[Floats, Floats]:
        """Probability to be best and posterior mean [k], from counts and totals of rewards."""

    def _reward(self, reward: float) -> float:
        """The reward as the posterior takes it."""
        return reward

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self._tally.add(decision.arm, self._reward(reward))
        self._last = None

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of what is known of an arm."""
        self._tally.forget(arm, kept=kept)
        self._last = None

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Let a new arm begin with this share of another's evidence; None: of the mean of all."""
        self._tally.adopt(arm, like=like, kept=kept)
        self._last = None

    def _state(self) -> State:
        return self._tally.state()

    def _restore(self, state: State) -> None:
        self._tally.restore(state)
        self._last = None
