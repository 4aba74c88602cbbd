"""A bandit problem whose truth is known, and logs of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.ope.logged import Logged

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bandit:
    """Contexts of a few kinds, k arms, Bernoulli rewards."""

    means: Floats  #: [kinds, k]
    logging: Floats  #: [kinds, k]
    target: Floats  #: [kinds, k]

    @property
    def truth(self) -> float:
        """The target's value; kinds are equally likely."""
        return float((self.means * self.target).sum(axis=1).mean())

    def log(self, rng: np.random.Generator, n: int, **more: Any) -> Logged:
        """n independent rows, modelled by means that are a little wrong."""
        kinds = rng.integers(len(self.means), size=n)
        logging = self.logging[kinds]
        actions = (rng.random(n)[:, None] > logging.cumsum(axis=1)).sum(axis=1)
        rows = np.arange(n)
        fields: dict[str, Any] = {
            "rewards": (rng.random(n) < self.means[kinds, actions]).astype(float),
            "actions": actions,
            "propensities": logging[rows, actions],
            "target": self.target[kinds],
            "q_hat": 0.1 + 0.7 * self.means[kinds],
            "logging": logging,
        }
        return Logged(**{**fields, **more})


def bandit(k: int = 3, kinds: int = 4, seed: int = 7) -> Bandit:
    """Weights up to about 6."""
    rng = np.random.default_rng(seed)
    logging = 0.6 * rng.dirichlet(np.ones(k), kinds) + 0.4 / k
    return Bandit(
        means=rng.uniform(0.2, 0.9, (kinds, k)),
        logging=logging,
        target=0.9 * rng.dirichlet(np.ones(k), kinds) + 0.1 / k,
    )
