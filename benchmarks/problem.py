"""A contextual bandit problem that every contestant is given alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """n requests with features of norm 1, and the quality that each of k arms would give."""

    arms: tuple[str, ...]  #: k
    request_ids: tuple[str, ...]  #: n
    features: Floats  #: [n, d]
    quality: Floats  #: [n, k], in (0, 1)
    cost_usd: Floats  #: [n, k]
    latency_s: Floats  #: [n, k]
    tokens: Floats  #: [n, k]
    expected_cost: Floats  #: [k], USD

    @classmethod
    def seeded(cls, *, n: int, d: int, k: int, seed: int = 0) -> Self:
        """Quality is logistic in the features, with a direction of its own for each arm."""
        rng = np.random.default_rng(seed)
        features = rng.normal(size=(n, d))
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        directions = rng.normal(size=(k, d))
        price = np.geomspace(1e-5, 1e-3, k)
        cost = price * rng.lognormal(sigma=0.3, size=(n, k))
        return cls(
            arms=tuple(f"arm-{column}" for column in range(k)),
            request_ids=tuple(f"request-{row}" for row in range(n)),
            features=features,
            quality=1.0 / (1.0 + np.exp(-features @ directions.T)),
            cost_usd=cost,
            latency_s=rng.exponential(size=(n, k)),
            tokens=rng.integers(1, 500, size=(n, k)).astype(np.float64),
            expected_cost=cost.mean(axis=0),
        )
