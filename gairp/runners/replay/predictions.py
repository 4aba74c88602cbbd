"""What a fitted router expected of every arm, kept beside what it chose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gairp.policies.base import BasePolicy
from gairp.policies.learned.router import LearnedRouter
from gairp.policies.wrapper import PolicyWrapper
from gairp.report.study import Singles
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


def predictions(
    policy: BasePolicy, prepared: Prepared, rows: NDArray[np.int64]
) -> tuple[Singles | None, Singles | None]:
    """Qualities [m, k] for these rows of the pool, as used and, if calibrated, as they were before.

    None for a policy that predicts no quality, or whose predictions change from request to
    request.
    """
    while isinstance(policy, PolicyWrapper):
        policy = policy.policy
    if not isinstance(policy, LearnedRouter) or policy.predict != "quality" or policy.learns:
        return None, None
    features = prepared.outcomes.features[rows]
    columns = [prepared.arms.index(arm) for arm in policy.arms]
    k = len(prepared.arms)
    before = policy.uncalibrated(features)
    used = _spread(policy.estimates(features), columns, k)
    return used, None if before is None else _spread(before, columns, k)


def _spread(values: Floats, columns: list[int], k: int) -> Singles:
    """[m, k], NaN for the arms that the router does not know."""
    wide = np.full((len(values), k), np.nan, dtype=np.float32)
    wide[:, columns] = values
    return wide
