"""Always the same arm."""

from __future__ import annotations

import numpy as np

from gairp.errors import PolicyError
from gairp.policies.base import BasePolicy, Draw, Floats, one_hot
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context


class Fixed(BasePolicy):
    """The named arm with probability 1; raises PolicyError where it is no candidate."""

    def __init__(
        self, *, arm: str, utility: Utility | None = None, name: str | None = None
    ) -> None:
        super().__init__(utility=utility, name=name)
        self.arm = arm

    def _draw(self, context: Context, rng: DecisionRng) -> Draw:
        try:
            index = context.candidates.index(self.arm)
        except ValueError:
            raise PolicyError(
                f"request {context.request_id}: policy {self.name!r} always takes {self.arm!r}, "
                f"which is no candidate; there are: {', '.join(context.candidates)}"
            ) from None
        return index, one_hot(len(context.candidates), index), None

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        return np.asarray(self._draw(context, rng)[1]), None
