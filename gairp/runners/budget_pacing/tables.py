"""Quality, spend and gain over the best fixed mix, a row a method and budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.holm import holm
from gairp.metrics.interval import Estimate, p_value, standard_error
from gairp.metrics.mix import ZeroRouter
from gairp.runners.budget_pacing.method import Spent
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


class Tables:
    """Measures runs over the test prompts; the same bootstrap draws serve every row."""

    def __init__(
        self, prepared: Prepared, budgets: Floats, published: Floats, *, draws: int, seed: int
    ) -> None:
        rows, table = prepared.rows("test"), prepared.outcomes
        assert table.cost_usd is not None
        self.budgets, self.published = budgets, published
        self.groups = prepared.groups[rows]
        self.arms = np.hstack([table.cost_usd[rows], table.quality[rows]])
        seen = prepared.rows("validation")
        self.mix = ZeroRouter.fit(
            table.cost_usd[seen].mean(axis=0), table.quality[seen].mean(axis=0)
        )
        self.draws, self.seed = draws, seed

    def measured(self, method: str, runs: Sequence[Spent]) -> pd.DataFrame:
        """A row a budget; a run a seed. p-values are Holm-corrected over the budgets."""
        boot = TwoWayBootstrap(
            self.groups, n_seeds=len(runs), rng=np.random.default_rng(self.seed), draws=self.draws
        )
        frame = pd.DataFrame(
            self._row(
                method, i, np.array([[run.quality[i], run.cost_usd[i]] for run in runs]), boot
            )
            for i in range(len(self.budgets))
        )
        frame["p_value"] = holm(frame["p_value"].to_numpy())
        return frame

    def _row(self, method: str, i: int, values: Floats, boot: TwoWayBootstrap) -> dict[str, Any]:
        """values: [seeds, 2, n], quality and cost."""
        budget, published = float(self.budgets[i]), float(self.published[i])
        means = boot.means(values.transpose(1, 0, 2), self.arms)
        gain = self._gains(means.point, means.column_point)
        gains = Estimate.from_draws(float(gain), self._gains(means.draws, means.column_draws))
        use = values[:, 1].mean(axis=1) / budget
        return {
            "method": method,
            "budget_usd": budget,
            "quality": means.point[0],
            "quality_se": standard_error(values[:, 0].mean(axis=1)),
            "spend_usd": means.point[1],
            "used": use.mean(),
            "used_most": use.max(),
            "overshoot": max(0.0, float(use.mean()) - 1.0),
            "mix": means.point[0] - gains.point,
            "gain": gains.point,
            "gain_low": gains.low,
            "gain_high": gains.high,
            "p_value": p_value(gains.draws),
            "published": published,
            "over_published": means.point[0] - published,
        }

    def _gains(self, means: Floats, arms: Floats) -> Floats:
        """Quality less that of the best fixed mix at the same spend; [..., 2], [..., 2k]."""
        k = arms.shape[-1] // 2
        mix = self.mix.quality(arms[..., :k], arms[..., k:], means[..., 1])
        return np.asarray(means[..., 0] - mix)


def ordered(name: str, budgets: Floats, runs: Sequence[Spent]) -> pd.DataFrame:
    """What another order of arrival does: a row a budget, means over the seeds."""
    used = np.array([run.cost_usd.mean(axis=1) for run in runs]) / budgets  # [seeds, budgets]
    return pd.DataFrame(
        {
            "order": name,
            "budget_usd": budgets,
            "quality": np.array([run.quality.mean(axis=1) for run in runs]).mean(axis=0),
            "used": used.mean(axis=0),
            "used_most": used.max(axis=0),
        }
    )
