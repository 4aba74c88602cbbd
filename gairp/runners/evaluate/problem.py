"""Rows and candidates as the problems that `gairp.ope` takes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gairp.errors import DataError
from gairp.ope.contrast import Side
from gairp.ope.cross_fit import RidgeModel, cross_fitted
from gairp.ope.gate import Measured
from gairp.ope.logged import Logged
from gairp.ope.sequence import running_means
from gairp.runners.evaluate.chance import Chance
from gairp.runners.evaluate.rows import Rows
from gairp.types import Floats


def modelled(rows: Rows, *, ridge: float, folds: int, rng: np.random.Generator) -> Floats:
    """q̂ [n, k] of quality: a ridge regression an arm on the logged features, cross-fitted."""
    fit = RidgeModel(k=len(rows.arms), ridge=ridge)
    units = len(np.unique(rows.units))
    return cross_fitted(
        rows.features,
        rows.actions,
        rows.quality,
        fit=fit,
        rng=rng,
        folds=min(folds, units),
        clusters=rows.units,
    )


def logged(rows: Rows, target: Floats, q_hat: Floats, *, observed: Chance | None = None) -> Logged:
    """The off-policy problem of one target; DataError where the log does not fit it.

    With the chance of feedback known (`observed`), rows with feedback stand for those without.
    """
    try:
        return Logged(
            rewards=rows.quality,
            actions=rows.actions,
            propensities=rows.propensities,
            target=target,
            q_hat=q_hat,
            clusters=rows.units,
            logging=rows.logging,
            observed_probability=None if observed is None else observed.by_row(rows.quality),
        )
    except ValueError as error:
        raise DataError(f"this log cannot be evaluated: {error}") from error


class Measures:
    """The quantities that a gate compares, for a challenger and a champion."""

    def __init__(self, rows: Rows, targets: Mapping[str, Floats]) -> None:
        """`targets`: probabilities [n, k] by policy."""
        self.rows, self.targets = rows, targets

    def quality(self, challenger: str, champion: str) -> Measured:
        """Quality is in [0, 1] by definition."""
        return self._measured("quality", self.rows.quality, challenger, champion)

    def guarded(self, name: str, bound: float, challenger: str, champion: str) -> Measured:
        """Cost or latency as a share of its bound.

        A latency above its bound counts as the bound; a cost above it makes the bound a wrong one,
        which is a DataError.
        """
        values = self.rows.cost_usd if name == "cost" else self.rows.latency_s
        if np.isnan(values).all():
            raise DataError(
                f"the log has no {name} at all; set guards.{name}.margin=null to leave it unguarded"
            )
        if name == "cost" and np.nanmax(values) > bound * (1 + 1e-9):
            row = int(np.nanargmax(values))
            raise DataError(
                f"decision {self.rows.ids[row]} cost {values[row]:.6g} USD, above the declared "
                f"guards.cost.bound = {bound}; declare what a request can cost at most"
            )
        return self._measured(name, np.minimum(values / bound, 1.0), challenger, champion)

    def _measured(self, name: str, values: Floats, challenger: str, champion: str) -> Measured:
        rows = self.rows
        q = running_means(rows.actions, values, len(rows.arms))
        every = np.arange(len(rows))

        def side(policy: str) -> Side:
            target = self.targets[policy]
            weights = target[every, rows.actions] / rows.propensities
            return Side(weights=weights, expected=(target * q).sum(axis=1))

        return Measured(
            name=name,
            values=values,
            modelled=q[every, rows.actions],
            challenger=side(challenger),
            champion=side(champion),
        )
