"""One logged bandit problem: what was chosen, how likely it was, what it earned, what is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gairp.ope.arrays import Bools, Floats, Ints, check_finite, floats

#: How far a row of probabilities may be from summing to 1.
SUM_TOLERANCE = 1e-6
_BY_ROW = (
    *("rewards", "actions", "propensities", "target", "q_hat", "clusters", "logging"),
    "observed_probability",
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Logged:
    """n decisions among k arms, in the order in which they were made.

    Raises ValueError, naming the argument and the row, for shapes that do not fit, probabilities
    that are none, and rewards outside their declared bounds.
    """

    rewards: Floats  #: [n]; NaN where no reward arrived
    actions: Ints  #: [n], the arm that was chosen, in [0, k)
    propensities: Floats  #: [n], probability with which it was chosen, in (0, 1]
    target: Floats  #: [n, k], probabilities of the policy that is evaluated
    q_hat: Floats | None = None  #: [n, k], modelled reward of every arm, not fitted on its own row
    clusters: Ints | None = None  #: [n], equal for rows that are not independent; None: all are
    logging: Floats | None = None  #: [n, k], the logger's probabilities, where they were kept
    observed_probability: Floats | None = None  #: [n], that a reward arrives, where it is known
    groups: Ints | None = None  #: [k], arms that a marginalised weight takes as one
    bounds: tuple[float, float] = (0.0, 1.0)  #: what a reward can be at least and at most

    def __post_init__(self) -> None:
        n = len(np.asarray(self.rewards))
        target = floats("target", self.target, (n, None))
        self._keep("rewards", floats("rewards", self.rewards, (n,)))
        self._keep("target", target)
        self._keep("actions", _labels("actions", self.actions, n))
        self._keep("propensities", floats("propensities", self.propensities, (n,)))
        for name in ("q_hat", "logging"):
            if (value := getattr(self, name)) is not None:
                self._keep(name, floats(name, value, target.shape))
        if self.clusters is not None:
            self._keep("clusters", _labels("clusters", self.clusters, n))
        if self.groups is not None:
            self._keep("groups", _labels("groups", self.groups, self.k))
        if self.observed_probability is not None:
            chance = floats("observed_probability", self.observed_probability, (n,))
            self._keep("observed_probability", chance)
        self._check()

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check(self) -> None:
        if not len(self):
            raise ValueError("rewards is empty: nothing was logged")
        for name in ("propensities", "observed_probability"):
            values = getattr(self, name)
            if values is not None and not ((values > 0) & (values <= 1)).all():
                row = int(np.argmax(~((values > 0) & (values <= 1))))
                raise ValueError(f"{name}[{row}] is {values[row]}; it must be in (0, 1]")
        for name in ("target", "logging"):
            if (rows := getattr(self, name)) is not None:
                _check_distributions(name, rows)
        if self.q_hat is not None:
            check_finite("q_hat", self.q_hat)
        if self.actions.min() < 0 or self.actions.max() >= self.k:
            raise ValueError(f"actions leave [0, {self.k}), the columns of target")
        self._check_rewards()

    def _check_rewards(self) -> None:
        low, high = self.bounds
        if not (np.isfinite([low, high]).all() and low < high):
            raise ValueError(f"bounds are {self.bounds}; give finite numbers, the lower one first")
        outside = (self.rewards < low) | (self.rewards > high)  # a NaN compares as False
        if outside.any():
            row = int(np.argmax(outside))
            raise ValueError(
                f"rewards[{row}] is {self.rewards[row]}, outside the declared bounds {self.bounds}"
            )

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def k(self) -> int:
        """Number of arms."""
        return int(self.target.shape[1])

    @property
    def members(self) -> Ints:
        """[n]: the clusters numbered from 0; every row its own where none were given."""
        if self.clusters is None:
            return np.arange(len(self), dtype=np.int64)
        return np.unique(self.clusters, return_inverse=True)[1].astype(np.int64)

    @property
    def observed(self) -> Bools:
        """[n]: a reward arrived."""
        return ~np.isnan(self.rewards)

    @property
    def reward(self) -> Floats:
        """[n]: the reward, 0 where none arrived (its weight is 0 there)."""
        return np.nan_to_num(self.rewards)

    @property
    def chosen_target(self) -> Floats:
        """[n]: the target's probability of the arm that was chosen."""
        return self.at_action(self.target)

    @property
    def density_ratio(self) -> Floats:
        """[n]: π(a|x) / μ(a|x), whether or not a reward arrived."""
        return self.chosen_target / self.propensities

    @property
    def inverse_observed(self) -> Floats:
        """[n]: 1 / probability that the reward arrives where it did, 0 where it did not.

        Raises ValueError where rewards are missing and nobody said how likely that was.
        """
        seen = self.observed
        if self.observed_probability is not None:
            return np.where(seen, 1.0 / self.observed_probability, 0.0)
        if not seen.all():
            raise ValueError(
                f"{int((~seen).sum())} of {len(self)} rewards are missing; give "
                "observed_probability, or evaluate `complete()`, which leaves these rows out"
            )
        return np.ones(len(self))

    @property
    def weights(self) -> Floats:
        """[n]: importance weights of the rewards; 0 where none arrived."""
        return self.density_ratio * self.inverse_observed

    @property
    def model(self) -> Floats:
        """[n, k]: q̂; ValueError where there is none."""
        if self.q_hat is None:
            raise ValueError("q_hat is absent, and this estimator needs a reward model")
        return self.q_hat

    def at_action(self, table: Floats) -> Floats:
        """[n]: the column of the arm that was chosen."""
        return np.asarray(table[np.arange(len(self)), self.actions], dtype=np.float64)

    def rows(self, chosen: Bools | Ints) -> Logged:
        """These rows alone."""
        given = {name: getattr(self, name) for name in _BY_ROW}
        kept: dict[str, Any] = {n: v[chosen] for n, v in given.items() if v is not None}
        return replace(self, **kept)

    def complete(self) -> Logged:
        """The rows to estimate from: all where missingness is modelled, else those with a reward.

        The latter is unbiased where rewards are missing at random given the chosen arm's weight.
        """
        if self.observed_probability is not None or self.observed.all():
            return self
        if not self.observed.any():
            raise ValueError("no reward arrived at all: there is nothing to estimate from")
        return self.rows(self.observed)


def _labels(name: str, values: object, length: int) -> Ints:
    array = np.asarray(values)
    if array.shape != (length,) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be {length} whole numbers, not {array.dtype} {array.shape}")
    return array.astype(np.int64)


def _check_distributions(name: str, rows: Floats) -> None:
    bad = ~((rows >= 0).all(axis=1) & (np.abs(rows.sum(axis=1) - 1.0) <= SUM_TOLERANCE))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"{name}[{row}] is no distribution: {rows[row].tolist()}")
