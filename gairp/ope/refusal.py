"""When an estimate is not worth printing."""

from __future__ import annotations

from dataclasses import dataclass

from gairp.ope.diagnosis import Diagnosis


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """What a log must offer at least."""

    min_ess: float = 100.0  #: effective sample size
    min_ess_share: float = 0.01  #: the same, as a share of the rows; the larger of the two counts
    max_weight_share: float = 0.1  #: of one weight in the sum of all
    max_unsupported: float = 0.01  #: target probability of arms the logger cannot try
    max_miscalibration: float = 4.0  #: standard errors of the mean weight from 1

    def reasons(self, found: Diagnosis) -> tuple[str, ...]:
        """Everything for which a number is refused; none if it may be printed."""
        least = max(self.min_ess, self.min_ess_share * found.rows)
        told = []
        if not found.ess >= least:
            told.append(
                f"the effective sample size is {found.ess:.1f} of {found.rows} rows, below "
                f"{least:.0f}: the two policies agree on too few requests"
            )
        if not found.max_weight_share <= self.max_weight_share:
            told.append(
                f"one row carries {found.max_weight_share:.1%} of all weight, more than "
                f"{self.max_weight_share:.1%}: the number would be that row's reward"
            )
        if found.unsupported > self.max_unsupported:
            arms = ", ".join(map(str, found.never_tried)) or "in some contexts"
            told.append(
                f"the target gives {found.unsupported:.1%} of its probability to arms that the "
                f"logger never tried ({arms}): nobody knows what they earn"
            )
        if abs(found.mean_weight - 1.0) > self.max_miscalibration * found.mean_weight_error:
            told.append(
                f"the mean weight is {found.mean_weight:.4f} ± {found.mean_weight_error:.4f} "
                "(standard error) and should be 1: the logged propensities are not those that the "
                "arms were drawn with, or the target's probabilities are of other requests"
            )
        return tuple(told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """No number, and why."""

    reasons: tuple[str, ...]
    diagnosis: Diagnosis

    def __str__(self) -> str:
        return "refused: " + "; ".join(self.reasons)
