"""ADWIN, adaptive windowing (Bifet and Gavaldà 2007)."""

from __future__ import annotations

import numpy as np

from gairp.policies.detectors.windowed import WindowedDetector
from gairp.types import Floats


class Adwin(WindowedDetector):
    """The means of two parts of the window differ by more than the bound of section 3.3.

    ε = √(2/m σ² ln(2/δ')) + 2/(3m) ln(2/δ'), with m the harmonic mean of the parts' sizes and
    δ' = δ / n. All cuts of a bounded window are looked at, where the paper keeps buckets. delta:
    chance of an alarm while nothing changes; memory: values looked back at; every: values between
    two looks; least: values on either side of a change.
    """

    def __init__(
        self, *, delta: float = 0.002, memory: int = 1000, every: int = 5, least: int = 5
    ) -> None:
        super().__init__(delta=delta, memory=memory, every=every, least=least)

    def _cut(self, values: Floats) -> int | None:
        n = len(values)
        older, before, after = self._halves(values)
        m = 1.0 / (1.0 / older + 1.0 / (n - older))
        log = np.log(2.0 * n / self.delta)
        bound = np.sqrt(2.0 / m * values.var() * log) + 2.0 / (3.0 * m) * log
        over = np.abs(before - after) - bound
        at = int(over.argmax())
        return int(older[at]) if over[at] > 0 else None
