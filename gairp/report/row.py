"""One row of the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gairp.metrics.interval import Estimate
from gairp.report.study import Floats

Kind = Literal["comparator", "primary", "policy"]
NAN = float("nan")
UNKNOWN = Estimate(NAN, NAN, NAN, np.array([NAN]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One policy. NaN is a quantity that the source lacks or that was not computed: "—"."""

    policy: str
    kind: Kind
    what: str = ""  #: which arm or mix a reference point is
    seeds: int = 0  #: 0 for what needs no run
    quality: Estimate
    cost: Estimate  #: in the study's unit: USD per 1,000 requests, or the share of strong calls
    latency_s: tuple[float, float, float] = (NAN, NAN, NAN)  #: p50, p95, p99
    regret_best_fixed: float = NAN  #: Σ utility over the compared prompts, mean over seeds
    regret_oracle: float = NAN
    aiq: Estimate = UNKNOWN
    coverage: float
    shares: Floats  #: [k], of the compared requests
    gain: Estimate = UNKNOWN  #: quality over the study's comparator, see `Summary.against`
    p_value: float = NAN  #: two-sided; Holm-corrected unless the policy is the primary one
    saving: Estimate = UNKNOWN  #: 1 - cost / cost of the best fixed mix at equal quality
    feasible: bool = True  #: False where the policy costs less than any fixed mix
