"""The rows of one split as arrays, and what a router makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gairp.metrics.aiq import aiq
from gairp.metrics.hull import frontier_quality
from gairp.metrics.weight_sweep import weight_sweep
from gairp.policies.learned.router import LearnedRouter
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats

#: Cost weights of a sweep, in units of quality over the range of mean costs.
WEIGHTS = np.concatenate([[0.0], np.geomspace(1e-3, 30.0, 60)])


class Swept(NamedTuple):
    """Mean cost and quality at each of `WEIGHTS`."""

    cost_usd: Floats
    quality: Floats


@dataclass(frozen=True, slots=True)
class Part:
    """Prompts that a router is measured on."""

    features: Floats  #: [n, d]
    quality: Floats  #: [n, k]
    cost_usd: Floats  #: [n, k]
    expected: Floats  #: [k], mean costs of the train rows
    arms: tuple[str, ...]

    @classmethod
    def of(cls, prepared: Prepared, rows: NDArray[np.int64]) -> Part:
        """These rows of the pool."""
        table = prepared.outcomes
        assert table.cost_usd is not None
        return cls(
            table.features[rows], table.quality[rows], table.cost_usd[rows],
            prepared.expected_cost("train"), table.arms,
        )  # fmt: skip

    @property
    def span(self) -> float:
        """From the cheapest to the dearest arm, USD."""
        return float(self.expected.max() - self.expected.min())

    def predicted(self, router: LearnedRouter) -> Floats:
        """[n, k], -inf for an arm that the router does not take."""
        wide = np.full(self.quality.shape, -np.inf)
        wide[:, [self.arms.index(arm) for arm in router.arms]] = router.estimates(self.features)
        return wide

    def swept(self, predicted: Floats) -> Swept:
        """The router at all weights."""
        found = weight_sweep(
            predicted, self.expected, self.quality, self.cost_usd, WEIGHTS / self.span
        )
        return Swept(*found)

    def aiq(self, swept: Swept) -> float:
        """Average quality over the range of the arms' costs."""
        means = self.cost_usd.mean(axis=0)
        return float(aiq(*swept, c_min=means.min(), c_max=means.max()))

    def best_weight(self, swept: Swept) -> int:
        """Where the gain over the best fixed mix at equal cost is largest; the first of equals."""
        mix = frontier_quality(self.cost_usd.mean(axis=0), self.quality.mean(axis=0), swept[0])
        return int((swept.quality - mix).argmax())

    def taken(self, predicted: Floats, weight: int) -> tuple[Floats, Floats]:
        """Quality and cost of the arm taken for each prompt at this weight, [n] both."""
        net = predicted - WEIGHTS[weight] / self.span * self.expected
        order = np.argsort(self.expected, kind="stable")  # of equals the cheaper
        arm = order[net[:, order].argmax(axis=1)]
        rows = np.arange(len(arm))
        return self.quality[rows, arm], self.cost_usd[rows, arm]
