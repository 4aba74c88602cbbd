"""How good a trained policy is on prompts that it was not fitted on."""

from __future__ import annotations

import numpy as np

from gairp.metrics.calibration import brier_score, expected_calibration_error
from gairp.policies.base import BasePolicy
from gairp.policies.learned.router import LearnedRouter
from gairp.policies.wrapper import bare
from gairp.rewards import Utility
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


def measured(
    policy: BasePolicy, prepared: Prepared, part: str, utility: Utility
) -> dict[str, float]:
    """Metrics on one part by name; empty for a policy that predicts nothing.

    `brier_before` and `ece_before` are of the bare predictions, `brier_after` and `ece_after` of
    the calibrated ones, over all observed cells; both pairs are equal without a calibration. A
    router that predicts utility has none: utilities are no probabilities.
    """
    policy = bare(policy)
    if not isinstance(policy, LearnedRouter):
        return {}
    table, rows = prepared.outcomes, prepared.rows(part)
    columns = [prepared.arms.index(arm) for arm in policy.arms]
    x, score = table.features[rows], table.quality[rows][:, columns]
    predicted = policy.estimates(x)
    metrics: dict[str, float] = {"prompts": float(len(rows))}
    if policy.predict == "quality":
        raw = policy.estimates(x, calibrated=False)
        for when, values in (("before", raw), ("after", predicted)):
            metrics[f"brier_{when}"] = float(brier_score(values.ravel(), score.ravel()))
            ece = expected_calibration_error(values.ravel(), score.ravel())
            metrics[f"ece_{when}"] = float(ece)
        predicted = _utilities(predicted, prepared, columns, utility)
    taken = predicted.argmax(axis=1)[:, None]
    metrics["quality"] = float(np.nanmean(np.take_along_axis(score, taken, axis=1)))
    if table.cost_usd is not None:
        paid = np.take_along_axis(table.cost_usd[rows][:, columns], taken, axis=1)
        metrics["cost_usd_per_1k"] = 1000.0 * float(np.nanmean(paid))
    return metrics


def _utilities(quality: Floats, prepared: Prepared, columns: list[int], utility: Utility) -> Floats:
    nothing = np.float64(np.nan)
    table = prepared.outcomes
    cost = prepared.expected_cost("train")[columns] if table.cost_usd is not None else nothing
    latency = nothing
    if table.latency_s is not None:
        latency = np.nanmean(table.latency_s[prepared.rows("train")][:, columns], axis=0)
    return np.asarray(utility.of_arrays(quality, cost, latency))
