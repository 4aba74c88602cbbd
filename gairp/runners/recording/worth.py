"""Is a recorded table worth routing? The gap between fixed arms and the per-prompt oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gairp.metrics.arrays import Floats
from gairp.metrics.hull import frontier_quality
from gairp.metrics.selection import best_fixed, oracle_choice, take

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Means over prompts; costs in USD a request, at `cost_weight` utility per USD per 1,000."""

    cost_weight: float
    prompts: int
    oracle_quality: float
    oracle_cost_usd: float
    mix_quality: float  #: of the best fixed mix that costs what the oracle costs
    best_arm: str  #: the fixed arm with the highest mean utility
    utility_gap: float  #: from that arm to the oracle
    best_by_family: dict[str, str]  #: the arm with the highest mean utility in each family

    @property
    def quality_gap(self) -> float:
        """From the best fixed mix to the oracle, at equal cost."""
        return self.oracle_quality - self.mix_quality

    @property
    def largest_share(self) -> float:
        """The largest share of families that have one and the same best arm."""
        arms = list(self.best_by_family.values())
        return max(map(arms.count, arms)) / len(arms)


def worth(table: pd.DataFrame, *, cost_weight: float) -> Worth:
    """Compare arms on a long table that has every (prompt, arm) pair.

    Reads the columns prompt_id, category, model, score and cost_usd.
    """
    score, cost = (
        table.pivot(index=["category", "prompt_id"], columns="model", values=name)
        for name in ("score", "cost_usd")
    )
    quality = score.to_numpy(dtype=np.float64)
    price = cost.to_numpy(dtype=np.float64)
    utility: Floats = quality - cost_weight * 1000 * price
    choice = oracle_choice(utility, price)
    oracle_cost = float(take(price, choice).mean())
    fixed = best_fixed(utility, price)
    families = score.index.get_level_values("category")
    arms = [str(arm) for arm in score.columns]
    best = {
        str(family): arms[best_fixed(utility[families == family], price[families == family])]
        for family in sorted(set(families))
    }
    return Worth(
        cost_weight=cost_weight,
        prompts=len(score),
        oracle_quality=float(take(quality, choice).mean()),
        oracle_cost_usd=oracle_cost,
        mix_quality=float(frontier_quality(price.mean(axis=0), quality.mean(axis=0), oracle_cost)),
        best_arm=arms[fixed],
        utility_gap=float(take(utility, choice).mean() - utility[:, fixed].mean()),
        best_by_family=best,
    )
