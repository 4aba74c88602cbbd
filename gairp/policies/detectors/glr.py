"""The Bernoulli generalised likelihood ratio test (Besson, Kaufmann, Maillard, Seznec 2022)."""

from __future__ import annotations

import numpy as np

from gairp.policies.detectors.windowed import WindowedDetector
from gairp.types import Floats


class Glr(WindowedDetector):
    """sup_s s kl(m_1:s, m_1:n) + (n - s) kl(m_s+1:n, m_1:n) > log(3 n √n / delta).

    Holds for any values in [0, 1], Bernoulli or not. delta: chance of an alarm while nothing
    changes; memory: values looked back at; every: values between two looks; least: values on
    either side of a change.
    """

    def __init__(
        self, *, delta: float = 0.01, memory: int = 1000, every: int = 5, least: int = 5
    ) -> None:
        super().__init__(delta=delta, memory=memory, every=every, least=least)

    def _cut(self, values: Floats) -> int | None:
        n = len(values)
        older, before, after = self._halves(values)
        mean = values.mean()
        statistic = older * _kl(before, mean) + (n - older) * _kl(after, mean)
        at = int(statistic.argmax())
        if statistic[at] <= np.log(3.0 * n * np.sqrt(n) / self.delta):
            return None
        return int(older[at])


def _kl(p: Floats, q: float) -> Floats:
    """Of two Bernoulli laws, elementwise."""
    p, q = np.clip(p, 1e-12, 1 - 1e-12), min(max(float(q), 1e-12), 1 - 1e-12)
    return np.asarray(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))
