"""The arm that did best on the training rows: the first thing a router must beat."""

from __future__ import annotations

import numpy as np

from gairp.errors import NotFittedError
from gairp.policies.arms import ArmIndex
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.policies.training import observed_means, of_candidates, train_utility
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, TrainingSet


class BestOnTrain(GreedyPolicy):
    """Highest mean utility over the rows where the arm was observed.

    An arm that the training rows do not hold is taken only where they hold no candidate at all;
    then the cheapest is. Raises NotFittedError before `fit`.
    """

    def __init__(self, *, utility: Utility | None = None, name: str | None = None) -> None:
        super().__init__(utility=utility, name=name)
        self._arms = ArmIndex()
        self._means = np.empty(0)

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Average the utility of every arm; `rng` is not used."""
        means = observed_means(train_utility(self.utility, train), train.observed)
        seen = np.flatnonzero(~np.isnan(means))
        self._arms = ArmIndex(tuple(train.arms[i] for i in seen))
        self._means = means[seen]

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        if not len(self._arms):
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        return of_candidates(self._means, self._arms, context.candidates)

    def _state(self) -> State:
        return {"arms": list(self._arms.names), "means": self._means}

    def _restore(self, state: State) -> None:
        self._arms = ArmIndex(tuple(state["arms"]))
        self._means = state["means"]
