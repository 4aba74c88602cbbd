"""MABWiser's LinUCB, predict and partial_fit, one row at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.problem import Problem


class MabwiserLoop:
    """The first row's outcome of every arm starts it: it does not predict before a first fit."""

    def __init__(self, problem: Problem) -> None:
        from mabwiser.mab import MAB, LearningPolicy

        self.problem = problem
        arms = list(problem.arms)
        self.mab: Any = MAB(arms, LearningPolicy.LinUCB(alpha=1.0, l2_lambda=1.0), seed=0)
        first = np.repeat(problem.features[:1], len(arms), axis=0)
        self.mab.fit(np.array(arms), problem.quality[0], first)
        self._columns = {arm: column for column, arm in enumerate(arms)}

    def __call__(self) -> None:
        """Predict and learn every request of the problem."""
        for row in range(len(self.problem.request_ids)):
            self.step(row)

    def step(self, row: int) -> str:
        """One request; the arm that was chosen."""
        features = self.problem.features[row : row + 1]
        arm: str = self.mab.predict(features)
        reward = self.problem.quality[row, self._columns[arm]]
        self.mab.partial_fit(np.array([arm]), np.array([reward]), features)
        return arm
