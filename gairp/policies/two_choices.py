"""The power of two choices (Mitzenmacher 2001)."""

from __future__ import annotations

import numpy as np

from gairp.policies.base import BasePolicy, Floats
from gairp.policies.load import outstanding
from gairp.rng import DecisionRng
from gairp.types import Context


class TwoChoices(BasePolicy):
    """Two arms at random, and of these the one with fewer calls in flight and queued.

    Of k arms the one with j busier ones is so chosen with probability j / (k choose 2); arms that
    are equally busy share theirs.
    """

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        busy = outstanding(context)
        k = len(busy)
        if k == 1:
            return np.ones(1), -busy
        busier = (busy[None, :] > busy[:, None]).sum(axis=1)
        equal = (busy[None, :] == busy[:, None]).sum(axis=1) - 1
        p = (busier + equal / 2.0) / (k * (k - 1) / 2.0)
        return np.asarray(p, dtype=np.float64), -busy
