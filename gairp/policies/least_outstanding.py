"""The least busy arm, as load balancers choose."""

from __future__ import annotations

from gairp.policies.base import Floats, GreedyPolicy
from gairp.policies.load import outstanding
from gairp.rng import DecisionRng
from gairp.types import Context


class LeastOutstanding(GreedyPolicy):
    """The arm with the fewest calls in flight and queued; ties go to the cheapest."""

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        return -outstanding(context)
