"""What a report is made of: the pool's outcomes and the runs' choices, as plain tables.

A study is written to and read from two kinds of table and one JSON document, so that a report can
be remade from what the tracking store holds and from nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pool:
    """What every arm did with every reported prompt, and what was known of it beforehand.

    A quantity that the source lacks is None; a pair that was not recorded is NaN.
    """

    arms: tuple[str, ...]  #: k
    prompt_ids: tuple[str, ...]  #: n
    categories: tuple[str, ...]  #: n
    groups: NDArray[np.int64]  #: [n], equal for near-duplicate prompts
    quality: Floats  #: [n, k], in [0, 1]
    cost_usd: Floats | None  #: [n, k], USD; 0 or 1 where cost is the share of strong calls
    latency_s: Floats | None  #: [n, k]
    train_quality: Floats  #: [k], mean on the train prompts
    train_cost_usd: Floats | None  #: [k], mean on the train prompts
    train_latency_s: Floats | None  #: [k]
    #: [k], mean on the train prompts; None: the utility of the means, exact where it is linear
    train_utility: Floats | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One policy on one seed, over the reported prompts in the order served."""

    policy: str
    seed: int
    rows: NDArray[np.int64]  #: [m], row of the pool
    arms: NDArray[np.int64]  #: [m], column of the pool; -1 where the request was refused
    propensity: Floats  #: [m]
    quality: Floats  #: [m], NaN where refused
    cost_usd: Floats  #: [m], all attempts; NaN where unknown
    latency_s: Floats  #: [m], arrival to last byte; NaN where unknown
    cost_weight: float | None = None  #: set for the runs of a λ sweep, None for the study's own
    #: [m, k], the quality that a learned router expected of every arm; NaN for one it did not know
    predicted: Singles | None = None
    uncalibrated: Singles | None = None  #: [m, k], the same before calibration, where it has one


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What the gains become when one declared assumption is changed."""

    label: str  #: what was changed, e.g. "output length x0.5"
    #: policy -> (gain, low, high) over the best fixed mix at equal cost, in quality; 95% interval
    gains: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that a report needs."""

    name: str
    pool: Pool
    runs: tuple[Run, ...]
    sweep: tuple[Run, ...]  #: the same policies at other cost weights, for AIQ and the plane
    utility: Mapping[str, Any]  #: keyword arguments of `gairp.rewards.Utility`
    primary: str  #: the one policy that the verdict is about
    comparators: tuple[str, ...] = ()  #: policies that are reference points, not candidates
    cost_unit: str = "USD per 1,000 requests"  #: or "share of strong calls"
    dropped: int = 0  #: prompts left out because the pool was not complete for them
    notes: tuple[str, ...] = ()  #: declared assumptions
    facts: Mapping[str, str] = field(default_factory=dict)  #: hashes, dates, versions, commit
    sensitivity: tuple[Sensitivity, ...] = ()  #: one for each changed assumption
