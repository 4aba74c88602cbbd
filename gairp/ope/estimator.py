"""What every estimator is: columns of the log, and a function of their means.

Written so, an estimate and a thousand bootstrap estimates are the same function, of one mean or
of a thousand, and all that a draw costs is a row of a matrix product: weights, normaliser and
clipping are those of the draw, since they are functions of its means.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from gairp.ope.arrays import Floats
from gairp.ope.logged import Logged


class Estimator(ABC):
    """Estimates the mean reward of the target policy."""

    #: Whether its bias vanishes with n where propensities are right and the logger tried every arm.
    consistent: ClassVar[bool] = True
    #: Whether it needs `q_hat`.
    needs_model: ClassVar[bool] = False
    #: Whether it needs the arms' groups and all of the logger's probabilities.
    needs_groups: ClassVar[bool] = False

    name: str

    @abstractmethod
    def columns(self, log: Logged) -> Floats:
        """[n, m]: what is averaged over rows."""

    def value(self, means: Floats, n: int) -> Floats:
        """[...] from the columns' means [..., m] over n rows; the first one here."""
        return means[..., 0]

    def point(self, log: Logged) -> float:
        """The estimate, without diagnostics: `evaluate` is for those who will act on it."""
        columns = self.columns(log)
        return float(self.value(columns.mean(axis=0), len(log)))

    def fits(self, log: Logged) -> bool:
        """Whether the log has what this estimator needs."""
        if self.needs_groups and (log.groups is None or log.logging is None):
            return False
        return not (self.needs_model and log.q_hat is None)
