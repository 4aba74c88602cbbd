"""The arm that is expected to cost least."""

from __future__ import annotations

import numpy as np

from gairp.errors import PriceError
from gairp.policies.base import Floats, GreedyPolicy
from gairp.rng import DecisionRng
from gairp.types import Context


class Cheapest(GreedyPolicy):
    """Lowest expected cost, then name; an arm of unknown cost is never taken.

    Raises PriceError where no candidate has an expected cost.
    """

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        unknown = np.isnan(context.expected_cost)
        if unknown.all():
            raise PriceError(
                f"request {context.request_id}: none of {', '.join(context.candidates)} has an "
                "expected cost; add their prices to the catalogue"
            )
        scores: Floats = np.where(unknown, -np.inf, -context.expected_cost)
        return scores
