"""What linear bandits share: one regression an arm, its evidence, and its state."""

from __future__ import annotations

from gairp.policies.base import BasePolicy, Floats, State
from gairp.policies.gram_arms import GramArms
from gairp.policies.ridge_arms import RidgeArms
from gairp.types import Context, Decision


class LinearArms(BasePolicy):
    """Keeps `_arms`, which a subclass makes; it says what is done with what they predict."""

    reads_features = True
    learns = True
    _arms: RidgeArms | GramArms

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self._arms.update(decision.arm, context.features, reward)

    def begin_at(self, arms: tuple[str, ...], precision: Floats, mean: Floats) -> None:
        """Begin with the prior θ_a ~ N(mean[a], precision[a]^-1); what was learned is gone."""
        self._arms.begin_at(arms, precision, mean)

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of what is known of an arm."""
        self._arms.forget(arm, kept=kept)

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Let a new arm begin with this share of another's evidence; None: of the mean of all."""
        self._arms.adopt(arm, like=like, kept=kept)

    def _state(self) -> State:
        return self._arms.state()

    def _restore(self, state: State) -> None:
        self._arms.restore(state)
