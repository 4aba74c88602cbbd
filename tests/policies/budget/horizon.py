"""Horizons of requests whose costs are the test's to choose, in whatever order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gairp.backends.recorded import RecordedPrompt
from gairp.policies.base import BasePolicy
from gairp.replay.engine import Replay
from gairp.replay.purse import HorizonPurse
from gairp.replay.runlog import RunLog

ARMS = ("small", "large", "huge")
Floats = NDArray[np.float64]


def prompts(cost: Floats, quality: Floats, features: Floats) -> Iterator[RecordedPrompt]:
    """Requests in the order of the rows; cost, quality [n, k], features [n, d]."""
    for i in range(len(cost)):
        yield RecordedPrompt(
            row=i,
            request_id=f"r{i}",
            features=features[i],
            quality=quality[i],
            cost_usd=cost[i],
        )


def replayed(
    policy: BasePolicy,
    cost: Floats,
    quality: Floats,
    *,
    total_usd: float,
    expected: Sequence[float],
    bound: Sequence[float],
    features: Floats | None = None,
    cap_usd: float = np.inf,
    seed: int = 0,
) -> tuple[dict[str, np.ndarray], HorizonPurse]:
    """What was done with each request, and the purse at the end."""
    purse = HorizonPurse(total_usd=total_usd, requests=len(cost), cap_usd=cap_usd)
    engine = Replay(
        policy=policy,
        arms=ARMS,
        expected_cost=np.asarray(expected, dtype=np.float64),
        max_cost=np.asarray(bound, dtype=np.float64),
        seed=seed,
        purse=purse,
    )
    log = RunLog(ARMS)
    x = np.ones((len(cost), 1)) if features is None else features
    engine.run(prompts(cost, quality, x), log)
    return log.columns(), purse
