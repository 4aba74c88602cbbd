"""Several verdicts, one quality."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

Combine = Literal["majority", "mean"]


def combined(votes: Sequence[float], how: Combine = "majority") -> float:
    """One quality of those votes that could be read; NaN votes are left out, NaN without any.

    `majority` is the commonest, and the mean of the commonest where several are equally common
    (self-consistency: Wang et al. 2023); `mean` is the mean of all.
    """
    known = [vote for vote in votes if not math.isnan(vote)]
    if not known:
        return math.nan
    counts = Counter(known)
    most = max(counts.values())
    kept = known if how == "mean" else [vote for vote, n in counts.items() if n == most]
    return math.fsum(kept) / len(kept)
