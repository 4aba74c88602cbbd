"""The way to a number: diagnose, refuse or estimate, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from gairp.ope.arrays import Floats
from gairp.ope.bernstein import empirical_bernstein
from gairp.ope.bootstrap import bootstrap, percentiles
from gairp.ope.catalogue import all_estimators
from gairp.ope.contrast import check_weights
from gairp.ope.diagnosis import Diagnosis, diagnose
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged
from gairp.ope.refusal import Floor, Refusal
from gairp.ope.sequence import ips_sequence

Ends = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimated:
    """One estimator's figure with the interval of its bootstrap draws."""

    name: str
    value: float
    low: float
    high: float
    consistent: bool  #: False: the interval holds what is estimated, which is not quite the value
    draws: Floats = field(repr=False, compare=False)  #: [B]


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """What a log says about a target policy."""

    diagnosis: Diagnosis
    estimates: tuple[Estimated, ...]
    logged_value: float  #: mean reward of the policy that wrote the log
    bernstein: Ends | None  #: of IPS, valid at every n; needs a declared bound on the weights
    sequence: Ends | None  #: of IPS, valid at all times at once; needs rows that were one by one

    def __getitem__(self, name: str) -> Estimated:
        """The figure of one estimator; KeyError where it was not asked for or did not fit."""
        for one in self.estimates:
            if one.name == name:
                return one
        raise KeyError(name)


def evaluate(
    log: Logged,
    *,
    rng: np.random.Generator,
    estimators: Sequence[Estimator] | None = None,
    floor: Floor | None = None,
    draws: int = 1000,
    alpha: float = 0.05,
    max_weight: float | None = None,
    versions: ArrayLike | None = None,
) -> Evaluation | Refusal:
    """Estimates of the target's value, or the reasons why there are none.

    `estimators` default to all that the log has the means for. `max_weight` declares what
    π(a|x) / μ(a|x) can be at most, over all requests that may come (1 over the logger's floor,
    say): the interval of Maurer & Pontil needs it. Raises ValueError where no
    estimator fits, or a ratio is above `max_weight`.
    """
    found = diagnose(log, versions=versions)
    if reasons := (floor or Floor()).reasons(found):
        return Refusal(reasons=reasons, diagnosis=found)
    rows = log.complete()
    chosen = [one for one in estimators or all_estimators() if one.fits(rows)]
    if not chosen:
        raise ValueError("no estimator fits: those that were asked for need a model or groups")
    drawn = bootstrap(rows, chosen, rng=rng, draws=draws)
    ends = percentiles(drawn, alpha=alpha)
    alone = int(rows.members.max()) + 1 == len(rows)
    return Evaluation(
        diagnosis=found,
        estimates=tuple(
            Estimated(
                name=one.name,
                value=one.point(rows),
                low=float(low),
                high=float(high),
                consistent=one.consistent,
                draws=drawn[:, i],
            )
            for i, (one, (low, high)) in enumerate(zip(chosen, ends, strict=True))
        ),
        logged_value=float(np.mean(log.rewards[log.observed])),
        bernstein=_bernstein(rows, max_weight, alpha) if alone else None,
        sequence=_sequence(rows, alpha) if alone else None,
    )


def _bernstein(log: Logged, max_weight: float | None, alpha: float) -> Ends | None:
    if max_weight is None:
        return None
    least, most = log.bounds
    check_weights(log.density_ratio, max_weight)
    if log.observed_probability is not None:
        max_weight = max_weight / float(log.observed_probability.min())
    values = log.weights * (log.reward - least)
    low, high = empirical_bernstein(values, low=0.0, high=max_weight * (most - least), alpha=alpha)
    return least + low, least + high


def _sequence(log: Logged, alpha: float) -> Ends:
    """At the end of the log; rewards are scaled to [0, 1] by their bounds."""
    least, most = log.bounds
    scaled = np.where(log.observed, (log.reward - least) / (most - least), 0.0)
    low, high = ips_sequence(log.weights, scaled, alpha=alpha)
    return least + (most - least) * float(low[-1]), least + (most - least) * float(high[-1])
