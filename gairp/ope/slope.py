"""Choosing the clipping by the data, without knowing the bias."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gairp.ope.arrays import Floats, Ints
from gairp.ope.clipped import ClippedIPS
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged
from gairp.ope.shrinkage import ShrinkageDR
from gairp.ope.switch import SwitchDR

#: Ceilings from the least bias to the least variance; a weight is 1 on average.
CEILINGS = (float("inf"), 100.0, 50.0, 20.0, 10.0, 5.0, 3.0, 2.0, 1.0)


class Slope(Estimator):
    """The last of a family of estimators that agrees with all less biased ones.

    After Su, Srinath & Krishnamurthy (2020), "Adaptive estimator selection for off-policy
    evaluation" (SLOPE): the family goes from high variance to high bias; walk along it while the
    intervals estimate ± width · standard error all overlap, and take the last. Where they use a
    deviation bound we use the standard error of the rows, and each bootstrap draw chooses anew.
    """

    consistent = False

    def __init__(self, family: Sequence[Estimator], *, name: str, width: float = 2.0) -> None:
        """Estimators of one column each, from the least to the most biased."""
        if not family or not width > 0:
            raise ValueError("a family needs one estimator or more, and a width above 0")
        self.family, self.name, self.width = tuple(family), name, width

    def columns(self, log: Logged) -> Floats:
        """[n, 2m]: every member's column, then the squares."""
        columns = np.concatenate([one.columns(log) for one in self.family], axis=1)
        return np.concatenate([columns, columns**2], axis=1)

    def value(self, means: Floats, n: int) -> Floats:
        """The estimate of the member that is chosen."""
        chosen = self.choice(means, n)
        return np.take_along_axis(means, chosen[..., None], axis=-1)[..., 0]

    def choice(self, means: Floats, n: int) -> Ints:
        """[...]: the member's position in the family."""
        estimates, squares = np.split(means, 2, axis=-1)
        error = np.sqrt(np.maximum(squares - estimates**2, 0.0) / n)
        low = np.maximum.accumulate(estimates - self.width * error, axis=-1)
        high = np.minimum.accumulate(estimates + self.width * error, axis=-1)
        agree = np.logical_and.accumulate(low <= high, axis=-1)
        return np.asarray(agree.sum(axis=-1) - 1, dtype=np.int64)

    def fits(self, log: Logged) -> bool:
        """Whether all members do."""
        return all(one.fits(log) for one in self.family)


def clipped_slope() -> Slope:
    """IPS with the ceiling chosen."""
    return _slope("clipped_ips(slope)", lambda ceiling: ClippedIPS(ceiling=ceiling))


def switch_slope() -> Slope:
    """SWITCH-DR with tau chosen."""
    return _slope("switch_dr(slope)", lambda tau: SwitchDR(tau=tau))


def shrinkage_slope() -> Slope:
    """Shrinkage DR with λ chosen."""
    return _slope("shrinkage_dr(slope)", lambda lam: ShrinkageDR(lam=lam**2))


def _slope(name: str, member: Callable[[float], Estimator]) -> Slope:
    return Slope([member(ceiling) for ceiling in CEILINGS], name=name)
